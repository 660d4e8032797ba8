"""The layers with weights that a discriminator consists of, with or without spectral normalization."""

from typing import NamedTuple

from keras import layers

from ..layers.spectral_conv2d import SpectralConv2D
from ..layers.spectral_dense import SpectralDense
from ..layers.spectral_embedding import SpectralEmbedding


class WeightLayers(NamedTuple):
    """The layer classes of a discriminator.

    Attributes:
        convolution: class of the convolutions, that of `keras.layers.Conv2D` or a subclass.
        dense: class of the dense layers, `keras.layers.Dense` or a subclass.
        embedding: class of the embeddings, `keras.layers.Embedding` or a subclass.

    Example:

    >>> weight_layers_of("spectral").dense.__name__, weight_layers_of("batch").dense.__name__
    ('SpectralDense', 'Dense')
    """

    convolution: type = layers.Conv2D
    dense: type = layers.Dense
    embedding: type = layers.Embedding


PLAIN = WeightLayers()


def weight_layers_of(normalization):
    """Returns the `WeightLayers` of a normalization.

    Args:
        normalization: str; "spectral" for spectral normalization of every layer, "spectral_convolutions" for that of
            the convolutions, any other value for the layers of Keras.
    """
    if normalization == "spectral":
        return WeightLayers(SpectralConv2D, SpectralDense, SpectralEmbedding)
    return WeightLayers(SpectralConv2D) if normalization == "spectral_convolutions" else PLAIN
