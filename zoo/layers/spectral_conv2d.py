"""Convolution with spectral normalization."""

import keras
from keras import layers, ops

from .power_iteration import PowerIteration


@keras.saving.register_keras_serializable("ganzoo")
class SpectralConv2D(PowerIteration, layers.Conv2D):
    """A 2D convolution whose kernel is divided by its spectral norm; gradients flow through the division.

    When to use it: in a discriminator that must be Lipschitz continuous. `keras.layers.SpectralNormalization` is a
    different algorithm: it overwrites the kernel in every forward pass, so the optimizer does not account for the
    normalization.

    Paper: Miyato et al. 2018, "Spectral normalization for generative adversarial networks" (arXiv:1802.05957),
    equations 7-9 and algorithm 1: one power iteration per training call, on the kernel reshaped to a
    (height * width * channels, filters) matrix.

    Args:
        filters, kernel_size, **kwargs: of `keras.layers.Conv2D`.
        seed: int, seed of the initial vector of the power iteration. Default 0.

    Input shape and output shape: of `keras.layers.Conv2D`.

    Example:

    >>> SpectralConv2D(8, 3, padding="same")(ops.ones((1, 6, 6, 4))).shape
    TensorShape([1, 6, 6, 8])
    """

    def __init__(self, filters, kernel_size, seed=0, **kwargs):
        super().__init__(filters, kernel_size, **kwargs)
        self.seed = seed

    def build(self, input_shape):
        """Builds the convolution and the vector of the power iteration."""
        super().build(input_shape)
        self.add_vector(self.filters)

    def call(self, inputs, training=None):
        """Convolves with the normalized kernel."""
        kernel = self.divide_by_spectral_norm(self.kernel, training)
        outputs = self.convolution_op(inputs, ops.cast(kernel, inputs.dtype))
        if self.use_bias:
            outputs = ops.add(outputs, ops.reshape(self.bias, (1, 1, 1, -1)))
        return self.activation(outputs)
