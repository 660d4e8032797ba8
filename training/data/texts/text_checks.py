"""Checks of texts against the options by which they become tokens, before anything is computed from them."""

from ....zoo.core.cache import digest
from ....zoo.errors import ArgumentError
from ....zoo.sequences.tokenization import Tokenizer
from ..data_error import DataError
from ..images.row_store import report

# Mean characters per word above which a script has probably no spaces between words.
LONG_WORDS = 15
# Share of unknown words above which a vocabulary hardly describes the texts, and the number of words needed to tell.
MANY_UNKNOWN, ENOUGH_WORDS = 0.5, 50


def make_tokenizer(unit=None, keep_case=None, keep_punctuation=None):
    """Returns the `Tokenizer` of a source's options; None means the default.

    Raises:
        DataError: an option of another value.
    """
    options = {"unit": unit, "keep_case": keep_case, "keep_punctuation": keep_punctuation}
    try:
        return Tokenizer(**{name: value for name, value in options.items() if value is not None})
    except ArgumentError as error:
        raise DataError(f"data.{error}") from None


def check_lengths(name, rows, length, unit):
    """Raises DataError if a default length would leave out most texts.

    Args:
        name: str, the source in messages.
        rows: list of lists of str, the tokens of each text.
        length: int, the default.
        unit: "word" or "character".
    """
    num_longer, longest = sum(len(row) > length for row in rows), max(map(len, rows), default=0)
    if 2 * num_longer > len(rows):
        raise DataError(
            f"{name}: received {num_longer:,} of {len(rows):,} texts with more than {length} {unit}s, the default "
            f"data.length, and up to {longest:,}, expected fewer: set data.length={longest} to keep all texts, or "
            f"data.length={length} to leave these out"
        )


def unit_notes(rows, tokenizer):
    """Returns notes if the unit "word" does not suit the texts: list of str.

    Args:
        rows: list of lists of str, the tokens of each text.
        tokenizer: `Tokenizer` that split them.
    """
    num_words = sum(map(len, rows))
    mean_length = sum(len(word) for row in rows for word in row) / max(num_words, 1)
    if tokenizer.unit != "word" or mean_length <= LONG_WORDS:
        return []
    return [
        f"words have {mean_length:.0f} characters on average: if the texts have no spaces between words, set "
        "data.unit=character"
    ]


def vocabulary_notes(held_out, vocabulary):
    """Returns notes if most words of held-out texts are not in the vocabulary of the training texts: list of str.

    Args:
        held_out: list of lists of str, the tokens of each text.
        vocabulary: `Vocabulary`.
    """
    known, words = set(vocabulary.words), [word for row in held_out for word in row]
    share = sum(word not in known for word in words) / max(len(words), 1)
    if len(words) < ENOUGH_WORDS or share <= MANY_UNKNOWN:
        return []
    cure = ", or data.unit=character for a vocabulary of characters" if vocabulary.tokenizer.unit == "word" else ""
    unit = vocabulary.tokenizer.unit
    return [f"{share:.0%} of the {unit}s of held-out texts are unknown: set data.max_words higher{cure}"]


def with_tokenizer(source, tokenizer):
    """Returns a source of images whose captions are split by a tokenizer, with notes about it.

    Args:
        source: `ImageSource` with captions; modified in place.
        tokenizer: `Tokenizer`.
    """
    source.tokenizer = tokenizer
    if tokenizer != Tokenizer():
        source.fingerprint = digest(source.fingerprint, tokenizer.get_config())
    rows = [tokenizer.split(text) for text in sorted(set(source.captions.reshape(-1)))]
    notes, num_empty = unit_notes(rows, tokenizer), sum(not row for row in rows)
    if num_empty:
        cure = "" if tokenizer.keep_punctuation else "; data.keep_punctuation=true makes words of symbols"
        notes.append(f"captions without a {tokenizer.unit}: {num_empty:,} of {len(rows):,} different ones{cure}")
    report(source.name, notes)
    source.notes += notes
    return source
