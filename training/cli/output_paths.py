"""Checks of the paths that commands write to."""

import os
from pathlib import Path

from ...zoo.errors import UserError


def check_output_path(path):
    """Refuses a file path that cannot be written, before anything is computed for it.

    Args:
        path: str or path of the file.

    Raises:
        UserError: the path is a folder, or its folder does not exist or cannot be written to.
    """
    parent = Path(path).absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK) or Path(path).is_dir():
        raise UserError(f"--out: received {str(path)!r}, expected a file in a folder that exists and can be written to")
