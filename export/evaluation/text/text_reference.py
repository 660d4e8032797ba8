"""The reference side of a comparison of texts: training texts, BLEU references, and the held-out baseline."""

import functools

import numpy as np
import tensorflow as tf

from ....zoo.sequences.token_sequences import END, mask_after_eos
from ....zoo.sequences.vocabulary import UNKNOWN
from ..image.image_reference import subsample_rows
from ..image.sample_checks import SamplesError
from .local_encoder import LocalEncoder

SPLIT = "train"
# BLEU increases with the number of references, so this number is the same for all data that have enough.
MAX_REFERENCES = 500


class TextReference:
    """The real texts that samples are compared with.

    A fixed permutation splits the held-out texts: at most half of them are the references of BLEU; the others are the
    held-out baseline, evaluated in the same way as samples. Generators sample no unknown words, so the texts that
    samples are compared with, and the baseline, have none either.

    Args:
        source: the data; `name, tokens, held_out, has_eos, shape, vocabulary, vocabulary_size, oracle, fingerprint` are
            used.
        num_samples: int >= 2, maximum number of training texts and of held-out texts.

    Attributes:
        unknown: int, the token of unknown words, or None if tokens are not words.
        real: int32 array, training texts without unknown words.
        held_out: int32 array, held-out texts.
        bleu_references: int32 array, the held-out texts that BLEU compares with.
        baseline: int32 array, the held-out texts that are evaluated as samples are, those without unknown
            words; may be empty.
    """

    def __init__(self, source, num_samples):
        self.source, self.unknown = source, UNKNOWN if source.vocabulary else None
        known = source.tokens[~has_unknown(source.tokens, self.unknown)]
        self.real = trimmed(known[subsample_rows(len(known), num_samples)], source.has_eos)
        held_out = trimmed(source.held_out, source.has_eos)
        self.held_out = held_out[subsample_rows(len(held_out), num_samples)]
        order = np.random.default_rng(0).permutation(len(held_out))
        count = min(MAX_REFERENCES, max(1, len(held_out) // 2))
        self.bleu_references, others = held_out[order[:count]], held_out[order[count:]]
        self.baseline = others[~has_unknown(others, self.unknown)][:num_samples]

    @functools.cached_property
    def encoder(self):
        """The `LocalEncoder`, fitted to all training texts."""
        source = self.source
        tokens = trimmed(source.tokens, source.has_eos)
        return LocalEncoder(tokens, source.vocabulary_size, source.has_eos, self.unknown)

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


def token_lists(tokens, has_eos, unknown=None):
    """Returns texts as lists of their tokens, without end tokens and padding.

    Args:
        tokens: int array (num_samples, length).
        has_eos: bool, whether token 0 ends a text.
        unknown: int, the token of unknown words, or None. Each unknown word becomes an object that equals nothing else,
            so it counts in lengths but matches no word, not even another unknown one. Default None.

    >>> token_lists(np.array([[5, 6, 0, 0], [0, 0, 0, 0]]), has_eos=True)
    [[5, 6], []]
    """
    rows = tokens.tolist()
    rows = [row[: row.index(END)] if END in row else row for row in rows] if has_eos else rows
    return [[object() if token == unknown else token for token in row] for row in rows]


def has_unknown(tokens, unknown):
    """Returns which texts have an unknown word: bool array (num_samples,); none has if `unknown` is None."""
    return np.zeros(len(tokens), bool) if unknown is None else (tokens == unknown).any(axis=1)


def unknown_share(tokens, has_eos, unknown):
    """Returns the share of unknown words among the words of texts, 0 if they have no words."""
    if unknown is None:
        return 0.0
    num_words = np.count_nonzero(tokens != END) if has_eos else tokens.size
    return float((tokens == unknown).sum() / max(1, num_words))


def empty_share(tokens, has_eos):
    """Returns the share of texts whose first token is the end token."""
    return float((tokens[:, 0] == END).mean()) if has_eos else 0.0
