"""The DCGAN pair with conditional batch normalisation and a projection discriminator (Miyato and Koyama 2018)."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge
from keras import layers

from ..arguments import validated
from ..layers import ConditionalBatchNormalization, SpectralConv2D
from .dcgan import check_shape, grow, last_logits, normal, normaliser, shrink
from .labelled_dcgan import label_inputs

Count = Annotated[int, Ge(1)]
Classes = Annotated[int, Ge(2)]


@validated
def projection_dcgan_generator(
    latent_dim: Count,
    shape: tuple[Count, ...],
    num_classes: Classes,
    width: Count = 64,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN generator that hears the label in the scales and shifts of its batch normalisation.

    Paper: Miyato and Koyama 2018 (arXiv:1802.05637), section 5, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        latent_dim: int >= 1.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as of `dcgan_generator`. Default 64.
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, latent_dim) and (batch,) int32 labels. Output shape: (batch, height, width, channels), float32
    in [-1, 1].

    Example:

    >>> projection_dcgan_generator(64, (28, 28, 1), num_classes=10, width=16).output_shape
    (None, 28, 28, 1)
    """
    check_shape("projection_dcgan_generator", shape)
    latents, labels = label_inputs(keras.Input((latent_dim,), name="latents"))

    def normalise(x):
        return ConditionalBatchNormalization(num_classes, dtype=dtype)([x, labels])

    images = grow(latents, shape, width, seed, dtype, normalise)
    return keras.Model([latents, labels], images, name="projection_dcgan_generator")


@validated
def projection_dcgan_discriminator(
    shape: tuple[Count, ...],
    num_classes: Classes,
    width: Count = 64,
    normalization: Literal["spectral", "batch", "layer", "none"] = "spectral",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator whose logit grows with the product of the features and an embedding of the label.

    Paper: Miyato and Koyama 2018 (arXiv:1802.05637), equation 3; spectral normalisation: Miyato et al. 2018
    (arXiv:1802.05957).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as of `dcgan_discriminator`. Default 64.
        normalization: "spectral", "batch", "layer" or "none". Default "spectral".
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, height, width, channels) in [-1, 1], and (batch,) int32 labels. Output shape: (batch, 1),
    float32 logits.

    Example:

    >>> projection_dcgan_discriminator((28, 28, 1), num_classes=10, width=16).output_shape
    (None, 1)
    """
    check_shape("projection_dcgan_discriminator", shape)
    images, labels = label_inputs(keras.Input(shape, name="images"))
    convolution = SpectralConv2D if normalization == "spectral" else layers.Conv2D
    features = shrink(images, width, seed, dtype, normaliser(normalization, dtype), convolution)
    features = layers.Activation("linear", dtype="float32")(features)
    table = layers.Embedding(num_classes, features.shape[-1], normal(seed + 100), dtype="float32")
    product = layers.Dot(axes=1, dtype="float32")([features, table(labels)])
    logits = layers.Add(dtype="float32", name="projected")([last_logits(features, seed + 50), product])
    return keras.Model([images, labels], logits, name="projection_dcgan_discriminator")
