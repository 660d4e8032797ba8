"""What a source of texts is, once it is loaded, and how texts become one."""

import functools
import hashlib
from collections import Counter
from itertools import chain

import numpy as np

from ...zoo.captions import words
from ...zoo.feed import ArrayRows
from ...zoo.text_encoder import UNKNOWN, Vocabulary, write_tokens
from .source import DataError, split_rows

# What texts are read with unless something is said: so many words are known, and so many make the longest text.
MOST_WORDS, MOST_TOKENS = 5000, 20
# The share of texts that is no longer than the usual length.
USUAL = 95


class TextSource:
    """Sequences of tokens in memory, with what is known about them.

    `model.fit` takes it as it is; evaluation finds in it the texts to compare with. The split into training and
    held-out rows belongs to the source and never changes.

    Args:
        name: str, how the source was called.
        tokens: int32 array (num, length), the training rows.
        held_out: int32 array (num, length); rows that are never trained on.
        vocabulary: `Vocabulary` whose words the tokens are, or None where they are none.
        vocabulary_size: int, needed where there is no vocabulary.
        ends: bool, whether token 0 ends a sequence and fills what is left. Default True.
        oracle: None, or what knows the distribution of the texts: `log_probabilities(tokens)`, and `sequences()` with
            `probabilities()` where all can be listed.
        notes: list of str, what became of the texts on the way.

    Raises:
        DataError: too few rows, or tokens outside of the vocabulary.
    """

    is_image = False
    # What code for any source asks for: texts are not labelled.
    labels = class_names = captions = None

    def __init__(
        self, name, tokens, held_out, vocabulary=None, vocabulary_size=None, ends=True, oracle=None, notes=()
    ):  # fmt: skip
        if not len(tokens) or not len(held_out):
            raise DataError(
                f"{name}: received {len(tokens)} + {len(held_out)} held-out texts, expected some of both: where every "
                "tenth is held out, ten or more"
            )
        self.name, self.tokens, self.held_out = name, tokens.astype(np.int32), held_out.astype(np.int32)
        self.vocabulary, self.ends, self.oracle, self.notes = vocabulary, ends, oracle, list(notes)
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
        """Tokens of a sequence, padding included."""
        return self.tokens.shape[1]

    @property
    def shape(self):
        """(length,)."""
        return (self.length,)

    @property
    def samples(self):
        """The training rows."""
        return self.tokens

    @functools.cached_property
    def fingerprint(self):
        """A hash of every row and of the words: equal for equal data, whatever its origin."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.tokens, self.held_out):
            digest.update(f"{part.dtype}{part.shape}".encode())
            digest.update(np.ascontiguousarray(part).data)
        words = self.vocabulary.known if self.vocabulary else [self.vocabulary_size]
        digest.update(repr([self.ends, words]).encode())
        return digest.hexdigest()

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless, shuffled dataset of the training rows as dicts of `tokens`.

        Args:
            batch_size: int >= 1.
            seed: int >= 0; names the order together with the pass over the data.
            start_step: int >= 0, the number of the first batch.
        """
        return ArrayRows({"tokens": self.tokens}).batches(batch_size, seed, start_step)

    def written(self, tokens):
        """Returns sequences as a list of str."""
        return write_tokens(tokens, self.vocabulary)


def text_source(name, texts, held_out=None, length=None, most=None, drop_unknown=False):
    """Builds a `TextSource` from texts in words, whose vocabulary is made of the training texts alone.

    What becomes of the texts is counted in the source's notes: those without a word, or longer than `length`, are left
    out; those that come again are kept.

    Args:
        name: str, how the source was called.
        texts: list of str.
        held_out: list of str, texts that are not trained on, or None to hold out every tenth of `texts`.
        length: int >= 1, the most words of a text, or None for the least that 95 % of `texts` keep to, but 20 at most.
        most: int >= 1, words that are known, the most frequent ones, or None for 5000; others are one unknown word.
        drop_unknown: bool, whether texts with unknown words are left out. Default False.

    Raises:
        DataError: an option out of range, or too few texts.

    Example:

    >>> text_source("poem", ["The cat sat.", "A dog!"] * 10)
    TextSource('poem', 18 + 2 held out, 3 tokens of 7)
    """
    for option, value in (("length", length), ("words", most)):
        if value is not None and (type(value) is not int or value < 1):
            raise DataError(f"data.{option}: received {value!r}, expected a whole number >= 1")
    if not isinstance(drop_unknown, bool):
        raise DataError(f"data.drop_unknown: received {drop_unknown!r}, expected true or false")
    sides, notes = [[words(text) for text in side] for side in (texts, held_out) if side is not None], []
    sides = _kept(sides, bool, "without a word", notes)
    length = length or _usual_length(sides[0])
    sides = _kept(sides, lambda row: len(row) <= length, f"longer than {length} words", notes)
    if held_out is None:
        sides = [[sides[0][index] for index in rows] for rows in split_rows(len(sides[0]))]
    _note_repetitions(sides, notes)
    if not sides[0]:
        raise DataError(
            f"{name}: received no text to train on ({'; '.join(notes)}), expected texts of 1 to {length} words"
        )
    counts = Counter(chain.from_iterable(sides[0]))
    known = sorted(counts, key=lambda word: (-counts[word], word))[: most or MOST_WORDS]
    if drop_unknown:
        sides = _kept(sides, set(known).issuperset, "with unknown words", notes)
    tokens = [_tokens(rows, known, length) for rows in sides]
    return TextSource(name, *tokens, vocabulary=Vocabulary(known, length), notes=notes)


def _kept(sides, fits, reason, notes):
    """Returns the rows that fit, and notes how many do not."""
    kept = [[row for row in side if fits(row)] for side in sides]
    left_out = sum(map(len, sides)) - sum(map(len, kept))
    if left_out:
        notes.append(f"texts left out, {reason}: {left_out:,}")
    return kept


def _usual_length(rows):
    lengths = [len(row) for row in rows]
    return min(MOST_TOKENS, int(np.percentile(lengths, USUAL, method="inverted_cdf"))) if lengths else MOST_TOKENS


def _note_repetitions(sides, notes):
    train, held_out = ([tuple(row) for row in side] for side in sides)
    again, known = len(train) + len(held_out) - len({*train, *held_out}), set(train)
    both = sum(row in known for row in held_out)
    if again:
        notes.append(f"texts that have come before: {again:,}; held-out ones that are trained on too: {both:,}")


def _tokens(rows, known, length):
    """Returns rows of words as `Vocabulary.tokens` reads them, all at once: int32 (num, length)."""
    number = {word: token for token, word in enumerate(known, 2)}
    tokens = np.zeros((len(rows), length), np.int32)
    there = np.arange(length) < np.array([len(row) for row in rows], int)[:, np.newaxis]
    tokens[there] = [number.get(word, UNKNOWN) for word in chain.from_iterable(rows)]
    return tokens
