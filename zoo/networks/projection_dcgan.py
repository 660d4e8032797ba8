"""The DCGAN pair with conditional batch normalization and a projection discriminator (Miyato and Koyama 2018)."""

from typing import Literal

import keras
from keras import layers

from ..core.validation import NumClasses, PositiveInt, validated
from ..layers.conditional_batch_normalization import ConditionalBatchNormalization
from ..layers.spectral_conv2d import SpectralConv2D
from .conditional_dcgan import label_inputs
from .dcgan import check_shape, flat_features, logits_head, make_normalization, normal, upsampling_stack


@validated
def projection_dcgan_generator(
    latent_dim: PositiveInt,
    shape: tuple[PositiveInt, ...],
    num_classes: NumClasses,
    width: PositiveInt = 64,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN generator with class-conditional batch normalization.

    Paper: Miyato and Koyama 2018 (arXiv:1802.05637), section 5, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        latent_dim: int >= 1.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as in `dcgan_generator`. Default 64.
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, latent_dim) and (batch,) int32 labels. Output shape: (batch, height, width, channels), float32
    in [-1, 1].

    Example:

    >>> projection_dcgan_generator(64, (28, 28, 1), num_classes=10, width=16).output_shape
    (None, 28, 28, 1)
    """
    check_shape("projection_dcgan_generator", shape)
    latents, labels = label_inputs(keras.Input((latent_dim,), name="latents"))

    def normalize(x):
        return ConditionalBatchNormalization(num_classes, dtype=dtype)([x, labels])

    images = upsampling_stack(latents, shape, width, seed, dtype, normalize)
    return keras.Model([latents, labels], images, name="projection_dcgan_generator")


@validated
def projection_dcgan_discriminator(
    shape: tuple[PositiveInt, ...],
    num_classes: NumClasses,
    width: PositiveInt = 64,
    normalization: Literal["spectral", "batch", "layer", "none"] = "spectral",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator whose logit includes the inner product of features and a label embedding.

    Paper: Miyato and Koyama 2018 (arXiv:1802.05637), equation 3; spectral normalization: Miyato et al. 2018
    (arXiv:1802.05957).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as in `dcgan_discriminator`. Default 64.
        normalization: "spectral", "batch", "layer" or "none". Default "spectral".
        seed: int, seed of the initializers. Default 0.
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
    features = flat_features(images, width, seed, dtype, make_normalization(normalization, dtype), convolution)
    features = layers.Activation("linear", dtype="float32")(features)
    table = layers.Embedding(num_classes, features.shape[-1], normal(seed + 100), dtype="float32")
    product = layers.Dot(axes=1, dtype="float32")([features, table(labels)])
    logits = layers.Add(dtype="float32", name="projected")([logits_head(features, seed + 50), product])
    return keras.Model([images, labels], logits, name="projection_dcgan_discriminator")
