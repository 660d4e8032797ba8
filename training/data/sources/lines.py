"""Text files with one text per line."""

from ..data_error import DataError
from ..path_arguments import source_path
from ..text_source import MAX_WORDS, from_texts
from ..texts.text_files import read_lines


def load_lines(
    argument, resolution=None, length=None, max_words=MAX_WORDS, drop_oov=False, unit="word", keep_case=False,
    keep_punctuation=False,
):  # fmt: skip
    """Reads a text file with one text per line. Every tenth text is held out.

    The encoding is UTF-8, or UTF-16 with a byte order mark. Texts are tokenized like captions: by default into words in
    lower case without punctuation. Blank lines are ignored. Lines longer than `length` are dropped. The source's notes
    count the dropped lines and the duplicates.

    Args:
        argument: str, the file.
        resolution: must be None, texts have no pixels.
        length: int >= 1, the maximum number of words (or characters) per text, or None for the smallest length that
            covers 95 % of the texts, but at most 20 words or 100 characters.
        max_words: int >= 1, the size of the vocabulary, the most frequent words of the training texts; all other words
            are read as <unk>. Default 5000.
        drop_oov: bool, whether texts with out-of-vocabulary words are dropped. Default False.
        unit: "word", or "character" for a vocabulary of characters. Default "word".
        keep_case: bool; by default texts are lowercased. Default False.
        keep_punctuation: bool, whether each punctuation mark and symbol is a word of its own. Default False.

    Returns:
        A `TextSource`.

    Raises:
        DataError: a file that is not text, too few texts, most texts longer than the default length, or an option out
            of range.
    """
    name = f"lines:{argument}"
    if resolution is not None:
        raise DataError(f"data.resolution: received {resolution} with {name}, expected none: texts have no pixels")
    if not argument:
        raise DataError(f"data.source: received {name!r}, expected lines:FILE, a text file with one text per line")
    texts = [line for line in read_lines(source_path("data.source", argument), name) if line.strip()]
    if not texts:
        raise DataError(f"{name}: received a file without any text, expected one text per line")
    return from_texts(
        name, texts, None, length, max_words, drop_oov, unit=unit, keep_case=keep_case,
        keep_punctuation=keep_punctuation,
    )  # fmt: skip
