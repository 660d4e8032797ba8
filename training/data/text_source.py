"""Text data sources, and how texts become token sequences."""

import functools
import hashlib

import numpy as np

from ...zoo.pipeline.array_dataset import ArrayDataset
from ...zoo.sequences.token_sequences import END
from ...zoo.sequences.tokenization import Tokenizer
from ...zoo.sequences.vocabulary import UNKNOWN, Vocabulary, decode_tokens
from .data_error import DataError
from .image_source import split_rows
from .texts.text_checks import check_lengths, make_tokenizer, unit_notes, vocabulary_notes

# Default size of the vocabulary, and upper bounds of the default length.
MAX_WORDS, MAX_DEFAULT_LENGTHS = 5000, {"word": 20, "character": 100}
# The default length covers this percentage of the texts.
LENGTH_PERCENTILE = 95
# How many texts `describe` shows.
NUM_EXAMPLES = 8


class TextSource:
    """Token sequences in memory, with the vocabulary or the oracle they come from.

    Implements `DataSource`: `model.fit` and the evaluators take it as it is. The split into training and held-out rows
    belongs to the source and never changes.

    Args:
        name: str, the name that the source was loaded by.
        tokens: int32 array (num_samples, length), the training rows.
        held_out: int32 array (num_samples, length); rows that are never trained on.
        vocabulary: `Vocabulary` of the tokens, or None if the tokens are not words.
        vocabulary_size: int, required without a vocabulary.
        has_eos: bool, whether token 0 ends a sequence and pads the rest. Default True.
        oracle: None, or the known distribution of the texts: an object with `log_probabilities(tokens)` and, where all
            sequences can be enumerated, `sequences()` and `probabilities()`.
        notes: list of str, how the texts were filtered.

    Raises:
        DataError: too few rows, or tokens outside the vocabulary.
    """

    family = "text"
    is_image = False
    # Members of `DataSource` that texts do not have.
    labels = class_names = captions = None

    def __init__(
        self, name, tokens, held_out, vocabulary=None, vocabulary_size=None, has_eos=True, oracle=None, notes=()
    ):  # fmt: skip
        if not len(tokens) or not len(held_out):
            raise DataError(
                f"{name}: received {len(tokens)} + {len(held_out)} held-out texts, expected at least one of each: "
                "since every tenth text is held out, provide ten or more"
            )
        self.name, self.tokens, self.held_out = name, tokens.astype(np.int32), held_out.astype(np.int32)
        self.vocabulary, self.has_eos, self.oracle, self.notes = vocabulary, has_eos, oracle, list(notes)
        self.vocabulary_size = len(vocabulary) if vocabulary_size is None else vocabulary_size
        for rows in (self.tokens, self.held_out):
            if rows.min() < 0 or rows.max() >= self.vocabulary_size:
                raise DataError(
                    f"{name}: received tokens from {rows.min()} to {rows.max()}, expected 0 to "
                    f"{self.vocabulary_size - 1}"
                )

    def __len__(self):
        return len(self.tokens)

    def __repr__(self):
        rows = f"{len(self)} + {len(self.held_out)} held out"
        return f"TextSource({self.name!r}, {rows}, {self.length} tokens of {self.vocabulary_size})"

    @property
    def length(self):
        """Tokens per sequence, padding included."""
        return self.tokens.shape[1]

    @property
    def shape(self):
        """The shape of one sample: (length,)."""
        return (self.length,)

    @property
    def samples(self):
        """The training rows."""
        return self.tokens

    @functools.cached_property
    def fingerprint(self):
        """A hash of all rows and of the vocabulary: equal for equal data, whatever their origin."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.tokens, self.held_out):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        words = self.vocabulary.words if self.vocabulary else [self.vocabulary_size]
        digest.update(repr([self.has_eos, words]).encode())
        if self.vocabulary and self.vocabulary.tokenizer != Tokenizer():
            digest.update(repr(self.vocabulary.tokenizer.get_config()).encode())
        return digest.hexdigest()

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless, shuffled dataset of the training rows as dicts of `tokens`.

        Args:
            batch_size: int >= 1.
            seed: int >= 0; together with the epoch it determines the order.
            start_step: int >= 0, the index of the first batch. Default 0.
        """
        return ArrayDataset({"tokens": self.tokens}).batches(batch_size, seed, start_step)

    def decode(self, tokens):
        """Decodes int (num_samples, length) into a list of str."""
        return decode_tokens(tokens, self.vocabulary)

    def describe(self):
        """Returns what `ganzoo data` prints: a dict that JSON can hold."""
        in_text = np.ones(self.tokens.shape, bool)
        if self.has_eos:
            in_text = np.cumprod(self.tokens != END, axis=1).astype(bool)
        result = {
            "source": self.name,
            "train": len(self),
            "held_out": len(self.held_out),
            "length": self.length,
            "mean_length": round(float(in_text.sum() / len(self)), 2),
            "vocabulary": self.vocabulary_size,
        }
        if self.vocabulary:
            result["unknown"] = round(float((self.tokens == UNKNOWN)[in_text].mean()), 4)
        examples = self.decode(self.tokens[:NUM_EXAMPLES])
        return result | {"notes": self.notes, "examples": examples, "fingerprint": self.fingerprint}


