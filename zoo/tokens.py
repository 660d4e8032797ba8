"""Sequences of tokens: where they end, what is drawn, and the random numbers it is drawn by."""

import math

import keras
import tensorflow as tf
from keras import ops

from .latents import SAMPLING, _unit_interval, threefry

# Where sequences end at all, this token ends them and fills what is left.
END = 0
# Below it a random number is taken for it: its logarithm is finite.
LEAST = 1e-9


def alive(tokens, ends):
    """Returns which positions belong to their sequence, its end token among them.

    Args:
        tokens: int tensor (batch, length).
        ends: bool, whether token 0 ends a sequence; without it all positions belong.

    Returns:
        float32 tensor (batch, length) of 0 and 1.

    Example:

    >>> alive(tf.constant([[5, 6, 0, 0], [5, 6, 7, 8]]), ends=True).numpy().tolist()
    [[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]]
    """
    if not ends:
        return ops.ones_like(tokens, "float32")
    going_on = ops.cast(ops.not_equal(tokens, END), "float32")
    return tf.math.cumprod(going_on, axis=1, exclusive=True)


def cut(tokens, ends):
    """Returns tokens with everything after the first end token replaced by it, as generated sequences have it."""
    return ops.where(ops.cast(alive(tokens, ends), "bool"), tokens, END) if ends else tokens


def mean_over_sequences(values, tokens, ends):
    """Returns the mean over a batch of the sums over each sequence's own positions.

    Args:
        values: float32 tensor (batch, length).
        tokens: int tensor (batch, length), which tells where sequences end.
        ends: bool.
    """
    return ops.mean(ops.sum(values * alive(tokens, ends), axis=1))


# How a token is drawn.


def gumbel_max(logits, noise):
    """Draws from softmax(logits) by the largest of logits with Gumbel noise: int32 (batch,).

    Paper: Gumbel 1954; Maddison et al. 2014, "A* sampling" (arXiv:1411.0030), section 2.
    """
    # Keras' own tells -0.0 from 0.0, by operations that devices do not have.
    return tf.argmax(logits + noise, axis=-1, output_type=tf.int32)


def by_distribution(logits, uniforms):
    """Draws from softmax(logits) by where a uniform number falls in the distribution function: int32 (batch,).

    One number a token does what Gumbel noise needs one a token and word for: for many sequences at a time. First the
    block of words is found, then the word in it, since running sums over thousands of words are slow.

    Args:
        logits: float32 tensor (batch, words).
        uniforms: float32 tensor (batch,) in (0, 1].
    """
    words = logits.shape[-1]
    size = math.isqrt(words - 1) + 1
    blocks = -(-words // size)
    masses = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    masses = ops.reshape(ops.pad(masses, ((0, 0), (0, blocks * size - words))), (-1, blocks, size))
    sums = ops.cumsum(ops.sum(masses, axis=-1), axis=-1)
    target = uniforms[:, None] * sums[:, -1:]
    passed = sums < target
    block = ops.sum(ops.cast(passed, "int32"), axis=-1)
    before = ops.max(ops.where(passed, sums, 0.0), axis=-1, keepdims=True)
    inside = ops.cumsum(tf.gather(masses, block, axis=1, batch_dims=1), axis=-1)
    # Rounding must not lead past the last word that can be.
    rest = ops.minimum(target - before, inside[:, -1:])
    return block * size + ops.sum(ops.cast(inside < rest, "int32"), axis=-1)


# Random numbers, named by what they are for, so that a resumed run and replicas see the same ones.


def training_gumbels(seed, step, rows, replicas, shape):
    """Draws Gumbel noise for a replica's rows of a step's batch, cut from one draw over all replicas.

    Args:
        seed: int, the model's seed.
        step: int32 scalar, the generator updates so far.
        rows: int32 tensor (batch,), the rows' positions in the global batch.
        replicas: int, how many replicas share the batch.
        shape: tuple of int, of the noise of one row.

    Returns:
        float32 tensor (batch, *shape).
    """
    key = tf.stack([tf.cast(seed, tf.int64), tf.cast(step, tf.int64)])
    count = rows.shape[0] or tf.shape(rows)[0]
    drawn = tf.random.stateless_uniform((count * replicas, *shape), key, LEAST, 1.0)
    return _gumbel(drawn if replicas == 1 else tf.gather(drawn, rows))


def training_uniforms_of_rows(seed, step, rows, num):
    """Draws numbers for the rows of a step's batch, each row's hanging on (seed, step, row) alone.

    Args:
        seed, step: int32 scalars.
        rows: int32 tensor (batch,), the rows' positions in the global batch.
        num: int, numbers of a row.

    Returns:
        float32 tensor (batch, num), uniform in (0, 1].
    """
    key = (tf.cast(seed, tf.int32), tf.cast(step, tf.int32))
    columns = tf.range(num, dtype=tf.int32)[tf.newaxis, :]
    counters = (rows[:, tf.newaxis] + tf.zeros_like(columns), columns + tf.zeros_like(rows)[:, tf.newaxis])
    return _unit_interval(threefry(key, counters)[0])


def sampling_gumbels(seeds, length, vocabulary_size):
    """Draws the Gumbel noise of a sample for each seed; seed s gives the same noise alone or in any batch.

    Args:
        seeds: int32 tensor (batch,).
        length, vocabulary_size: int.

    Returns:
        float32 tensor (batch, length, vocabulary_size).
    """
    seeds = tf.cast(seeds, tf.int32)
    num = (length * vocabulary_size + 1) // 2
    columns = tf.range(num, dtype=tf.int32)[tf.newaxis, :]
    key = (seeds[:, tf.newaxis] + tf.zeros_like(columns), tf.constant(SAMPLING, tf.int32))
    first, second = threefry(key, (tf.zeros_like(key[0]), columns + tf.zeros_like(key[0])))
    words = tf.concat([first, second], axis=1)[:, : length * vocabulary_size]
    return _gumbel(tf.reshape(_unit_interval(words), (-1, length, vocabulary_size)))


def _gumbel(uniforms):
    # A 1 among float32 numbers in (0, 1] would be infinite noise.
    return -tf.math.log(tf.maximum(-tf.math.log(uniforms), keras.backend.epsilon()))
