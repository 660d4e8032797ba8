"""The DCGAN pair (Radford et al. 2016) for any resolution from 8 to 128 and any channel count.

The discriminator halves the resolution (rounding up) until 4 to 7 pixels are left. The generator follows the same
schedule in reverse and crops the surplus row and column of odd sizes, so 28, 48 or 100 pixels work like 32, 64 or 128.
"""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Le
from keras import layers

from ..core.validation import PositiveInt, validated
from ..errors import ArgumentError
from ..layers.batch_normalization import BatchNormalization
from .resolutions import DCGAN
from .weight_layers import PLAIN, weight_layers_of


def resolution_schedule(resolution):
    """Returns the sizes of the feature maps, from the image resolution down to the smallest one.

    Example:

    >>> resolution_schedule(28)
    [28, 14, 7]
    """
    sizes = [resolution]
    while sizes[-1] > 7:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


@validated
def dcgan_generator(
    latent_dim: PositiveInt,
    shape: tuple[PositiveInt, ...],
    width: PositiveInt = 64,
    normalization: Literal["batch", "none"] = "batch",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a generator from 4x4 transposed convolutions with stride 2.

    Paper: Radford, Metz, Chintala 2016 (arXiv:1511.06434), section 3.

    Args:
        latent_dim: int >= 1.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        width: int >= 1, feature maps at the highest hidden resolution. Each lower resolution has twice the maps, up to
            8 * width. Default 64.
        normalization: "batch" or "none". Default "batch".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, latent_dim). Output shape: (batch, height, width, channels), float32 in [-1, 1].

    Raises:
        ArgumentError: an argument out of range; a shape that is not a square image of 8 to 128 pixels.

    Example:

    >>> dcgan_generator(64, (28, 28, 1), width=16).output_shape
    (None, 28, 28, 1)
    """
    check_shape("dcgan_generator", shape)
    inputs = keras.Input((latent_dim,), name="latents")
    images = upsampling_stack(inputs, shape, width, seed, dtype, make_normalization(normalization, dtype))
    return keras.Model(inputs, images, name="dcgan_generator")


@validated
def dcgan_discriminator(
    shape: tuple[PositiveInt, ...],
    width: PositiveInt = 64,
    normalization: Literal["batch", "layer", "spectral", "none"] = "batch",
    dropout: Annotated[float, Ge(0), Le(0.9)] = 0.0,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a discriminator from 4x4 convolutions with stride 2.

    Paper: Radford, Metz, Chintala 2016 (arXiv:1511.06434), section 3; spectral normalization: Miyato et al. 2018
    (arXiv:1802.05957).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        width: int >= 1, feature maps of the first layer. Each lower resolution has twice the maps, up to 8 * width.
            Default 64.
        normalization: "batch" or "layer" after each convolution except the first, as in the paper; "spectral" for the
            weights of every layer, the last one included; or "none". Default "batch".
        dropout: float in [0, 0.9], dropout rate before the last layer. Default 0.
        seed: int, seed of the initializers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels), in [-1, 1]. Output shape: (batch, 1), float32 logits.

    Raises:
        ArgumentError: an argument out of range; a shape that is not a square image of 8 to 128 pixels.

    Example:

    >>> dcgan_discriminator((28, 28, 1), width=16).output_shape
    (None, 1)
    """
    check_shape("dcgan_discriminator", shape)
    images = keras.Input(shape, name="images")
    kinds = weight_layers_of(normalization)
    features = flat_features(images, width, seed, dtype, make_normalization(normalization, dtype), kinds)
    if dropout:
        features = layers.Dropout(dropout, seed=seed, dtype=dtype)(features)
    logits = logits_head(features, seed + len(resolution_schedule(shape[0])) - 1, kinds=kinds)
    return keras.Model(images, logits, name="dcgan_discriminator")