def from_texts(
    name, texts, held_out=None, length=None, max_words=None, drop_oov=False, unit=None, keep_case=None,
    keep_punctuation=None,
):  # fmt: skip
    """Builds a `TextSource` from texts. Its vocabulary is built from the training texts alone.

    Texts without a word and texts longer than `length` are dropped. Duplicates are kept. The source's notes count both.

    Args:
        name: str, the name that the source was loaded by.
        texts: list of str.
        held_out: list of str, texts that are not trained on, or None to hold out every tenth of `texts`.
        length: int >= 1, the maximum number of words (or characters) per text, or None for the smallest length that
            covers 95 % of `texts`, but at most 20 words or 100 characters.
        max_words: int >= 1, the size of the vocabulary (the most frequent words), or None for 5000. All other words
            share the unknown token.
        drop_oov: bool, whether texts with out-of-vocabulary words are dropped. Default False.
        unit, keep_case, keep_punctuation: of `Tokenizer`; None for its defaults. Default None.

    Raises:
        DataError: an option out of range, too few texts, or most texts longer than the default length.

    Example:

    >>> from_texts("poem", ["The cat sat.", "A dog!"] * 10)
    TextSource('poem', 18 + 2 held out, 3 tokens of 7)
    """
    for option, value in (("length", length), ("max_words", max_words)):
        if value is not None and (type(value) is not int or value < 1):
            raise DataError(f"data.{option}: received {value!r}, expected an integer >= 1")
    if not isinstance(drop_oov, bool):
        raise DataError(f"data.drop_oov: received {drop_oov!r}, expected true or false")
    tokenizer, notes = make_tokenizer(unit, keep_case, keep_punctuation), []
    splits = [[tokenizer.split(text) for text in split] for split in (texts, held_out) if split is not None]
    num_texts = sum(map(len, splits))
    splits = _filter(splits, bool, f"without a {tokenizer.unit}", notes)
    notes += unit_notes(splits[0], tokenizer)
    if length is None:
        length = _default_length(splits[0], MAX_DEFAULT_LENGTHS[tokenizer.unit])
        check_lengths(name, splits[0], length, tokenizer.unit)
    longest = max((len(row) for split in splits for row in split), default=0)
    cure = f" (data.length={longest} keeps all of them)"
    splits = _filter(splits, lambda row: len(row) <= length, f"longer than {length} {tokenizer.unit}s", notes, cure)
    num_kept = sum(map(len, splits))
    if 2 * num_kept < num_texts:
        notes.insert(0, f"most texts are left out: {num_texts - num_kept:,} of {num_texts:,}")
    if held_out is None:
        splits = [[splits[0][index] for index in indices] for indices in split_rows(len(splits[0]))]
    _note_duplicates(splits, notes)
    if not splits[0]:
        raise DataError(
            f"{name}: received no text to train on ({'; '.join(notes)}), expected texts of 1 to {length} "
            f"{tokenizer.unit}s: see data.length, data.unit and data.keep_punctuation"
        )
    vocabulary = Vocabulary.from_words(splits[0], max_words or MAX_WORDS, length, tokenizer)
    notes += vocabulary_notes(splits[1], vocabulary)
    if drop_oov:
        splits = _filter(splits, set(vocabulary.words).issuperset, "with unknown words", notes)
    return TextSource(name, *map(vocabulary.encode_words, splits), vocabulary=vocabulary, notes=notes)


def _filter(splits, condition, reason, notes, cure=""):
    """Returns the rows that satisfy a condition, and notes how many do not."""
    filtered = [[row for row in split if condition(row)] for split in splits]
    num_dropped = sum(map(len, splits)) - sum(map(len, filtered))
    if num_dropped:
        notes.append(f"texts dropped, {reason}: {num_dropped:,}{cure}")
    return filtered


def _default_length(rows, maximum):
    if not rows:
        return maximum
    lengths = [len(row) for row in rows]
    return min(maximum, int(np.percentile(lengths, LENGTH_PERCENTILE, method="inverted_cdf")))


def _note_duplicates(splits, notes):
    train, held_out = ([tuple(row) for row in split] for split in splits)
    train_set = set(train)
    num_duplicates = len(train) + len(held_out) - len(train_set.union(held_out))
    num_shared = sum(row in train_set for row in held_out)
    if num_duplicates:
        notes.append(f"duplicate texts: {num_duplicates:,}; held-out texts that are also trained on: {num_shared:,}")
