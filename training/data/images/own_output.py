"""What ganzoo wrote among the files of a data source, which is never read as data."""

import functools
import json
import os

from PIL import Image

from ....zoo.core.cache import MANIFEST
from ....zoo.core.own_files import is_own_png
from ....zoo.core.ownership import MARKER, read_marker
from .class_folders import show_name
from .row_store import NUM_LISTED

# Kinds of folders that may be data: only if the source names them.
READABLE = ("samples", "translations")
# The keys of the manifest of a cache folder, see `zoo/core/cache.py`.
CACHE_KEYS = {"version", "inputs", "files", "known"}
OWN_PICTURE = "a picture that ganzoo wrote"


def own_folder(kind):
    """Returns why a folder is not read."""
    return f"a folder that ganzoo wrote ({kind})"


def folder_kind(folder, names):
    """Returns what a folder that ganzoo wrote holds, such as "run" or "cache", or None for a folder of the user's.

    Args:
        folder: bytes, the path.
        names: names of its entries, bytes.
    """
    if os.fsencode(MARKER) in names:
        marker = read_marker(os.fsdecode(folder))
        if marker is not None:
            return str(marker["kind"])
    if os.fsencode(MANIFEST) in names:
        try:
            with open(os.path.join(folder, os.fsencode(MANIFEST)), "rb") as file:
                return "cache" if set(json.load(file)) == CACHE_KEYS else None
        except (OSError, ValueError, TypeError):
            return None
    return None


def own_pictures(root, paths):
    """Returns those files that ganzoo wrote, such as the grid of an earlier `ganzoo data`.

    The first bytes of each PNG file are read: this belongs just before the files are decoded, not into a listing.
    Pictures in a folder of samples or translations are data, and so are all if there are no others: then the user put
    them there on purpose.

    Args:
        root: bytes, the folder of the source.
        paths: list of bytes, paths relative to it.

    Returns:
        set of bytes.
    """
    pngs = [path for path in paths if path.lower().endswith(b".png")]
    own = {path for path in pngs if is_own_png(os.path.join(root, path))}
    if all(path in own for path in paths if _is_picture(path)):
        return set()
    return {path for path in own if not _is_readable(root, os.path.dirname(path))}


def drop_own_pictures(listing):
    """Removes the files of `own_pictures` from a `FileListing`. Returns notes about them, a list of str."""
    own = own_pictures(listing.root, [path for path, _, _ in listing.files])
    listing.files = [file for file in listing.files if file[0] not in own]
    return own_notes("file", sorted(own))


def own_notes(thing, paths):
    """Returns a note about files or folders that ganzoo wrote, or none: list of str.

    Args:
        thing: str, "file" or "folder".
        paths: list of bytes.
    """
    if not paths:
        return []
    named = ", ".join(show_name(path) for path in paths[:NUM_LISTED]) + (", ..." if len(paths) > NUM_LISTED else "")
    things = thing if len(paths) == 1 else f"{thing}s"
    return [f"{len(paths)} {things} that ganzoo wrote, not read as data: {named}"]


@functools.cache
def _picture_suffixes():
    return tuple(os.fsencode(suffix) for suffix in Image.registered_extensions())


def _is_picture(path):
    return path.lower().endswith(_picture_suffixes())


def _is_readable(root, folder):
    """Returns whether a folder of a source, or one of those between it and the root, holds samples or translations."""
    marker = read_marker(os.fsdecode(os.path.join(root, folder)))
    if marker is not None:
        return marker["kind"] in READABLE
    return bool(folder) and _is_readable(root, os.path.dirname(folder))
