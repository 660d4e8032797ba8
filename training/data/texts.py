"""What a source of texts is, once it is loaded."""

import functools
import hashlib

import numpy as np

from ...zoo.feed import ArrayRows
from .source import DataError


class TextSource:
    """Sequences of tokens in memory, with what is known about them.

    `model.fit` takes it as it is; evaluation finds in it the texts to compare with. The split into training and held-out
    rows belongs to the source and never changes.

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
            raise DataError(f"{name}: received {len(tokens)} + {len(held_out)} held-out texts, expected some of both")
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
        if self.vocabulary is None:
            return [" ".join(map(str, row)) for row in np.asarray(tokens).tolist()]
        return self.vocabulary.written(tokens)
