"""The check that nothing is written into a data source: it would be read as data from then on."""

import os
from pathlib import Path

from ...zoo.core.user_paths import shell_path, user_path
from ...zoo.errors import UserError
from .data_error import DataError

# Kinds of sources whose argument is a file or a folder.
PATH_KINDS = ("captions", "folder", "idx", "lines", "paired", "unpaired")


def require_outside_data(path, *sources, option="--out", default=False):
    """Refuses a path inside the files and folders that data sources read, also if a link leads there.

    Args:
        path: str or path that is to be written; it need not exist.
        *sources: dicts like the recipe's `[data]`: `source`, a str, and the options of the source.
        option: str, the option for the message. Default "--out".
        default: bool, whether the path is the command's own choice because the option was not given. Default False.

    Raises:
        UserError: the path is inside one of the sources; the message suggests another.
    """
    target = Path(user_path(path))
    for content in sources:
        roots = paths_read(**content)
        inside = {identity for root in roots for identity in _identities(root)}
        if inside.isdisjoint(map(_identity, (target, *target.parents))):
            continue
        suggestion = shell_path(os.path.join(os.path.dirname(roots[0]), Path(path).name))
        received = f"none, and the default {str(path)!r} is" if default else f"{str(path)!r},"
        raise UserError(
            f"{option}: received {received} inside the data source {content['source']!r}, expected a path outside of "
            f"it, such as {suggestion}: what is written there would be read as data"
        )


def require_cache_outside(entry, root):
    """Refuses a cache inside the images that it is built from, unless its path has a hidden folder, which is not read.

    Args:
        entry: path of the cache folder.
        root: str, the folder of the images.

    Raises:
        DataError: the cache is inside.
    """
    parts = os.path.relpath(os.path.realpath(entry), os.path.realpath(root)).split(os.sep)
    if parts[0] != os.pardir and not any(part.startswith(".") for part in parts):
        raise DataError(
            f"data.cache_dir: received {entry.parent.parent}, which is inside {root}, expected a folder outside the "
            "images: the cache would be read as images"
        )


def paths_read(source, data_dir=None, **options):
    """Returns the existing files and folders that a data source reads.

    Args:
        source: str such as "folder:photos"; a source of any other type reads none.
        data_dir: str or None, as for `tfds:`.
        **options: other options of the source, ignored.

    Returns:
        list of str, absolute paths.
    """
    kind, _, argument = source.partition(":") if isinstance(source, str) else ("", "", "")
    paths = []
    if kind == "tfds":
        home = data_dir or os.environ.get("TFDS_DATA_DIR") or "~/tensorflow_datasets"
        paths = [os.path.join(home, argument.partition(":")[0])] if argument else []
    elif kind in PATH_KINDS and argument:
        paths = [argument]
    found = [user_path(path) for path in paths if os.path.exists(os.path.expanduser(path))]
    if kind == "unpaired" and not found:
        # Paths may contain commas: what is no source has no existing path either.
        parts = argument.split(",")
        nested = {",".join(parts[start:end]) for start in range(len(parts)) for end in range(start + 1, len(parts) + 1)}
        found = [path for part in sorted(nested) for path in paths_read(part, data_dir)]
    return found


def _identities(root):
    """Returns the identities of a path and of the folders that links below it lead to."""
    identities, pending = set(), [root]
    while pending:
        folder = pending.pop()
        identity = _identity(folder)
        if identity in identities:
            continue
        identities.add(identity)
        for parent, names, _ in os.walk(folder):
            paths = (os.path.join(parent, name) for name in names)
            pending += [path for path in paths if os.path.islink(path)]
    return identities


def _identity(path):
    """Returns what is equal for two spellings of one path, or None if it does not exist."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino
