"""BLEU as a reward: computed in the graph, for every sequence of a batch at once."""

from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le
from keras import ops

from .arguments import validated
from .errors import ArgumentError
from .rewards import Reward
from .tokens import alive

# What a precision without a match counts for: a tenth of an n-gram (smoothing method 1 of Chen and Cherry 2014).
SMOOTHING = 0.1
# What pads tables: no n-gram has this number.
NONE = np.iinfo(np.int64).max


@keras.saving.register_keras_serializable("ganzoo")
class BLEUReward(Reward):
    """The BLEU of each sequence against reference texts, with smoothing method 1.

    When to use it: as the control that BLEU alone is no aim: it rises while diversity falls.

    Paper: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation"; smoothing: Chen and
    Cherry 2014, method 1. N-grams are numbers in a sorted table, so counts are exact.

    Args:
        vocabulary_size: int >= 1.
        ends: bool, whether token 0 ends a sequence; the end itself is no word.
        order: int from 1 to 4, the longest n-grams. Default 3.
        sizes: list of int, n-grams of each length in the tables, and lengths of references: `make_bleu_reward`.
    """

    def __init__(
        self, vocabulary_size: Annotated[int, Ge(1)], ends: bool, sizes: list[int],
        order: Annotated[int, Ge(1), Le(4)] = 3, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        self.vocabulary_size, self.ends, self.order, self.sizes = vocabulary_size, ends, order, list(sizes)
        frozen = {"trainable": False, "initializer": "zeros"}
        self.grams = [
            self.add_weight((size,), dtype="int64", name=f"grams_{n}", **frozen)
            for n, size in enumerate(self.sizes[:order], 1)
        ]
        self.counts = [
            self.add_weight((size,), dtype="float32", name=f"counts_{n}", **frozen)
            for n, size in enumerate(self.sizes[:order], 1)
        ]
        self.lengths = self.add_weight((self.sizes[order],), dtype="float32", name="lengths", **frozen)

    def worth(self, tokens, discriminate):
        """Returns the BLEU of each sequence; of an empty one 0."""
        said = alive(tokens, self.ends) * (tf.cast(tf.not_equal(tokens, 0), tf.float32) if self.ends else 1.0)
        length = tf.reduce_sum(said, axis=1)
        logs = 0.0
        for n, (grams, counts) in enumerate(zip(self.grams, self.counts, strict=True), 1):
            logs += tf.math.log(self._precision(tokens, said, n, grams.value, counts.value)) / self.order
        apart = tf.abs(self.lengths.value[tf.newaxis] - length[:, tf.newaxis])
        # Of two references as near, the shorter one, as the lengths are sorted.
        nearest = tf.gather(self.lengths.value, tf.argmin(apart, axis=1))
        brevity = tf.minimum(0.0, 1 - nearest / tf.maximum(length, 1.0))
        # Without any word in common there is nothing to smooth.
        first = self._precision(tokens, said, 1, self.grams[0].value, self.counts[0].value, smoothed=False)
        return tf.where(first > 0, tf.exp(logs + brevity), 0.0)

    def _precision(self, tokens, said, n, grams, counts, smoothed=True):
        """The share of a sequence's n-grams that a reference has too, none counted more often than there."""
        places = tokens.shape[1] - n + 1
        if places < 1:
            return tf.fill((ops.shape(tokens)[0],), SMOOTHING)
        numbers = sum(
            tf.cast(tokens[:, k : places + k], tf.int64) * self.vocabulary_size ** (n - 1 - k) for k in range(n)
        )
        there = said[:, n - 1 :]
        index = tf.minimum(tf.searchsorted(grams, tf.reshape(numbers, (-1,))), grams.shape[0] - 1)
        known = tf.reshape(
            tf.where(tf.gather(grams, index) == tf.reshape(numbers, (-1,)), tf.gather(counts, index), 0),
            tf.shape(numbers),
        )
        same = tf.cast(numbers[:, :, tf.newaxis] == numbers[:, tf.newaxis], tf.float32)
        own = tf.reduce_sum(same * there[:, tf.newaxis], axis=2)
        matched = tf.reduce_sum(there * tf.minimum(1.0, known / tf.maximum(own, 1.0)), axis=1)
        total = tf.maximum(tf.reduce_sum(there, axis=1), 1.0)
        return tf.where(matched > 0, matched, SMOOTHING if smoothed else 0.0) / total

    def get_config(self):
        """Returns the constructor arguments."""
        own = {"vocabulary_size": self.vocabulary_size, "ends": self.ends, "order": self.order, "sizes": self.sizes}
        return super().get_config() | own


@validated
def make_bleu_reward(
    corpus, vocabulary_size, ends, vocabulary=None, order: Annotated[int, Ge(1), Le(4)] = 3,
    references: Annotated[int, Ge(1)] = 500,
):  # fmt: skip
    """Makes a `BLEUReward` of training texts.

    Args:
        corpus: int array (num, length), training sequences.
        vocabulary_size: int.
        ends: bool, whether token 0 ends a sequence.
        vocabulary: not used.
        order: int from 1 to 4. Default 3.
        references: int >= 1, how many texts are references, drawn by lot. Default 500.

    Raises:
        ArgumentError: a vocabulary whose n-grams cannot be numbered.
    """
    if vocabulary_size**order >= NONE:
        raise ArgumentError(
            f"model.reward.order: received {order} for {vocabulary_size} tokens, expected fewer: n-grams have 63 bits"
        )
    chosen = np.random.default_rng(0).permutation(len(corpus))[:references]
    rows = [_said(row, ends) for row in np.asarray(corpus)[chosen].tolist()]
    tables = []
    for n in range(1, order + 1):
        highest = {}
        for row in rows:
            numbers = [
                sum(token * vocabulary_size ** (n - 1 - k) for k, token in enumerate(row[start : start + n]))
                for start in range(len(row) - n + 1)
            ]
            for number, count in zip(*np.unique(np.array(numbers, np.int64), return_counts=True), strict=True):
                highest[number] = max(highest.get(number, 0), count)
        found = np.array(sorted(highest), np.int64) if highest else np.array([NONE], np.int64)
        tables.append((found, np.array([highest.get(number, 0) for number in found.tolist()], np.float32)))
    lengths = np.unique([len(row) for row in rows]).astype(np.float32)
    reward = BLEUReward(vocabulary_size, ends, [*(len(found) for found, _ in tables), len(lengths)], order=order)
    for weights, values in zip((reward.grams, reward.counts), zip(*tables, strict=True), strict=True):
        for weight, value in zip(weights, values, strict=True):
            weight.assign(value)
    reward.lengths.assign(lengths)
    return reward


def _said(row, ends):
    return row[: row.index(0)] if ends and 0 in row else row
