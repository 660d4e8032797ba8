"""Batch normalization with a predicted scale and shift."""

import keras
from keras import layers, ops

from .batch_normalization import BatchNormalization


@keras.saving.register_keras_serializable("ganzoo")
class ModulatedBatchNormalization(layers.Layer):
    """Batch normalization whose scale and shift are predicted from a conditioning vector.

    When to use it: in a text-conditional generator.

    Paper: de Vries et al. 2017, "Modulating early visual processing by language" (arXiv:1707.00683), equations 4-6: a
    linear layer predicts the differences of the scale from 1 and of the shift from 0.

    Args:
        momentum: float in [0, 1), momentum of the moving statistics. Default 0.9.
        epsilon: float > 0. Default 1e-5.
        seed: int, seed of the initializer. Default 0.

    Input shape: [(batch, ..., channels), (batch, units)]. Output shape: (batch, ..., channels).

    Example:

    >>> layer = ModulatedBatchNormalization()
    >>> layer([ops.ones((2, 4, 4, 3)), ops.ones((2, 16))]).shape
    TensorShape([2, 4, 4, 3])
    """

    def __init__(self, momentum=0.9, epsilon=1e-5, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.momentum, self.epsilon, self.seed = momentum, epsilon, seed
        self.normalize = BatchNormalization(momentum=momentum, epsilon=epsilon, dtype=self.dtype_policy)

    def build(self, input_shape):
        """Builds the normalization and the linear layer that predicts its modulation."""
        features, vector = input_shape
        self.normalize.build(features)
        self.modulation = layers.Dense(
            2 * features[-1],
            use_bias=False,
            kernel_initializer=keras.initializers.RandomNormal(stddev=0.02, seed=self.seed),
            dtype=self.dtype_policy,
        )
        self.modulation.build(vector)

    def call(self, inputs, training=None):
        """Normalizes the features, then applies the predicted scale and shift."""
        features, vector = inputs
        normalized = self.normalize(features, training=training)
        gamma, beta = ops.split(self.modulation(vector), 2, axis=-1)
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        return normalized * (1 + ops.reshape(gamma, shape)) + ops.reshape(beta, shape)

    def compute_output_shape(self, input_shape):
        """Returns the shape of the features."""
        return input_shape[0]

    def get_config(self):
        """Returns the constructor arguments."""
        config = {"momentum": self.momentum, "epsilon": self.epsilon, "seed": self.seed}
        return super().get_config() | config
