"""Text files with one text per line."""

from pathlib import Path

from ..data_error import DataError
from ..text_source import MAX_WORDS, from_texts


def load_lines(argument, resolution=None, length=None, max_words=MAX_WORDS, drop_oov=False):
    """Reads a UTF-8 file with one text per line. Every tenth text is held out.

    Texts are tokenized like captions: into lower-case words without punctuation. Blank lines are ignored. Lines longer
    than `length` are dropped. The source's notes count the dropped lines and the duplicates.

    Args:
        argument: str, the file.
        resolution: must be None, texts have no pixels.
        length: int >= 1, the maximum number of words per text, or None for the smallest length that covers 95 % of the
            texts, but at most 20.
        max_words: int >= 1, the size of the vocabulary, the most frequent words of the training texts; all other words
            are read as <unk>. Default 5000.
        drop_oov: bool, whether texts with out-of-vocabulary words are dropped. Default False.

    Returns:
        A `TextSource`.

    Raises:
        DataError: no such file, invalid UTF-8, too few texts, or an option out of range.
    """
    name = f"lines:{argument}"
    if resolution is not None:
        raise DataError(f"data.resolution: received {resolution} with {name}, expected none: texts have no pixels")
    return from_texts(name, _read_lines(name, argument), length=length, max_words=max_words, drop_oov=drop_oov)


def _read_lines(name, argument):
    if not argument:
        raise DataError(f"data.source: received {name!r}, expected lines:FILE, a text file with one text per line")
    try:
        # utf-8-sig: a byte order mark is not part of the first text.
        content = Path(argument).expanduser().read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{name}: cannot be read ({error}), expected a text file in UTF-8") from None
    # `str.splitlines` would also split at form feeds and Unicode separators.
    texts = [line for line in content.split("\n") if line.strip()]
    if not texts:
        raise DataError(f"{name}: received a file without any text, expected one text per line")
    return texts
