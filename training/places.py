"""Where a command may write."""

import os
from pathlib import Path

from ..zoo.errors import UserError


def require_place(path):
    """Refuses a file's place that cannot be written to, before anything is computed for it.

    Raises:
        UserError: a folder, or a file in a folder that is not there or cannot be written to.
    """
    parent = Path(path).absolute().parent
    if not parent.is_dir() or not os.access(parent, os.W_OK) or Path(path).is_dir():
        raise UserError(f"--out: received {str(path)!r}, expected a file in a folder that exists and can be written to")
