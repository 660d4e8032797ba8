"""Files that are written completely or not at all."""

import os
from pathlib import Path


def write_text(path, text):
    """Writes a text file atomically: after a crash the file has its old content or the new one.

    The text goes to a temporary file next to `path`, is flushed to disk, and the file is renamed.

    Args:
        path: str or path.
        text: str, written as UTF-8.
    """
    part = Path(f"{path}.part")
    with open(part, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(part, path)
