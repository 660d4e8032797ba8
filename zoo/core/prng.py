"""One source of random numbers for training, `generate`, SavedModel and TFLite.

TensorFlow's stateless random ops give different numbers with and without XLA, and have no TFLite built-in. This module
implements Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", table 2) in
wrapping int32 additions and multiplications, so the integers are identical in eager mode, graphs, XLA and TFLite
built-in ops. Normals are computed from them by the Box-Muller transform and agree within float32 rounding.
"""

import tensorflow as tf

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA  # Skein's key-schedule constant, 32-bit form

# The second key word when sampling. Training uses the step instead, which is never negative.
SAMPLING = -1
SAMPLING_LABELS = -2
# Numbers of a row that an update of a step may draw before they would be those of the next update.
NUMBERS_PER_UPDATE = 2**20


def _shift_right(word, bits):
    """Shifts logically: an int32 shift would copy the sign bit, and some devices cannot add uint32."""
    return tf.bitcast(tf.bitwise.right_shift(tf.bitcast(word, tf.uint32), tf.constant(bits, tf.uint32)), tf.int32)


def _rotate_left(word, bits):
    return tf.bitwise.bitwise_xor(word * tf.constant(1 << bits, tf.int32), _shift_right(word, 32 - bits))


def threefry(key, counter):
    """Applies the Threefry-2x32-20 block function.

    Args:
        key: pair of int32 tensors, broadcastable with the counter.
        counter: pair of int32 tensors of equal shape.

    Returns:
        Pair of int32 tensors of the counter's shape; all 32 bits are random.

    Example:

    >>> zero = tf.zeros((1,), tf.int32)
    >>> [hex(int(word[0]) & 0xFFFFFFFF) for word in threefry((zero, zero), (zero, zero))]
    ['0x6b200159', '0x99ba4efe']
    """
    keys = (*key, tf.bitwise.bitwise_xor(tf.bitwise.bitwise_xor(key[0], key[1]), tf.constant(PARITY, tf.int32)))
    x0, x1 = counter[0] + keys[0], counter[1] + keys[1]
    for group in range(5):
        for bits in ROTATIONS[group % 2]:
            x0 = x0 + x1
            x1 = tf.bitwise.bitwise_xor(_rotate_left(x1, bits), x0)
        x0 = x0 + keys[(group + 1) % 3]
        x1 = x1 + keys[(group + 2) % 3] + tf.constant(group + 1, tf.int32)
    return x0, x1


def unit_interval(word):
    """Maps the upper 24 bits to a float32 in (0, 1]: exactly, and never to 0, whose logarithm is infinite."""
    return (tf.cast(_shift_right(word, 8), tf.float32) + 1.0) * tf.constant(2.0**-24, tf.float32)


def _normal(key, rows, latent_dim, update=0):
    pairs = (latent_dim + 1) // 2
    columns = update * NUMBERS_PER_UPDATE + tf.range(pairs, dtype=tf.int32)[tf.newaxis, :]
    rows = rows[:, tf.newaxis] + tf.zeros_like(columns)
    first, second = threefry(key, (rows, columns + tf.zeros_like(rows)))
    radius = tf.sqrt(-2.0 * tf.math.log(unit_interval(first)))
    angle = tf.constant(6.283185307179586, tf.float32) * unit_interval(second)
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)[:, :latent_dim]


def training_latents(seed, step, rows, latent_dim, update=0):
    """Samples the latents of some rows of a step's batch.

    The latents of a row depend only on (seed, step, update, row), so a batch may be split across replicas in any way.

    Args:
        seed: int32 scalar, the model's seed.
        step: int32 scalar >= 0, training steps so far.
        rows: int32 tensor (batch,), positions of the rows in the global batch.
        latent_dim: int >= 1.
        update: int in [0, 2048), the generator update of the step. Default 0.

    Returns:
        float32 tensor (batch, latent_dim), standard normal.
    """
    key = (tf.cast(seed, tf.int32), tf.cast(step, tf.int32))
    return _normal(key, rows, latent_dim, update)


def training_uniforms(seed, step, stream, count):
    """Samples the uniform numbers of a step, identical in every execution mode.

    Args:
        seed: int32 scalar.
        step: int32 scalar >= 0, training steps so far.
        stream: int32 scalar, distinguishes the streams of a step, such as the index of a replica.
        count: int or int32 scalar >= 0.

    Returns:
        float32 tensor (count,), uniform in (0, 1].
    """
    counter = (tf.range(count), tf.zeros((count,), tf.int32) + tf.cast(stream, tf.int32))
    key = (tf.cast(seed, tf.int32), tf.cast(step, tf.int32))
    return unit_interval(threefry(key, counter)[0])


def training_uniforms_of_rows(seed, step, rows, count, update=0):
    """Samples the uniform numbers of some rows of a step's batch.

    The numbers of a row depend only on (seed, step, update, row), so a batch may be split across replicas in any way.

    Args:
        seed: int32 scalar.
        step: int32 scalar >= 0, training steps so far.
        rows: int32 tensor (batch,), positions of the rows in the global batch.
        count: int >= 1, numbers per row.
        update: int in [0, 2048), the generator update of the step. Default 0.

    Returns:
        float32 tensor (batch, count), uniform in (0, 1].
    """
    key = (tf.cast(seed, tf.int32), tf.cast(step, tf.int32))
    columns = update * NUMBERS_PER_UPDATE + tf.range(count, dtype=tf.int32)[tf.newaxis, :]
    counters = (rows[:, tf.newaxis] + tf.zeros_like(columns), columns + tf.zeros_like(rows)[:, tf.newaxis])
    return unit_interval(threefry(key, counters)[0])


def sampling_latents(seeds, latent_dim):
    """Samples one latent vector per seed; a seed gives the same vector alone and in any batch.

    Args:
        seeds: int32 tensor (batch,).
        latent_dim: int >= 1.

    Returns:
        float32 tensor (batch, latent_dim), standard normal.

    Example:

    >>> sampling_latents(tf.constant([7, 8]), 64).shape
    TensorShape([2, 64])
    """
    seeds = tf.cast(seeds, tf.int32)
    key = (seeds[:, tf.newaxis], tf.constant(SAMPLING, tf.int32))
    return _normal(key, tf.zeros_like(seeds), latent_dim)


def sampling_labels(seeds, num_classes):
    """Samples one class label per seed, uniformly over the classes.

    Args:
        seeds: int32 tensor (batch,).
        num_classes: int >= 1.

    Returns:
        int32 tensor (batch,), in 0 to num_classes - 1.
    """
    seeds = tf.cast(seeds, tf.int32)
    word, _ = threefry((seeds, tf.constant(SAMPLING_LABELS, tf.int32)), (tf.zeros_like(seeds), tf.zeros_like(seeds)))
    # 24 bits modulo a few classes: the bias of a class is below one millionth.
    return _shift_right(word, 8) % num_classes