def upsampling_stack(vector, shape, width, seed, dtype, normalize):
    """Maps vectors to images: a dense layer, then transposed convolutions up to the image resolution.

    Args:
        vector: Keras tensor (batch, units).
        shape: (height, width, channels).
        width: int, feature maps at the highest hidden resolution.
        seed: int, seed of the initializers.
        dtype: Keras dtype policy.
        normalize: function of a Keras tensor, called once per layer; None for no normalization.

    Returns:
        Keras tensor (batch, *shape), float32 in [-1, 1].
    """
    sizes, seeds = resolution_schedule(shape[0]), iter(range(seed, seed + 100))
    widths = [width * 2 ** min(level, 3) for level in range(len(sizes) - 1)]
    dense = layers.Dense(
        sizes[-1] ** 2 * widths[-1], use_bias=False, kernel_initializer=normal(next(seeds)), dtype=dtype
    )
    x = layers.Reshape((sizes[-1], sizes[-1], widths[-1]), dtype=dtype)(dense(vector))
    x = layers.ReLU(dtype=dtype)(normalize(x) if normalize else x)
    for size, maps in zip(sizes[-2:0:-1], widths[-2::-1], strict=True):
        x = _upsample(x, maps, size, next(seeds), dtype, use_bias=normalize is None)
        x = layers.ReLU(dtype=dtype)(normalize(x) if normalize else x)
    x = _upsample(x, shape[-1], sizes[0], next(seeds), dtype, use_bias=True)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def downsampling_stack(images, width, seed, dtype, normalize, kinds=PLAIN):
    """Maps images to feature maps: convolutions with stride 2 down to the smallest resolution.

    Args:
        images: Keras tensor (batch, resolution, resolution, channels).
        width: int, feature maps of the first layer.
        seed: int, seed of the initializers.
        dtype: Keras dtype policy.
        normalize: function of a Keras tensor, called once per layer except the first; None for no normalization.
        kinds: `WeightLayers`. Default: those of Keras.

    Returns:
        Keras tensor (batch, smallest size, smallest size, maps).
    """
    sizes, x = resolution_schedule(images.shape[1]), images
    for level in range(len(sizes) - 1):
        unnormalized = level == 0 or normalize is None
        x = kinds.convolution(
            width * 2 ** min(level, 3),
            4,
            strides=2,
            padding="same",
            use_bias=unnormalized,
            kernel_initializer=normal(seed + level),
            dtype=dtype,
        )(x)
        x = layers.LeakyReLU(0.2, dtype=dtype)(x if unnormalized else normalize(x))
    return x


def flat_features(images, width, seed, dtype, normalize, kinds=PLAIN):
    """Maps images to the output of `downsampling_stack`, flattened to (batch, features)."""
    return layers.Flatten(dtype=dtype)(downsampling_stack(images, width, seed, dtype, normalize, kinds))


def make_normalization(normalization, dtype):
    """Returns a function that applies a new normalization layer to a Keras tensor, or None if none is needed."""
    if normalization == "batch":
        return lambda x: BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype)(x)
    if normalization == "layer":
        return lambda x: layers.LayerNormalization(dtype=dtype)(x)
    if normalization == "instance":
        return lambda x: layers.GroupNormalization(groups=-1, epsilon=1e-5, dtype=dtype)(x)
    return None


def logits_head(features, seed, units=1, name="logits", kinds=PLAIN):
    """Returns float32 logits (batch, units), computed from features by a dense layer."""
    return kinds.dense(units, kernel_initializer=normal(seed), dtype="float32", name=name)(features)


def check_shape(owner, shape):
    """Raises ArgumentError unless the shape is a square image of a resolution in `resolutions.DCGAN`."""
    if not (len(shape) == 3 and shape[0] == shape[1] and shape[0] in DCGAN):
        raise ArgumentError(
            f"{owner}: received samples of shape {shape}, expected square images (resolution, resolution, channels) "
            f"with a resolution of {DCGAN}: set data.resolution, or network = 'mlp' for other shapes"
        )


def normal(seed):
    """Returns the initializer of DCGAN, a normal distribution with a standard deviation of 0.02."""
    return keras.initializers.RandomNormal(stddev=0.02, seed=seed)


def _upsample(x, maps, size, seed, dtype, use_bias):
    x = layers.Conv2DTranspose(
        maps, 4, strides=2, padding="same", use_bias=use_bias, kernel_initializer=normal(seed), dtype=dtype
    )(x)
    surplus = x.shape[1] - size
    return layers.Cropping2D(((0, surplus), (0, surplus)), dtype=dtype)(x) if surplus else x
