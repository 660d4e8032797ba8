"""Embedding with spectral normalization."""

import keras
from keras import layers, ops

from .power_iteration import PowerIteration


@keras.saving.register_keras_serializable("ganzoo")
class SpectralEmbedding(PowerIteration, layers.Embedding):
    """An embedding whose table is divided by its spectral norm; gradients flow through the division.

    When to use it: for the labels of a discriminator that must be Lipschitz continuous. No embedding is longer than 1.

    Paper: Miyato et al. 2018, "Spectral normalization for generative adversarial networks" (arXiv:1802.05957),
    equations 7-9 and algorithm 1: one power iteration per training call, on the table as an (input_dim, output_dim)
    matrix; for the label embedding of the projection discriminator, Miyato and Koyama 2018 (arXiv:1802.05637).

    Args:
        input_dim, output_dim, **kwargs: of `keras.layers.Embedding`; without quantization and LoRA.
        seed: int, seed of the initial vector of the power iteration. Default 0.

    Input shape: (batch, ...) int. Output shape: (batch, ..., output_dim).

    Example:

    >>> SpectralEmbedding(10, 3)(ops.array([7, 0])).shape
    TensorShape([2, 3])
    """

    def __init__(self, input_dim, output_dim, seed=0, **kwargs):
        super().__init__(input_dim, output_dim, **kwargs)
        self.seed = seed

    def build(self, input_shape=None):
        """Builds the table and the vector of the power iteration."""
        super().build(input_shape)
        self.add_vector(self.output_dim)

    def call(self, inputs, training=None):
        """Looks up rows of the normalized table."""
        table = self.divide_by_spectral_norm(self.embeddings, training)
        return ops.cast(ops.take(table, ops.cast(inputs, "int32"), axis=0), self.compute_dtype)
