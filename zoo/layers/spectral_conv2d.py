"""Convolution with spectral normalization."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("ganzoo")
class SpectralConv2D(layers.Conv2D):
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
        """Builds the convolution and the left singular vector of the power iteration."""
        super().build(input_shape)
        # All replicas have equal kernels, so they compute equal vectors.
        self.vector_u = self.add_weight(
            (1, self.filters),
            keras.initializers.RandomNormal(seed=self.seed),
            trainable=False,
            aggregation="only_first_replica",
            dtype="float32",
            autocast=False,
            name="vector_u",
        )

    def call(self, inputs, training=None):
        """Convolves with the normalized kernel."""
        kernel = ops.cast(ops.convert_to_tensor(self.kernel), "float32")
        matrix = ops.reshape(kernel, (-1, self.filters))
        u = ops.convert_to_tensor(self.vector_u)
        v = ops.normalize(ops.matmul(u, ops.transpose(matrix)))
        if training:
            u = ops.normalize(ops.matmul(v, matrix))
            self.vector_u.assign(ops.stop_gradient(u))
        u, v = ops.stop_gradient(u), ops.stop_gradient(v)
        spectral_norm = ops.matmul(ops.matmul(v, matrix), ops.transpose(u))
        outputs = self.convolution_op(inputs, ops.cast(kernel / spectral_norm, inputs.dtype))
        if self.use_bias:
            outputs = ops.add(outputs, ops.reshape(self.bias, (1, 1, 1, -1)))
        return self.activation(outputs)

    def save_own_variables(self, store):
        """Saves every variable; the method of `Conv2D` saves only the kernel and the bias."""
        layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store):
        """Loads every variable."""
        layers.Layer.load_own_variables(self, store)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"seed": self.seed}
