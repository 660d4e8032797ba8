"""Single files that ganzoo wrote, recognized by their content, so that only these are ever replaced.

Folders have a marker of their own, see `ownership.py`. A PNG file carries the text chunk `Software: ganzoo`, an archive
of arrays the comment `ganzoo`, an evaluation the versions that it was computed with. A text file has no room for a
mark: the file system keeps a hash of the content beside the file, as an extended attribute, where it supports these.
"""

import contextlib
import hashlib
import json
import os
import zipfile
from pathlib import Path

import numpy as np

from .atomic_files import write_text

SOFTWARE = "ganzoo"
PNG_START, PNG_CHUNK = b"\x89PNG\r\n\x1a\n", b"tEXtSoftware\0" + SOFTWARE.encode()
# The chunk is the first one after the header.
PNG_HEAD_BYTES = 64
TEXT_ATTRIBUTE = "user.ganzoo"


def is_own_file(path):
    """Returns whether ganzoo wrote an existing .png, .npz, .json or .txt file, which it may therefore replace.

    Args:
        path: str or path. A file of any other kind, or one that cannot be read, is the user's.
    """
    check = CHECKS.get(Path(path).suffix.lower())
    return check is not None and check(path)


def is_own_png(path):
    """Returns whether a file is a PNG that ganzoo wrote. Reads its first bytes only.

    Args:
        path: str, bytes or path.
    """
    try:
        with open(path, "rb", buffering=0) as file:
            head = file.read(PNG_HEAD_BYTES)
    except OSError:
        return False
    return head.startswith(PNG_START) and PNG_CHUNK in head


def write_arrays(path, **arrays):
    """Writes an .npz file that `is_own_file` recognizes, atomically.

    Args:
        path: str or path.
        **arrays: arrays by name.
    """
    part = f"{path}.part"
    with open(part, "wb") as file:
        np.savez_compressed(file, **arrays)
    with zipfile.ZipFile(part, "a") as archive:
        archive.comment = SOFTWARE.encode()
    os.replace(part, path)


def write_own_text(path, text):
    """Writes a text file that `is_own_file` recognizes until it is edited, where the file system allows.

    Args:
        path: str or path.
        text: str, written as UTF-8.
    """
    write_text(path, text)
    with contextlib.suppress(OSError, AttributeError):
        os.setxattr(path, TEXT_ATTRIBUTE, _content_hash(path))


def _is_own_archive(path):
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.comment == SOFTWARE.encode()
    except (OSError, zipfile.BadZipFile):
        return False


def _is_own_evaluation(path):
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        return "keras-ganzoo" in content["versions"]
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _is_own_text(path):
    try:
        return os.getxattr(path, TEXT_ATTRIBUTE) == _content_hash(path)
    except (OSError, AttributeError):
        return False


def _content_hash(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest().encode()


CHECKS = {".png": is_own_png, ".npz": _is_own_archive, ".json": _is_own_evaluation, ".txt": _is_own_text}
