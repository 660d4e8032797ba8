"""What a user may have meant who named a path, a URL or an unknown kind in place of a data source."""

import os
import re

from PIL import Image

from ...zoo.core.user_paths import shell_path
from ...zoo.registry import nearest
from .images.layouts import METADATA, layout_of

DRIVE, URL = re.compile(r"[A-Za-z]:[\\/]"), re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
# How an IDX file of bytes starts, and how the names of compressed ones end.
IDX_START, IDX_NAME = b"\0\0\x08", re.compile(r"(ubyte|idx\d?)(\.gz)?$")
READ_BYTES = 2**16


def suggest_source(source, kinds):
    """Returns a hint for an unknown source that starts with "; ", or "".

    Args:
        source: str, as the user wrote it.
        kinds: list of str, the kinds of sources.

    Example:

    >>> suggest_source("digts", ["digits", "folder"])
    "; did you mean 'digits'?"
    """
    path = os.path.expanduser(source)
    if os.path.isdir(path):
        return _did_you_mean(layout_of(path) or "folder", source)
    if os.path.isfile(path):
        return _suggest_for_file(source, path)
    if URL.match(source):
        return "; data are read from this machine: download them, and pass the folder, such as folder:DIR"
    if DRIVE.match(source):
        return _did_you_mean("folder", source)
    kind, colon, argument = source.partition(":")
    if kind.lower() in kinds:
        return _did_you_mean(kind.lower(), argument) if colon else f"; did you mean {kind.lower()!r}?"
    if any(character in kind for character in "/\\.~"):
        return f"; there is no file or folder {source!r}, and a path needs its kind, such as folder:DIR"
    return nearest(kind, kinds)


def _did_you_mean(kind, argument):
    return f"; did you mean {f'{kind}:{argument}'!r}?"


def _suggest_for_file(source, path):
    folder, name = os.path.split(source)
    try:
        with open(path, "rb") as file:
            content = file.read(READ_BYTES)
    except OSError as error:
        return f"; the file cannot be read: {error.strerror}"
    suffix = os.path.splitext(name)[1].lower()
    if content.startswith(IDX_START) or IDX_NAME.search(name):
        return _did_you_mean("idx", folder or ".")
    if name in METADATA:
        return _did_you_mean("captions", folder or ".")
    if suffix in Image.registered_extensions():
        return _did_you_mean("folder", folder or ".")
    if suffix == ".toml":
        return f"; a recipe is trained with `ganzoo train {shell_path(source)}`"
    if suffix in (".npz", ".npy"):
        return "; arrays are data in Python: ganzoo.training.data.load(array)"
    return "" if b"\0" in content else _did_you_mean("lines", source)
