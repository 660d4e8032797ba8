"""Operations on token sequences: masks, sampling of tokens, and the Gumbel noise used for it."""

import math

import keras
import tensorflow as tf
from keras import ops

from ..core.prng import SAMPLING, threefry, unit_interval

# The token that ends a sequence and pads the rest of its row, in data that have an end-of-sequence (EOS) token.
END = 0
# Lower bound of the uniform numbers behind Gumbel noise, so that their logarithm is finite.
MIN_UNIFORM = 1e-9


def sequence_mask(tokens, has_eos):
    """Returns the mask of the positions that belong to their sequence, including the EOS token.

    Args:
        tokens: int tensor (batch, length).
        has_eos: bool, whether token 0 ends a sequence; otherwise all positions belong to it.

    Returns:
        float32 tensor (batch, length) of 0 and 1.

    Example:

    >>> sequence_mask(tf.constant([[5, 6, 0, 0], [5, 6, 7, 8]]), has_eos=True).numpy().tolist()
    [[1.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]]
    """
    if not has_eos:
        return ops.ones_like(tokens, "float32")
    not_eos = ops.cast(ops.not_equal(tokens, END), "float32")
    return tf.math.cumprod(not_eos, axis=1, exclusive=True)


def mask_after_eos(tokens, has_eos):
    """Replaces all tokens after the first EOS token by EOS, as in generated sequences."""
    return ops.where(ops.cast(sequence_mask(tokens, has_eos), "bool"), tokens, END) if has_eos else tokens


def mean_over_sequences(values, tokens, has_eos):
    """Sums values over the positions of each sequence and averages the sums over the batch.

    Args:
        values: float32 tensor (batch, length).
        tokens: int tensor (batch, length), determines where sequences end.
        has_eos: bool, whether token 0 ends a sequence.

    Returns:
        float32 scalar.
    """
    return ops.mean(ops.sum(values * sequence_mask(tokens, has_eos), axis=1))


# Sampling of tokens.


def gumbel_max(logits, noise):
    """Samples from softmax(logits) by the Gumbel-max trick: the argmax of logits + noise, int32 (batch,).

    Paper: Gumbel 1954; Maddison et al. 2014, "A* sampling" (arXiv:1411.0030), section 2.
    """
    # `keras.ops.argmax` distinguishes -0.0 from 0.0 by operations that are not available on devices.
    return tf.argmax(logits + noise, axis=-1, output_type=tf.int32)


def inverse_cdf_sample(logits, uniforms):
    """Samples from softmax(logits) by inverting the cumulative distribution function: int32 (batch,).

    When to use it: for many sequences at once, since it needs one random number per token, where Gumbel noise needs
    one per token and vocabulary entry. The lookup first finds the block of words and then the word within the block,
    because cumulative sums over thousands of words are slow.

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
    # Rounding must not select a word after the last one with a positive probability.
    rest = ops.minimum(target - before, inside[:, -1:])
    return block * size + ops.sum(ops.cast(inside < rest, "int32"), axis=-1)


# Gumbel noise.


def training_gumbels(seed, step, rows, replicas, shape, update=0):
    """Samples Gumbel noise for a replica's rows of a step's batch, sliced from one tensor for all replicas.

    Args:
        seed: int, the model's seed.
        step: int32 scalar, training steps so far.
        rows: int32 tensor (batch,), positions of the rows in the global batch.
        replicas: int, number of replicas that share the batch.
        shape: tuple of int, shape of the noise of one row.
        update: int in [0, 2048), the generator update of the step. Default 0.

    Returns:
        float32 tensor (batch, *shape).
    """
    # Seeds and steps are int32, so an update changes bits that neither uses.
    key = tf.stack([tf.cast(seed, tf.int64) + update * 2**32, tf.cast(step, tf.int64)])
    count = rows.shape[0] or tf.shape(rows)[0]
    uniforms = tf.random.stateless_uniform((count * replicas, *shape), key, MIN_UNIFORM, 1.0)
    return _gumbel(uniforms if replicas == 1 else tf.gather(uniforms, rows))


def sampling_gumbels(seeds, length, vocabulary_size):
    """Samples Gumbel noise, one sequence per seed; a seed gives the same noise alone and in any batch.

    Args:
        seeds: int32 tensor (batch,).
        length, vocabulary_size: int >= 1.

    Returns:
        float32 tensor (batch, length, vocabulary_size).
    """
    seeds = tf.cast(seeds, tf.int32)
    pairs = (length * vocabulary_size + 1) // 2
    columns = tf.range(pairs, dtype=tf.int32)[tf.newaxis, :]
    key = (seeds[:, tf.newaxis] + tf.zeros_like(columns), tf.constant(SAMPLING, tf.int32))
    first, second = threefry(key, (tf.zeros_like(key[0]), columns + tf.zeros_like(key[0])))
    words = tf.concat([first, second], axis=1)[:, : length * vocabulary_size]
    return _gumbel(tf.reshape(unit_interval(words), (-1, length, vocabulary_size)))


def _gumbel(uniforms):
    # A uniform number of exactly 1 would give infinite noise.
    return -tf.math.log(tf.maximum(-tf.math.log(uniforms), keras.backend.epsilon()))
