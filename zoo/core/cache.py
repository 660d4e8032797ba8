"""Cache folders of prepared data: their paths, how they are validated, and how they are built.

Each folder holds a manifest, `cache.json`, with a hash of the inputs it was built from and the size of every other
file. A folder is used only if both match. Folders are built under a temporary name and then renamed, so an incomplete
folder never has its final name. Until then it is marked, because the folder of all caches may hold other files.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
import tempfile
import time
from pathlib import Path

from ..errors import UserError
from .ownership import MARKER, mark, read_marker
from .user_paths import user_path

MANIFEST = "cache.json"
# Raise this number whenever the same inputs would produce different files.
VERSION = 1
# A killed build leaves its temporary folder behind. A folder of this age is no longer being written to.
ABANDONED_SECONDS = 24 * 3600
# The kind of folder that its marker names: what is complete has another one, or none.
UNFINISHED = "unfinished"


class CacheError(UserError):
    """Prepared data cannot be written to the cache folder."""


def cache_home(cache_dir=None):
    """Returns the root folder of all prepared data.

    Args:
        cache_dir: str, or None for the environment variable `GANZOO_CACHE`, else `ganzoo` in `XDG_CACHE_HOME`, else
            `~/.cache/ganzoo`.
    """
    configured = cache_dir or os.environ.get("GANZOO_CACHE")
    if configured:
        return Path(user_path(configured))
    xdg_cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(xdg_cache) if os.path.isabs(xdg_cache) else Path.home() / ".cache") / "ganzoo"


def digest(*parts):
    """Returns a short hash of bytes and JSON-serializable values."""
    hashed = hashlib.blake2b(digest_size=10)
    for part in parts:
        hashed.update(part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode())
        hashed.update(b"\0")
    return hashed.hexdigest()


def cache_entry(cache_dir, kind, title, *identity):
    """Returns the path of a prepared folder, composed of its kind, a readable title and a hash of its identity."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_")[-40:]
    return cache_home(cache_dir) / kind / f"{readable}-{digest(*identity)}"


def read_manifest(entry, inputs):
    """Returns the metadata stored with a prepared folder, or None if the folder is missing, stale or incomplete."""
    try:
        manifest = json.loads((entry / MANIFEST).read_text())
        if manifest["version"] != VERSION or manifest["inputs"] != inputs or _sizes(entry) != manifest["files"]:
            return None
        return manifest["known"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def building(entry, inputs):
    """Builds a prepared folder and replaces an existing one on success.

    Args:
        entry: path, from `cache_entry`.
        inputs: str, the hash of everything the folder is built from.

    Yields:
        (folder, metadata): an empty folder to fill, and a dict to fill with the metadata that `read_manifest` returns.

    Raises:
        CacheError: the cache cannot be written; the message explains how to choose another location.
    """
    with _write_errors(entry):
        entry.parent.mkdir(parents=True, exist_ok=True)
        clear_abandoned(entry.parent)
        part = temporary_folder(f"{entry.name}.part-", entry.parent)
    try:
        with _write_errors(entry):
            metadata = {}
            yield part, metadata
            (part / MARKER).unlink()
            manifest = {"version": VERSION, "inputs": inputs, "files": _sizes(part), "known": metadata}
            (part / MANIFEST).write_text(json.dumps(manifest))
            for path in [*part.rglob("*"), part]:
                flush(path)
            _replace_entry(part, entry)
            flush(entry.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sizes(folder):
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(paths)}


def flush(path):
    """Flushes a file, or a folder's directory entries, to disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _replace_entry(part, entry):
    for _ in range(10):
        # A folder cannot be renamed onto a non-empty one: the old one is moved away first.
        retired = tempfile.mkdtemp(prefix=f"{entry.name}.part-", dir=entry.parent)
        with contextlib.suppress(FileNotFoundError):
            os.replace(entry, retired)
        shutil.rmtree(retired, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.replace(part, entry)
            return
        # Another process renamed its own folder to `entry` in the meantime.
    raise OSError(f"{entry} is being rewritten by other processes")


def temporary_folder(prefix, parent):
    """Creates a folder of a name that no other has, marked so that `clear_abandoned` recognizes it.

    Args:
        prefix: str, the start of the name; it ends with ".part-".
        parent: path of an existing folder.

    Returns:
        `Path`.

    Raises:
        OSError: the folder cannot be created.
    """
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    mark(folder, UNFINISHED)
    return folder


def clear_abandoned(folder):
    """Removes folders of `temporary_folder` that killed processes left behind more than a day ago, and nothing else."""
    for path in folder.glob("*.part-*"):
        with contextlib.suppress(OSError):
            marker = None if path.is_symlink() else read_marker(path)
            is_old = time.time() - path.stat().st_mtime > ABANDONED_SECONDS
            if marker and marker["kind"] == UNFINISHED and is_old:
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _write_errors(entry):
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"data.cache_dir: {entry.parent} could not be written ({error.strerror or error}), expected a folder with "
            "space for the prepared data: choose one with --set data.cache_dir=DIR or GANZOO_CACHE=DIR"
        ) from error
