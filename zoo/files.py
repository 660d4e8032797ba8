"""Files that are whole, or not there."""

import os
from pathlib import Path


def write_text(path, text):
    """Writes a file under another name first, so that a crash leaves what was there.

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
