"""Batch normalization with a scale and a shift per class."""

import keras
from keras import layers, ops

from .batch_normalization import BatchNormalization


@keras.saving.register_keras_serializable("ganzoo")
class ConditionalBatchNormalization(layers.Layer):
    """Batch normalization with one scale and one shift per class and channel.

    When to use it: in a class-conditional generator.

    Paper: Dumoulin et al. 2017 (arXiv:1610.07629), equation 5; de Vries et al. 2017 (arXiv:1707.00683).

    Args:
        num_classes: int >= 2.
        momentum: float in [0, 1), momentum of the moving statistics. Default 0.9.
        epsilon: float > 0. Default 1e-5.

    Input shape: [(batch, ..., channels), (batch,) int32 labels]. Output shape: (batch, ..., channels).

    Example:

    >>> layer = ConditionalBatchNormalization(10)
    >>> layer([ops.ones((2, 4, 4, 3)), ops.array([0, 7])]).shape
    TensorShape([2, 4, 4, 3])
    """

    def __init__(self, num_classes, momentum=0.9, epsilon=1e-5, **kwargs):
        super().__init__(**kwargs)
        self.num_classes, self.momentum, self.epsilon = num_classes, momentum, epsilon
        self.normalize = BatchNormalization(
            momentum=momentum, epsilon=epsilon, center=False, scale=False, dtype=self.dtype_policy
        )

    def build(self, input_shape):
        """Creates the scale and the shift of each class, initialized with 1 and 0."""
        features, _ = input_shape
        self.normalize.build(features)
        self.gamma = self.add_weight((self.num_classes, features[-1]), "ones", name="gamma")
        self.beta = self.add_weight((self.num_classes, features[-1]), "zeros", name="beta")

    def call(self, inputs, training=None):
        """Normalizes the features, then applies the scale and shift of each label."""
        features, labels = inputs
        normalized = self.normalize(features, training=training)
        shape = (-1, *[1] * (len(features.shape) - 2), features.shape[-1])
        gamma, beta = (
            ops.reshape(ops.take(ops.convert_to_tensor(table), labels, axis=0), shape)
            for table in (self.gamma, self.beta)
        )
        return normalized * ops.cast(gamma, normalized.dtype) + ops.cast(beta, normalized.dtype)

    def compute_output_shape(self, input_shape):
        """Returns the shape of the features."""
        return input_shape[0]

    def get_config(self):
        """Returns the constructor arguments."""
        config = {"num_classes": self.num_classes, "momentum": self.momentum, "epsilon": self.epsilon}
        return super().get_config() | config
