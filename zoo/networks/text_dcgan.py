"""The DCGAN pair conditioned on a text embedding (Reed et al. 2016), by default in every layer of the generator."""

from typing import Literal

import keras
from keras import layers

from ..core.validation import PositiveInt, validated
from ..errors import ArgumentError
from ..layers.conditioning_augmentation import ConditioningAugmentation
from ..layers.modulated_batch_normalization import ModulatedBatchNormalization
from .dcgan import check_shape, downsampling_stack, logits_head, make_normalization, normal, upsampling_stack
from .weight_layers import weight_layers_of


@validated
def text_dcgan_generator(
    latent_dim: PositiveInt,
    shape: tuple[PositiveInt, ...],
    text_dim: PositiveInt,
    width: PositiveInt = 64,
    condition_dim: PositiveInt = 128,
    augmentation: bool = False,
    normalization: Literal["modulated", "batch", "none"] = "modulated",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN generator whose input is the latents concatenated with a projection of the text embedding.

    By default the projection also modulates the batch normalizations. With normalization "batch" it does not; this is
    the generator of the paper, and learns the meaning of captions several times slower.

    Paper: Reed et al. 2016 (arXiv:1605.05396), section 4.1; modulation: de Vries et al. 2017 (arXiv:1707.00683);
    conditioning augmentation: Zhang et al. 2017, "StackGAN" (arXiv:1612.03242), section 3.2.

    Args:
        latent_dim: int >= 1; with augmentation, the first `condition_dim` latents are its noise.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        text_dim: int >= 1, dimension of the text embedding.
        width: int >= 1, as in `dcgan_generator`. Default 64.
        condition_dim: int >= 1, dimension of the projection. Default 128.
        augmentation: bool, whether to sample the projection by `ConditioningAugmentation`. Default False.
        normalization: "modulated", "batch" or "none". Default "modulated".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, latent_dim) and (batch, text_dim). Output shape: (batch, height, width, channels), float32 in
    [-1, 1].

    Raises:
        ArgumentError: with augmentation, `latent_dim` is less than `condition_dim`.

    Example:

    >>> text_dcgan_generator(64, (32, 32, 3), text_dim=32, width=16).output_shape
    (None, 32, 32, 3)
    """
    check_shape("text_dcgan_generator", shape)
    if augmentation and latent_dim < condition_dim:
        raise ArgumentError(
            f"model.generator.condition_dim: received {condition_dim} for {latent_dim} latents, expected at most "
            f"{latent_dim}: the augmentation takes its noise from the latents"
        )
    latents, text = keras.Input((latent_dim,), name="latents"), keras.Input((text_dim,), name="text")
    if augmentation:
        condition = ConditioningAugmentation(condition_dim, seed=seed + 100, dtype=dtype)([latents, text])
    else:
        projection = layers.Dense(condition_dim, kernel_initializer=_glorot(seed + 100), dtype=dtype)(text)
        condition = layers.LeakyReLU(0.2, dtype=dtype)(projection)
    latents_with_text = layers.Concatenate(dtype=dtype)([latents, condition])
    seeds = iter(range(seed + 200, seed + 300))

    def modulate(x):
        return ModulatedBatchNormalization(seed=next(seeds), dtype=dtype)([x, condition])

    normalize = modulate if normalization == "modulated" else make_normalization(normalization, dtype)
    images = upsampling_stack(latents_with_text, shape, width, seed, dtype, normalize)
    return keras.Model([latents, text], images, name="text_dcgan_generator")


@validated
def text_dcgan_discriminator(
    shape: tuple[PositiveInt, ...],
    text_dim: PositiveInt,
    width: PositiveInt = 64,
    condition_dim: PositiveInt = 128,
    normalization: Literal["batch", "layer", "spectral", "none"] = "batch",
    projection: bool = True,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator that concatenates a projection of the text embedding to its last feature map.

    By default the inner product of the text embedding and a projection of the features is added to the logit. Without
    it, as in the paper, the model learns the meaning of words several times slower.

    Paper: Reed et al. 2016 (arXiv:1605.05396), section 4.1 and figure 2; inner product: Miyato and Koyama 2018
    (arXiv:1802.05637), equation 3, with a text embedding instead of a class embedding.

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        text_dim: int >= 1, dimension of the text embedding.
        width: int >= 1, as in `dcgan_discriminator`. Default 64.
        condition_dim: int >= 1, dimension of the projection. Default 128.
        normalization: as in `dcgan_discriminator`; "spectral" includes the projections of text and of features.
            Default "batch".
        projection: bool, whether to add the inner product. Default True.
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, height, width, channels) in [-1, 1], and (batch, text_dim). Output shape: (batch, 1), float32
    logits.

    Example:

    >>> text_dcgan_discriminator((32, 32, 3), text_dim=32, width=16).output_shape
    (None, 1)
    """
    check_shape("text_dcgan_discriminator", shape)
    images, text = keras.Input(shape, name="images"), keras.Input((text_dim,), name="text")
    kinds = weight_layers_of(normalization)
    features = downsampling_stack(images, width, seed, dtype, make_normalization(normalization, dtype), kinds)
    size, maps = features.shape[1], features.shape[-1]
    condition = kinds.dense(condition_dim, kernel_initializer=_glorot(seed + 100), dtype=dtype)(text)
    condition = layers.LeakyReLU(0.2, dtype=dtype)(condition)
    condition_map = layers.Reshape((1, 1, condition_dim), dtype=dtype)(condition)
    condition_map = layers.UpSampling2D(size, dtype=dtype)(condition_map)
    x = layers.Concatenate(dtype=dtype)([features, condition_map])
    x = kinds.convolution(maps, 1, kernel_initializer=normal(seed + 60), dtype=dtype)(x)
    x = layers.LeakyReLU(0.2, dtype=dtype)(x)
    logits = logits_head(layers.Flatten(dtype=dtype)(x), seed + 50, kinds=kinds)
    if projection:
        flat = layers.Flatten(dtype="float32")(features)
        project = kinds.dense(text_dim, use_bias=False, kernel_initializer=_glorot(seed + 101), dtype="float32")
        product = layers.Dot(axes=1, dtype="float32")([project(flat), text])
        logits = layers.Add(dtype="float32", name="projected")([logits, product])
    return keras.Model([images, text], logits, name="text_dcgan_discriminator")


def _glorot(seed):
    return keras.initializers.GlorotUniform(seed)
