"""BLEU as a reward, computed in the graph for all sequences of a batch at once."""

from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le
from keras import ops

from ..core.validation import PositiveInt, validated
from ..errors import ArgumentError
from ..sequences.token_sequences import sequence_mask
from ..sequences.vocabulary import UNKNOWN
from .reward import Reward

# Number of matches that replaces 0 in the numerator of a precision (smoothing method 1 of Chen and Cherry 2014).
SMOOTHING = 0.1
# Code that pads empty tables; no n-gram has it.
NO_NGRAM = np.iinfo(np.int64).max

Order = Annotated[int, Ge(1), Le(4)]


@keras.saving.register_keras_serializable("ganzoo")
class BLEUReward(Reward):
    """The BLEU score of each sequence against reference texts, with smoothing method 1.

    When to use it: as a control that shows that BLEU alone is not a suitable objective: it rises while diversity falls.
    `make_bleu_reward` builds it from training texts.

    Paper: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation"; smoothing: Chen and
    Cherry 2014, method 1. N-grams are encoded as integers in a sorted table, so counts are exact. An unknown word
    matches nothing, not even another unknown word, but it counts in the length of its text.

    Args:
        vocabulary_size: int >= 1.
        has_eos: bool, whether token 0 ends a sequence; the EOS token itself is not counted as a word.
        sizes: list of int, table sizes: the number of n-grams of each length, then the number of reference lengths.
        order: int from 1 to 4, maximal length of n-grams. Default 3.

    Example:

    >>> reward = make_bleu_reward(np.array([[2, 3, 4]]), vocabulary_size=5, has_eos=True)
    >>> reward.compute_reward(tf.constant([[2, 3, 4]]), None).numpy().tolist()
    [1.0]
    """

    def __init__(
        self, vocabulary_size: PositiveInt, has_eos: bool, sizes: list[int], order: Order = 3, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.vocabulary_size, self.has_eos, self.order, self.sizes = vocabulary_size, has_eos, order, list(sizes)
        options = {"trainable": False, "initializer": "zeros"}
        self.ngrams = [
            self.add_weight((size,), dtype="int64", name=f"ngrams_{n}", **options)
            for n, size in enumerate(self.sizes[:order], 1)
        ]
        self.counts = [
            self.add_weight((size,), dtype="float32", name=f"counts_{n}", **options)
            for n, size in enumerate(self.sizes[:order], 1)
        ]
        self.lengths = self.add_weight((self.sizes[order],), dtype="float32", name="lengths", **options)

    def compute_reward(self, tokens, discriminate):
        """Returns the BLEU score of each sequence, 0 for an empty one."""
        valid = sequence_mask(tokens, self.has_eos) * (
            tf.cast(tf.not_equal(tokens, 0), tf.float32) if self.has_eos else 1.0
        )
        length = tf.reduce_sum(valid, axis=1)
        mean_log = 0.0
        for n, (ngrams, counts) in enumerate(zip(self.ngrams, self.counts, strict=True), 1):
            mean_log += tf.math.log(self._precision(tokens, valid, n, ngrams.value, counts.value)) / self.order
        distances = tf.abs(self.lengths.value[tf.newaxis] - length[:, tf.newaxis])
        # The lengths are sorted, so ties are resolved in favor of the shorter reference.
        nearest = tf.gather(self.lengths.value, tf.argmin(distances, axis=1))
        log_brevity_penalty = tf.minimum(0.0, 1 - nearest / tf.maximum(length, 1.0))
        # Without a matching unigram the score is 0, not smoothed.
        unigrams = self._precision(tokens, valid, 1, self.ngrams[0].value, self.counts[0].value, smoothed=False)
        return tf.where(unigrams > 0, tf.exp(mean_log + log_brevity_penalty), 0.0)

    def _precision(self, tokens, valid, n, ngrams, counts, smoothed=True):
        """Returns the modified n-gram precision of each sequence, clipped by the counts of the references."""
        positions = tokens.shape[1] - n + 1
        if positions < 1:
            return tf.fill((ops.shape(tokens)[0],), SMOOTHING)
        codes = sum(
            tf.cast(tokens[:, k : positions + k], tf.int64) * self.vocabulary_size ** (n - 1 - k) for k in range(n)
        )
        valid = valid[:, n - 1 :]
        flat = tf.reshape(codes, (-1,))
        index = tf.minimum(tf.searchsorted(ngrams, flat), ngrams.shape[0] - 1)
        reference_counts = tf.where(tf.gather(ngrams, index) == flat, tf.gather(counts, index), 0)
        reference_counts = tf.reshape(reference_counts, tf.shape(codes))
        equal = tf.cast(codes[:, :, tf.newaxis] == codes[:, tf.newaxis], tf.float32)
        own_counts = tf.reduce_sum(equal * valid[:, tf.newaxis], axis=2)
        # Each of the k occurrences of an n-gram contributes min(1, reference count / k).
        matches = tf.reduce_sum(valid * tf.minimum(1.0, reference_counts / tf.maximum(own_counts, 1.0)), axis=1)
        total = tf.maximum(tf.reduce_sum(valid, axis=1), 1.0)
        return tf.where(matches > 0, matches, SMOOTHING if smoothed else 0.0) / total

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "vocabulary_size": self.vocabulary_size,
            "has_eos": self.has_eos,
            "order": self.order,
            "sizes": self.sizes,
        }


