"""Dense layer with spectral normalization."""

import keras
from keras import layers, ops

from .power_iteration import PowerIteration


@keras.saving.register_keras_serializable("ganzoo")
class SpectralDense(PowerIteration, layers.Dense):
    """A dense layer whose kernel is divided by its spectral norm; gradients flow through the division.

    When to use it: as a hidden or last layer of a discriminator that must be Lipschitz continuous. With one unit, the
    spectral norm is the Euclidean norm of the kernel.

    Paper: Miyato et al. 2018, "Spectral normalization for generative adversarial networks" (arXiv:1802.05957),
    equations 7-9 and algorithm 1: one power iteration per training call.

    Args:
        units, **kwargs: of `keras.layers.Dense`; without quantization and LoRA.
        seed: int, seed of the initial vector of the power iteration. Default 0.

    Input shape: (batch, ..., features). Output shape: (batch, ..., units).

    Example:

    >>> SpectralDense(3)(ops.ones((2, 5))).shape
    TensorShape([2, 3])
    """

    def __init__(self, units, seed=0, **kwargs):
        super().__init__(units, **kwargs)
        self.seed = seed

    def build(self, input_shape):
        """Builds the dense layer and the vector of the power iteration."""
        super().build(input_shape)
        self.add_vector(self.units)

    def call(self, inputs, training=None):
        """Multiplies by the normalized kernel."""
        kernel = self.divide_by_spectral_norm(self.kernel, training)
        outputs = ops.matmul(inputs, ops.cast(kernel, inputs.dtype))
        if self.use_bias:
            outputs = ops.add(outputs, self.bias)
        return self.activation(outputs)
