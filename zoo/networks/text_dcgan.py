"""The DCGAN pair that hears a sentence (Reed et al. 2016), in all its layers."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge
from keras import layers

from ..arguments import validated
from ..errors import ArgumentError
from ..layers import ConditioningAugmentation, ModulatedBatchNormalization, SpectralConv2D
from .dcgan import check_shape, descend, grow, last_logits, normal, normaliser

Count = Annotated[int, Ge(1)]


@validated
def text_dcgan_generator(
    latent_dim: Count,
    shape: tuple[Count, ...],
    text_dim: Count,
    width: Count = 64,
    condition_dim: Count = 128,
    augmentation: bool = False,
    normalization: Literal["modulated", "batch", "none"] = "modulated",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN generator whose latents are followed by a projection of the text's vector.

    The projection also moves the scales and shifts of the batch normalisations. With normalization "batch" it does not,
    which is the paper's generator, and learns what captions say several times slower.

    Paper: Reed et al. 2016 (arXiv:1605.05396), section 4.1; modulation: de Vries et al. 2017 (arXiv:1707.00683);
    conditioning augmentation: Zhang et al. 2017, "StackGAN" (arXiv:1612.03242), section 3.2.

    Args:
        latent_dim: int >= 1; with augmentation the first `condition_dim` of them are its noise.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        text_dim: int >= 1, of the text's vector.
        width: int >= 1, as of `dcgan_generator`. Default 64.
        condition_dim: int >= 1, of the projection. Default 128.
        augmentation: bool, whether the projection is drawn from a Gaussian around the text, kept close to the standard
            one. Default False.
        normalization: "modulated", "batch" or "none". Default "modulated".
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, latent_dim) and (batch, text_dim). Output shape: (batch, height, width, channels), float32 in
    [-1, 1].

    Raises:
        ArgumentError: fewer latents than the augmentation takes noise from.

    Example:

    >>> text_dcgan_generator(64, (32, 32, 3), text_dim=32, width=16).output_shape
    (None, 32, 32, 3)
    """
    check_shape("text_dcgan_generator", shape)
    if augmentation and latent_dim < condition_dim:
        raise ArgumentError(
            f"model.generator.condition_dim: received {condition_dim} for {latent_dim} latents, expected at most as "
            "many: the augmentation takes its noise from them"
        )
    latents, text = keras.Input((latent_dim,), name="latents"), keras.Input((text_dim,), name="text")
    if augmentation:
        condition = ConditioningAugmentation(condition_dim, seed=seed + 100, dtype=dtype)([latents, text])
    else:
        projected = layers.Dense(condition_dim, kernel_initializer=_glorot(seed + 100), dtype=dtype)(text)
        condition = layers.LeakyReLU(0.2, dtype=dtype)(projected)
    joined = layers.Concatenate(dtype=dtype)([latents, condition])
    seeds = iter(range(seed + 200, seed + 300))

    def modulate(x):
        return ModulatedBatchNormalization(seed=next(seeds), dtype=dtype)([x, condition])

    normalise = modulate if normalization == "modulated" else normaliser(normalization, dtype)
    images = grow(joined, shape, width, seed, dtype, normalise)
    return keras.Model([latents, text], images, name="text_dcgan_generator")


@validated
def text_dcgan_discriminator(
    shape: tuple[Count, ...],
    text_dim: Count,
    width: Count = 64,
    condition_dim: Count = 128,
    normalization: Literal["spectral", "batch", "layer", "none"] = "batch",
    projection: bool = True,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator that lays a projection of the text beside its last feature map.

    The product of the text's vector with a projection of the features is added to the logit: without it, which is the
    paper's discriminator, the meaning of words is learned several times slower.

    Paper: Reed et al. 2016 (arXiv:1605.05396), section 4.1 and figure 2; the product: Miyato and Koyama 2018
    (arXiv:1802.05637), equation 3, with a text's vector in the class's place.

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        text_dim: int >= 1, of the text's vector.
        width: int >= 1, as of `dcgan_discriminator`. Default 64.
        condition_dim: int >= 1, of the projection. Default 128.
        normalization: "spectral", "batch", "layer" or "none". Default "batch".
        projection: bool, whether the product is added. Default True.
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, height, width, channels) in [-1, 1], and (batch, text_dim). Output shape: (batch, 1), float32
    logits.

    Example:

    >>> text_dcgan_discriminator((32, 32, 3), text_dim=32, width=16).output_shape
    (None, 1)
    """
    check_shape("text_dcgan_discriminator", shape)
    images, text = keras.Input(shape, name="images"), keras.Input((text_dim,), name="text")
    convolution = SpectralConv2D if normalization == "spectral" else layers.Conv2D
    features = descend(images, width, seed, dtype, normaliser(normalization, dtype), convolution)
    size, maps = features.shape[1], features.shape[-1]
    condition = layers.Dense(condition_dim, kernel_initializer=_glorot(seed + 100), dtype=dtype)(text)
    condition = layers.LeakyReLU(0.2, dtype=dtype)(condition)
    spread = layers.Reshape((1, 1, condition_dim), dtype=dtype)(condition)
    spread = layers.UpSampling2D(size, dtype=dtype)(spread)
    joined = layers.Concatenate(dtype=dtype)([features, spread])
    together = convolution(maps, 1, kernel_initializer=normal(seed + 60), dtype=dtype)(joined)
    together = layers.LeakyReLU(0.2, dtype=dtype)(together)
    logits = last_logits(layers.Flatten(dtype=dtype)(together), seed + 50)
    if projection:
        flat = layers.Flatten(dtype="float32")(features)
        seen = layers.Dense(text_dim, use_bias=False, kernel_initializer=_glorot(seed + 101), dtype="float32")(flat)
        product = layers.Dot(axes=1, dtype="float32")([seen, text])
        logits = layers.Add(dtype="float32", name="projected")([logits, product])
    return keras.Model([images, text], logits, name="text_dcgan_discriminator")


def _glorot(seed):
    return keras.initializers.GlorotUniform(seed)
