"""One source of latents for training, `generate`, SavedModel and TFLite.

TensorFlow's stateless random ops give other numbers under XLA than without, and have no TFLite built-in. This is
Threefry-2x32 with 20 rounds (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3", table 2), written in
int32 additions and multiplications that wrap, so that the integers are the same in eager mode, graphs, XLA and TFLite
built-in ops. Normals come from them by the Box-Muller transform and agree within float32 rounding.
"""

import tensorflow as tf

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA  # Skein's key-schedule constant, 32-bit form

# The second key word of a sampling draw. Training uses the step there, which is never negative.
SAMPLING = -1
SAMPLING_LABELS = -2


def _shift_right(word, bits):
    """Logical shift: int32 would drag the sign bit along, and uint32 has no additions on some devices."""
    return tf.bitcast(tf.bitwise.right_shift(tf.bitcast(word, tf.uint32), tf.constant(bits, tf.uint32)), tf.int32)


def _rotate_left(word, bits):
    return tf.bitwise.bitwise_xor(word * tf.constant(1 << bits, tf.int32), _shift_right(word, 32 - bits))


def threefry(key, counter):
    """Applies the Threefry-2x32-20 block function.

    Args:
        key: Pair of int32 tensors, broadcastable with the counter.
        counter: Pair of int32 tensors of one shape.

    Returns:
        Pair of int32 tensors of that shape; all 32 bits are random.

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


def _unit_interval(word):
    """The upper 24 bits as a float32 in (0, 1]: exact, and never the zero whose logarithm is infinite."""
    return (tf.cast(_shift_right(word, 8), tf.float32) + 1.0) * tf.constant(2.0**-24, tf.float32)


def _normal(key, rows, latent_dim):
    pairs = (latent_dim + 1) // 2
    columns = tf.range(pairs, dtype=tf.int32)[tf.newaxis, :]
    rows = rows[:, tf.newaxis] + tf.zeros_like(columns)
    first, second = threefry(key, (rows, columns + tf.zeros_like(rows)))
    radius = tf.sqrt(-2.0 * tf.math.log(_unit_interval(first)))
    angle = tf.constant(6.283185307179586, tf.float32) * _unit_interval(second)
    return tf.concat([radius * tf.cos(angle), radius * tf.sin(angle)], axis=1)[:, :latent_dim]


def training_latents(seed, step, rows, latent_dim):
    """Draws the latents of some rows of a step's batch.

    A row's latents hang on (seed, step, row) alone, so a batch may be cut across replicas in any way.

    Args:
        seed: int32 scalar, the model's seed.
        step: int32 scalar >= 0, the generator updates so far.
        rows: int32 tensor of shape (batch,), the rows' positions in the global batch.
        latent_dim: Python int.

    Returns:
        float32 tensor (batch, latent_dim), standard normal.
    """
    key = (tf.cast(seed, tf.int32), tf.cast(step, tf.int32))
    return _normal(key, rows, latent_dim)


def training_uniforms(seed, step, stream, num):
    """Draws numbers for a step, the same in every mode of execution.

    Args:
        seed: int32 scalar.
        step: int32 scalar >= 0, the generator updates so far.
        stream: int32 scalar, tells draws of one step apart, such as a replica's number.
        num: int or int32 scalar.

    Returns:
        float32 tensor (num,), uniform in (0, 1].
    """
    counter = (tf.range(num), tf.zeros((num,), tf.int32) + tf.cast(stream, tf.int32))
    key = (tf.cast(seed, tf.int32), tf.cast(step, tf.int32))
    return _unit_interval(threefry(key, counter)[0])


def sampling_latents(seeds, latent_dim):
    """Draws one latent vector for each seed; seed s gives the same vector alone or in any batch.

    Args:
        seeds: int32 tensor of shape (batch,).
        latent_dim: Python int.

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
    """Draws one class label for each seed, every class equally often on average.

    Args:
        seeds: int32 tensor of shape (batch,).
        num_classes: Python int >= 1.

    Returns:
        int32 tensor (batch,), from 0 to num_classes - 1.
    """
    seeds = tf.cast(seeds, tf.int32)
    word, _ = threefry((seeds, tf.constant(SAMPLING_LABELS, tf.int32)), (tf.zeros_like(seeds), tf.zeros_like(seeds)))
    # 24 bits over a few classes: no class is off by more than a millionth.
    return _shift_right(word, 8) % num_classes
