"""Folders of prepared data: where they are, whether one can be trusted, how one comes about.

A prepared folder holds `cache.json`: what it was made from, and the size of every file beside it. It is trusted only
if both agree; it is made under a temporary name and renamed, so that a half-made one never has its name.
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

from .errors import UserError

MANIFEST = "cache.json"
# Part of what a folder was made from: raised whenever the same input would give other files.
VERSION = 1
# A build that was killed leaves its temporary folder; nothing that old is still being written to.
ABANDONED_SECONDS = 24 * 3600


class CacheError(UserError):
    """Prepared data that cannot be kept where they should be."""


def cache_home(cache_dir=None):
    """Returns the folder of all prepared data.

    Args:
        cache_dir: str or None for the environment's `GANZOO_CACHE`, else `ganzoo` in `XDG_CACHE_HOME`, else
            `~/.cache/ganzoo`.
    """
    given = cache_dir or os.environ.get("GANZOO_CACHE")
    if given:
        return Path(given).expanduser()
    shared = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(shared) if os.path.isabs(shared) else Path.home() / ".cache") / "ganzoo"


def digest(*parts):
    """Returns a short hash of strings, bytes and whatever JSON can hold."""
    hashed = hashlib.blake2b(digest_size=10)
    for part in parts:
        hashed.update(part if isinstance(part, bytes) else json.dumps(part, sort_keys=True).encode())
        hashed.update(b"\0")
    return hashed.hexdigest()


def cache_entry(cache_dir, kind, title, *identity):
    """Returns the path of one prepared folder: one for each kind, readable title, and hash of the identity."""
    readable = re.sub(r"[^A-Za-z0-9]+", "_", title).strip("_")[-40:]
    return cache_home(cache_dir) / kind / f"{readable}-{digest(*identity)}"


def read_manifest(entry, inputs):
    """Returns what was written down about a prepared folder, or None if it is missing, stale or incomplete."""
    try:
        manifest = json.loads((entry / MANIFEST).read_text())
        if manifest["version"] != VERSION or manifest["inputs"] != inputs or _sizes(entry) != manifest["files"]:
            return None
        return manifest["known"]
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextlib.contextmanager
def building(entry, inputs):
    """Makes a prepared folder anew, in place of the one there may be.

    Args:
        entry: path, from `cache_entry`.
        inputs: str, the hash of what it is made from.

    Yields:
        (folder, known): an empty folder to fill, and a dict of what `read_manifest` shall return, to fill as well.

    Raises:
        CacheError: the cache cannot be written; the message says where else it could be.
    """
    with _write_errors(entry):
        entry.parent.mkdir(parents=True, exist_ok=True)
        clear_abandoned(entry.parent)
        part = Path(tempfile.mkdtemp(prefix=f"{entry.name}.part-", dir=entry.parent))
    try:
        with _write_errors(entry):
            known = {}
            yield part, known
            manifest = {"version": VERSION, "inputs": inputs, "files": _sizes(part), "known": known}
            (part / MANIFEST).write_text(json.dumps(manifest))
            for path in [*part.rglob("*"), part]:
                flush(path)
            _take_place(part, entry)
            flush(entry.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _sizes(folder):
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != MANIFEST]
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(paths)}


def flush(path):
    """Hands a file, or a folder's list of names, to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _take_place(part, entry):
    for _ in range(10):
        # A folder cannot be renamed onto a full one: the old one leaves first.
        retired = tempfile.mkdtemp(prefix=f"{entry.name}.part-", dir=entry.parent)
        with contextlib.suppress(FileNotFoundError):
            os.replace(entry, retired)
        shutil.rmtree(retired, ignore_errors=True)
        with contextlib.suppress(OSError):
            os.replace(part, entry)
            return
        # Another process put its own there in between.
    raise OSError(f"{entry} is being rewritten by other processes")


def clear_abandoned(folder):
    """Removes what killed processes have left of unfinished folders, a day after."""
    for path in folder.glob("*.part-*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(path, ignore_errors=True)


@contextlib.contextmanager
def _write_errors(entry):
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"data.cache_dir: {entry.parent} could not be written ({error.strerror or error}), expected a folder with "
            "room for the prepared data: give one with --set data.cache_dir=DIR or GANZOO_CACHE=DIR"
        ) from error
