"""The averaged generator: an exponential moving average of weights, measured in images.

Sampling from the average instead of the last weights costs nothing and improves nearly every GAN (Yazici et al. 2019,
arXiv:1806.04498). The half-life with its ramp is that of Karras et al. 2020 (arXiv:1912.04958, their code): early in
training the average forgets quickly, so that it is useful from the start.
"""

import tensorflow as tf


def decay(step, batch_size, half_life, ramp):
    """Returns the share of the old average that survives a step.

    Args:
        step: int scalar tensor, generator updates before this one.
        batch_size: int or int32 scalar, images that the generator makes in a step (over all replicas).
        half_life: float > 0, images after which a weight's contribution has halved.
        ramp: float > 0, the half-life never exceeds this share of the images so far.

    Returns:
        float32 scalar in [0, 1): 0 at the first step.
    """
    batch_size = tf.cast(batch_size, tf.float32)
    images = tf.cast(step, tf.float32) * batch_size
    limited = tf.minimum(float(half_life), images * float(ramp))
    return tf.where(limited > 0, tf.pow(0.5, batch_size / tf.maximum(limited, 1e-8)), 0.0)


def update_average(averages, variables, kept):
    """Moves averages towards variables; counters and seeds are copied.

    Args:
        averages: list of Keras variables.
        variables: list of Keras variables, in the same order.
        kept: float32 scalar in [0, 1), the share that survives.
    """
    for average, variable in zip(averages, variables, strict=True):
        if "float" in average.dtype:
            average.assign(variable + kept * (average - variable))
        else:
            average.assign(variable)
