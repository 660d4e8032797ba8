"""The real side of a comparison of texts: which rows are references, and which stand beside the samples."""

import functools

import numpy as np
import tensorflow as tf

from ...zoo.tokens import END, alive, cut
from .local_encoder import LocalEncoder
from .pixels import SamplesError
from .reference import chosen_rows

SPLIT = "train"
# BLEU rises with the number of references, so it is fixed wherever there are as many.
MOST_REFERENCES = 500


class TextReference:
    """The real texts that samples are compared with.

    Held-out texts are parted once for all, by a fixed permutation: some are the references of BLEU, at most half of
    them; the others stand beside samples, as what a perfect generator would score.

    Args:
        source: the data; `name, tokens, held_out, ends, shape, vocabulary_size, oracle, fingerprint` count.
        num: int >= 2, training texts in the reference, and held-out texts, at most all of them.

    Attributes:
        real: int32 array, training texts.
        held_out: int32 array, held-out texts.
        bleu: int32 array, the held-out texts that BLEU compares with.
        beside: int32 array, the held-out texts that are judged as samples are; there may be none.
    """

    def __init__(self, source, num):
        self.source = source
        self.real = trimmed(source.tokens[chosen_rows(len(source.tokens), num)], source.ends)
        held_out = trimmed(source.held_out, source.ends)
        self.held_out = held_out[chosen_rows(len(held_out), num)]
        order = np.random.default_rng(0).permutation(len(held_out))
        references = min(MOST_REFERENCES, max(1, len(held_out) // 2))
        self.bleu, self.beside = held_out[order[:references]], held_out[order[references:][:num]]

    @functools.cached_property
    def encoder(self):
        """The `LocalEncoder`, fitted to all training texts."""
        source = self.source
        return LocalEncoder(trimmed(source.tokens, source.ends), source.vocabulary_size, source.ends)

    @functools.cached_property
    def training_set(self):
        """The set of all training texts, each as bytes."""
        return {row.tobytes() for row in trimmed(self.source.tokens, self.source.ends)}


def as_tokens(samples, source, name="samples"):
    """Checks texts that are to be judged, and makes everything after their ends equal.

    Args:
        samples: int array (num, length).
        source: the data they are compared with.
        name: str, for messages.

    Returns:
        int32 array (num, length).

    Raises:
        SamplesError: fewer than two, another length, no integers, or tokens that the data do not have.
    """
    samples = np.asarray(samples)
    if samples.ndim != 2 or samples.shape[1:] != source.shape or len(samples) < 2:
        raise SamplesError(
            f"{name}: received an array of shape {samples.shape}, expected texts (num, {source.length}), two at least"
        )
    if not np.issubdtype(samples.dtype, np.integer):
        raise SamplesError(f"{name}: received {samples.dtype}, expected integers, the numbers of tokens")
    if samples.min() < 0 or samples.max() >= source.vocabulary_size:
        raise SamplesError(
            f"{name}: received tokens from {samples.min()} to {samples.max()}, expected 0 to "
            f"{source.vocabulary_size - 1} as the reference has"
        )
    return trimmed(samples, source.ends)


def trimmed(tokens, ends):
    """Returns int32 tokens (num, length) with nothing after the end of each text but its end."""
    return np.asarray(cut(tf.constant(tokens, tf.int32), ends))


def lengths(tokens, ends):
    """Returns how many tokens each text has, its end among them: float32 array (num,)."""
    return np.asarray(alive(tf.constant(tokens), ends)).sum(axis=1)


def said(tokens, ends):
    """Returns texts as lists of their tokens, without their ends.

    >>> said(np.array([[5, 6, 0, 0], [0, 0, 0, 0]]), ends=True)
    [[5, 6], []]
    """
    rows = tokens.tolist()
    return [row[: row.index(END)] if END in row else row for row in rows] if ends else rows


def empty_share(tokens, ends):
    """Returns the share of texts that end before they begin."""
    return float((tokens[:, 0] == END).mean()) if ends else 0.0
