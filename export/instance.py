"""Instance normalisation in a form that eight bits can hold."""

import tensorflow as tf
from keras import layers


class InstanceNormalization(layers.Layer):
    """Computes what a `GroupNormalization` with one group a channel does.

    Keras takes the variance as E[x^2] - E[x]^2, whose difference is lost where both are rounded to 256 steps. Here what
    is squared has its mean taken off before; there are fewer operations, too, and none of five axes.

    Args:
        gamma, beta: float32 arrays (channels,).
        epsilon: float, added to the variance.

    Input shape: (batch, height, width, channels). Output shape: the same.
    """

    def __init__(self, gamma, beta, epsilon, **kwargs):
        super().__init__(**kwargs)
        self.gamma, self.beta, self.epsilon = gamma, beta, epsilon
        self.built = True

    def call(self, inputs):
        """Returns each channel with the mean `beta` and the deviation `gamma`."""
        centred = inputs - tf.reduce_mean(inputs, (1, 2), keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), (1, 2), keepdims=True)
        return centred * (self.gamma * tf.math.rsqrt(variance + self.epsilon)) + self.beta

    def compute_output_shape(self, input_shape):
        """Returns the input's shape."""
        return input_shape
