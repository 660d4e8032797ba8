"""The captions of a folder's images: `metadata.jsonl` or `metadata.csv`, as Hugging Face's ImageFolder has them."""

import csv
import io
import json
import posixpath
import re
from pathlib import Path, PurePosixPath, PureWindowsPath

from ..data_error import DataError
from .text_files import read_lines, read_text

JSON_LINES, CSV = "metadata.jsonl", "metadata.csv"


def read_captions(root, name):
    """Reads the captions of a folder.

    Args:
        root: path of the folder.
        name: str, the source in messages.

    Returns:
        dict of file -> list of captions, in the order of the lines. Files are paths relative to the folder, with "/".

    Raises:
        DataError: no such file or both, a line without file or caption, or a file outside the folder.
    """
    root = Path(root)
    if (root / CSV).exists():
        if (root / JSON_LINES).exists():
            raise DataError(f"{name}: received both {JSON_LINES} and {CSV}, expected one of them: remove the other")
        file_name, rows = CSV, _read_csv(root / CSV, name)
    else:
        file_name, rows = JSON_LINES, _read_json_lines(root / JSON_LINES, name)
    captions = {}
    for line, file, text in rows:
        file = _checked_path(root, file, f"{name}: line {line} of {file_name}")
        captions.setdefault(file, []).append(text)
    return captions


def _read_json_lines(path, name):
    """Yields (line number, file, caption)."""
    for number, line in enumerate(read_lines(path, f"{name}: {path}"), 1):
        if not line.strip():
            continue
        try:
            # Not strict: a tab or form feed in a caption does no harm.
            row = json.loads(line, strict=False)
            file, text = row["file_name"], row["text"]
        except (ValueError, KeyError, TypeError, RecursionError):
            file = text = None
        if not isinstance(file, str) or not isinstance(text, str):
            raise DataError(
                f"{name}: line {number} of {JSON_LINES}: received {line.strip()[:80]!r}, expected a JSON object with "
                "strings 'file_name' and 'text'"
            )
        yield number, file, text


def _read_csv(path, name):
    """Yields (line number, file, caption)."""
    reader = csv.DictReader(io.StringIO(read_text(path, f"{name}: {path}")), strict=True, restkey="", restval=None)
    try:
        columns = [column.strip() for column in reader.fieldnames or ()]
        if not {"file_name", "text"} <= set(columns):
            raise DataError(
                f"{name}: line 1 of {CSV}: received columns {columns}, expected 'file_name' and 'text', separated by "
                "commas"
            )
        reader.fieldnames = columns
        for row in reader:
            file, text = row["file_name"], row["text"]
            if not file or text is None or "" in row:
                raise DataError(
                    f"{name}: line {reader.line_num} of {CSV}: received {len(columns)} columns but another number of "
                    "values, expected one per column: put texts with commas into double quotes"
                )
            yield reader.line_num, file, text
    except csv.Error as error:
        raise DataError(
            f"{name}: line {reader.reader.line_num} of {CSV}: {error}, expected values separated by commas, and double "
            "quotes around texts that contain commas"
        ) from None


def _checked_path(root, file, where):
    """Returns a path relative to the folder; Windows' separators become "/" unless a file has that very name."""
    if PurePosixPath(file).is_absolute() or PureWindowsPath(file).is_absolute() or file.startswith("\\"):
        raise DataError(f"{where}: received the absolute path {file!r}, expected one relative to {root}")
    path = file if "\\" not in file or (root / file).exists() else file.replace("\\", "/")
    path = posixpath.normpath(path)
    if path == ".." or path.startswith("../"):
        raise DataError(f"{where}: received {file!r}, which is outside the folder, expected a path inside {root}")
    if path == "." or "\0" in path or re.search("[\ud800-\udfff]", path):
        raise DataError(f"{where}: received {file!r}, expected the path of an image")
    return path
