"""The reader of text files that users write: texts, captions and recipes."""

import codecs
from pathlib import Path

from ....zoo.core.user_paths import user_path
from ....zoo.errors import UserError
from ..data_error import DataError

# Byte order marks and their encodings; that of UTF-32 begins with that of UTF-16.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# The first bytes of files that are often taken for text, what they are, and what to do.
OTHER_FILES = (
    (b"\x1f\x8b", "it is compressed with gzip", "unpack it with `gunzip`"),
    (b"PK\x03\x04", "it is a zip archive or an office document", "save its content as plain text"),
    (b"%PDF", "it is a PDF document", "save its content as plain text"),
)


def read_text(path, name, error=DataError):
    r"""Returns the content of a text file.

    The encoding is UTF-8, with or without a byte order mark, or UTF-16 or UTF-32 with one. Lines may end as on any
    system; in the result they end with "\n".

    Args:
        path: str or path.
        name: str, the file in messages, such as "lines:texts.txt".
        error: class of the error that is raised. Default `DataError`.

    Returns:
        str, without the byte order mark.

    Raises:
        DataError: a file that cannot be read, or is not text; the message names the first such byte and the cure.
    """
    try:
        data = Path(user_path(path)).read_bytes()
        text = _decode(data)
    except OSError as reason:
        raise error(f"{name} cannot be read ({reason.strerror}), expected a text file in UTF-8") from None
    except UserError as reason:
        raise error(f"{name} cannot be read{reason}") from None
    return text.replace("\r\n", "\n").replace("\r", "\n")


def read_lines(path, name, error=DataError):
    """Returns the lines of a text file: list of str without line ends. Arguments as for `read_text`.

    Form feeds and Unicode's own separators, such as U+2028, are parts of a line.
    """
    lines = read_text(path, name, error).split("\n")
    return lines if lines[-1] else lines[:-1]


def _decode(data):
    """Returns bytes as str; raises UserError with the rest of a message."""
    for start, is_file, cure in OTHER_FILES:
        if data.startswith(start):
            raise UserError(f": {is_file}, expected a text file in UTF-8: {cure}")
    mark, encoding = next((each for each in BYTE_ORDER_MARKS if data.startswith(each[0])), (b"", "utf-8"))
    if encoding == "utf-8" and b"\0" in data:
        raise _error(data, data.index(b"\0"), "utf-8", _cure_of_zeros(data))
    try:
        text = data[len(mark) :].decode(encoding)
    except UnicodeDecodeError as error:
        cure = (
            "convert it with `iconv -f WINDOWS-1252 -t UTF-8`, or save it anew"
            if encoding == "utf-8"
            else "save it anew"
        )
        raise _error(data, len(mark) + error.start, encoding, cure) from None
    if "\0" in text:
        position = len(mark) + len(text[: text.index("\0")].encode(encoding))
        raise _error(data, position, encoding, _cure_of_zeros(b""))
    return text


def _error(data, position, encoding, cure):
    byte = f"0x{data[position]:02X}" if position < len(data) else "the end"
    line = data[:position].decode("latin-1").replace("\r\n", "\n").replace("\r", "\n").count("\n") + 1
    return UserError(
        f" as {encoding}: {byte} at position {position} (line {line}) is no text, expected a text file in UTF-8: {cure}"
    )


def _cure_of_zeros(data):
    """Returns what to do with a file that contains bytes of zero, as English text in UTF-16 does."""
    zeros = [data[start::2].count(0) for start in (0, 1)]
    if max(zeros) <= len(data) // 8:
        return "remove these bytes, or name another file"
    return f"convert it with `iconv -f UTF-16{'BE' if zeros[0] > zeros[1] else 'LE'} -t UTF-8`, or save it anew"