@validated
def make_bleu_reward(
    corpus, vocabulary_size, has_eos, vocabulary=None, order: Order = 3, references: PositiveInt = 500, tokenizer=None,
):  # fmt: skip
    """Builds a `BLEUReward` from training texts.

    Args:
        corpus: int array (num_samples, length), training sequences.
        vocabulary_size: int >= 1.
        has_eos: bool, whether token 0 ends a sequence.
        vocabulary: list of str, words in the order of their tokens, from 2 on, so that token 1 is the unknown word; or
            None if tokens are not words. Default None.
        tokenizer: not used.
        order: int from 1 to 4, maximal length of n-grams. Default 3.
        references: int >= 1, number of training texts, chosen at random, that serve as references. Default 500.

    Raises:
        ArgumentError: a vocabulary so large that n-grams cannot be encoded in 63 bits.
    """
    if vocabulary_size**order >= NO_NGRAM:
        raise ArgumentError(
            f"model.reward.order: received {order} for {vocabulary_size} tokens, expected fewer: n-grams have 63 bits"
        )
    indices = np.random.default_rng(0).permutation(len(corpus))[:references]
    rows = [_without_padding(row, has_eos) for row in np.asarray(corpus)[indices].tolist()]
    unknown = None if vocabulary is None else UNKNOWN
    tables = []
    for n in range(1, order + 1):
        # The highest count of each n-gram in any reference.
        highest = {}
        for row in rows:
            codes = [
                sum(token * vocabulary_size ** (n - 1 - k) for k, token in enumerate(row[start : start + n]))
                for start in range(len(row) - n + 1)
                if unknown not in row[start : start + n]
            ]
            for code, count in zip(*np.unique(np.array(codes, np.int64), return_counts=True), strict=True):
                highest[code] = max(highest.get(code, 0), count)
        ngrams = np.array(sorted(highest), np.int64) if highest else np.array([NO_NGRAM], np.int64)
        tables.append((ngrams, np.array([highest.get(code, 0) for code in ngrams.tolist()], np.float32)))
    lengths = np.unique([len(row) for row in rows]).astype(np.float32)
    reward = BLEUReward(vocabulary_size, has_eos, [*(len(ngrams) for ngrams, _ in tables), len(lengths)], order=order)
    for weights, values in zip((reward.ngrams, reward.counts), zip(*tables, strict=True), strict=True):
        for weight, value in zip(weights, values, strict=True):
            weight.assign(value)
    reward.lengths.assign(lengths)
    return reward


def _without_padding(row, has_eos):
    return row[: row.index(0)] if has_eos and 0 in row else row
