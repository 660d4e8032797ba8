"""The reference side of a comparison of texts: training texts, BLEU references, and the held-out baseline."""

import functools

import numpy as np
import tensorflow as tf

from ....zoo.sequences.token_sequences import END, mask_after_eos
from ..image.image_reference import subsample_rows
from ..image.sample_checks import SamplesError
from .local_encoder import LocalEncoder

SPLIT = "train"
# BLEU increases with the number of references, so this number is the same for all data that have enough.
MAX_REFERENCES = 500


class TextReference:
    """The real texts that samples are compared with.

    A fixed permutation splits the held-out texts: at most half of them are the references of BLEU; the others are the
    held-out baseline, evaluated in the same way as samples.

    Args:
        source: the data; `name, tokens, held_out, has_eos, shape, vocabulary_size, oracle, fingerprint` are used.
        num_samples: int >= 2, maximum number of training texts and of held-out texts.

    Attributes:
        real: int32 array, training texts.
        held_out: int32 array, held-out texts.
        bleu_references: int32 array, the held-out texts that BLEU compares with.
        baseline: int32 array, the held-out texts that are evaluated as samples are; may be empty.
    """

    def __init__(self, source, num_samples):
        self.source = source
        self.real = trimmed(source.tokens[subsample_rows(len(source.tokens), num_samples)], source.has_eos)
        held_out = trimmed(source.held_out, source.has_eos)
        self.held_out = held_out[subsample_rows(len(held_out), num_samples)]
        order = np.random.default_rng(0).permutation(len(held_out))
        count = min(MAX_REFERENCES, max(1, len(held_out) // 2))
        self.bleu_references, self.baseline = held_out[order[:count]], held_out[order[count:][:num_samples]]

    @functools.cached_property
    def encoder(self):
        """The `LocalEncoder`, fitted to all training texts."""
        source = self.source
        return LocalEncoder(trimmed(source.tokens, source.has_eos), source.vocabulary_size, source.has_eos)

    @functools.cached_property
    def training_set(self):
        """The set of all training texts, each as bytes."""
        return {row.tobytes() for row in trimmed(self.source.tokens, self.source.has_eos)}


def as_tokens(samples, source, name="samples"):
    """Validates texts and replaces all tokens after the end of a text by padding.

    Args:
        samples: int array (num_samples, length).
        source: the data they are compared with.
        name: str, for messages.

    Returns:
        int32 array (num_samples, length).

    Raises:
        SamplesError: fewer than two texts, another length, no integers, or tokens outside of the vocabulary.
    """
    samples = np.asarray(samples)
    if samples.ndim != 2 or samples.shape[1:] != source.shape or len(samples) < 2:
        raise SamplesError(
            f"{name}: received an array of shape {samples.shape}, expected texts (num_samples, {source.length}), at "
            "least two"
        )
    if not np.issubdtype(samples.dtype, np.integer):
        raise SamplesError(f"{name}: received {samples.dtype}, expected integer tokens")
    if samples.min() < 0 or samples.max() >= source.vocabulary_size:
        raise SamplesError(
            f"{name}: received tokens from {samples.min()} to {samples.max()}, expected 0 to "
            f"{source.vocabulary_size - 1} as the reference has"
        )
    return trimmed(samples, source.has_eos)


def trimmed(tokens, has_eos):
    """Returns int32 tokens (num_samples, length) with padding after the end token of each text."""
    return np.asarray(mask_after_eos(tf.constant(tokens, tf.int32), has_eos))


def token_lists(tokens, has_eos):
    """Returns texts as lists of their tokens, without end tokens and padding.

    >>> token_lists(np.array([[5, 6, 0, 0], [0, 0, 0, 0]]), has_eos=True)
    [[5, 6], []]
    """
    rows = tokens.tolist()
    return [row[: row.index(END)] if END in row else row for row in rows] if has_eos else rows


def empty_share(tokens, has_eos):
    """Returns the share of texts whose first token is the end token."""
    return float((tokens[:, 0] == END).mean()) if has_eos else 0.0
