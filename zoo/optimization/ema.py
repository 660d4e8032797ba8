"""Exponential moving average (EMA) of weights, with a half-life in images.

Sampling from the averaged weights instead of the current ones is free and improves nearly every GAN (Yazici et al.
2019, arXiv:1806.04498). The half-life and its ramp-up follow Karras et al. 2020 (arXiv:1912.04958, their code): early
in training the average forgets quickly, so it is useful from the start.
"""

import tensorflow as tf


def decay(step, batch_size, half_life, ramp):
    """Returns the weight of the old average in an EMA update.

    Args:
        step: int scalar tensor, generator updates before this one.
        batch_size: int or int32 scalar, images generated per step, over all replicas.
        half_life: float > 0, number of images after which the contribution of a weight has halved.
        ramp: float > 0, upper bound of the half-life as a fraction of the images so far.

    Returns:
        float32 scalar in [0, 1): 0 at the first step.

    Example:

    >>> round(float(decay(tf.constant(1000), 64, half_life=640, ramp=0.05)), 3)
    0.933
    """
    batch_size = tf.cast(batch_size, tf.float32)
    images = tf.cast(step, tf.float32) * batch_size
    limited = tf.minimum(float(half_life), images * float(ramp))
    return tf.where(limited > 0, tf.pow(0.5, batch_size / tf.maximum(limited, 1e-8)), 0.0)


def update_ema(averages, variables, decay):
    """Updates averages: average <- decay * average + (1 - decay) * variable. Integer variables are copied.

    Args:
        averages: list of Keras variables.
        variables: list of Keras variables, in the same order.
        decay: float32 scalar in [0, 1).
    """
    for average, variable in zip(averages, variables, strict=True):
        if "float" in average.dtype:
            average.assign(variable + decay * (average - variable))
        else:
            average.assign(variable)
