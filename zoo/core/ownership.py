"""Marks of what ganzoo wrote, so that it never removes, overwrites or reads as data anything else by mistake."""

import json
import uuid
from pathlib import Path

from .atomic_files import write_text

MARKER = ".ganzoo"


def mark(folder, kind, renew=False):
    """Marks a folder as ganzoo's, unless it is marked already.

    Args:
        folder: str or path of an existing folder.
        kind: str, what the folder holds, such as "run" or "samples".
        renew: bool, whether an existing marker is replaced by one with a new id. Default False.

    Returns:
        dict, the content of the marker: `kind` and a unique `id`.

    Raises:
        OSError: the marker cannot be written.
    """
    marker = read_marker(folder)
    if marker is None or renew:
        marker = {"kind": kind, "id": uuid.uuid4().hex}
        write_text(Path(folder) / MARKER, json.dumps(marker) + "\n")
    return marker


def read_marker(folder):
    """Returns the content of a folder's marker, a dict with `kind` and `id`, or None if it is not ganzoo's."""
    try:
        marker = json.loads((Path(folder) / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return marker if isinstance(marker, dict) and {"kind", "id"} <= set(marker) else None
