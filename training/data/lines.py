"""Texts of a file, one a line."""

from pathlib import Path

from .source import DataError
from .texts import MOST_WORDS, text_source


def load_lines(argument, resolution=None, length=None, words=MOST_WORDS, drop_unknown=False):
    """Reads a UTF-8 file of texts, one a line. Every tenth text is held out.

    Texts are read as captions are: words in small letters, without punctuation. Blank lines are no texts. Lines longer
    than `length` are left out; how many, and how many come more than once, is in the source's notes.

    Args:
        argument: str, the file.
        resolution: None; texts have none.
        length: int >= 1, the most words of a text, or None for the least that 95 % of them keep to, but 20 at most.
        words: int >= 1, words that are known, the most frequent ones of the training texts; any other is read as
            <unk>. Default 5000.
        drop_unknown: bool, whether texts with unknown words are left out. Default False.

    Returns:
        A `TextSource`.

    Raises:
        DataError: no such file, no UTF-8, no or too few texts, or an option out of range.
    """
    name = f"lines:{argument}"
    if resolution is not None:
        raise DataError(f"data.resolution: received {resolution} with {name}, expected none: texts have no pixels")
    return text_source(name, _lines(name, argument), length=length, most=words, drop_unknown=drop_unknown)


def _lines(name, argument):
    if not argument:
        raise DataError(f"data.source: received {name!r}, expected lines:FILE, a text file with a text a line")
    try:
        # A byte order mark is no part of the first text.
        content = Path(argument).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{name}: cannot be read ({error}), expected a text file in UTF-8") from None
    # Python's `splitlines` would also divide texts at rarer signs.
    texts = [line for line in content.split("\n") if line.strip()]
    if not texts:
        raise DataError(f"{name}: received a file without a line of text, expected a text a line")
    return texts
