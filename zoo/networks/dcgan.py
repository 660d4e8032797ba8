"""The DCGAN pair (Radford et al. 2016) for any resolution from 8 to 128 and any channel count.

The resolution is halved (rounding up) until 4 to 7 pixels are left; the generator climbs the same ladder and cuts the
odd row and column off, so that 28, 48 or 100 pixels work like 32, 64 or 128.
"""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Le
from keras import layers

from ..arguments import validated
from ..errors import ArgumentError

Count = Annotated[int, Ge(1)]
LOWEST, HIGHEST = 8, 128


def ladder(resolution):
    """Returns the sizes from the resolution down to the smallest feature map.

    Example:

    >>> ladder(28)
    [28, 14, 7]
    """
    sizes = [resolution]
    while sizes[-1] > 7:
        sizes.append((sizes[-1] + 1) // 2)
    return sizes


@validated
def dcgan_generator(
    latent_dim: Count,
    shape: tuple[Count, ...],
    width: Count = 64,
    normalization: Literal["batch", "none"] = "batch",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a generator of 4x4 transposed convolutions with stride 2.

    Paper: Radford, Metz, Chintala 2016 (arXiv:1511.06434), section 3.

    Args:
        latent_dim: int >= 1.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        width: int >= 1, feature maps of the largest hidden resolution; they double at each lower one, up to eightfold.
            Default 64.
        normalization: "batch" or "none". Default "batch".
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, latent_dim). Output shape: (batch, height, width, channels), float32 in [-1, 1].

    Raises:
        ArgumentError: an argument out of its range; a shape that is not a square image of 8 to 128 pixels.

    Example:

    >>> dcgan_generator(64, (28, 28, 1), width=16).output_shape
    (None, 28, 28, 1)
    """
    check_shape("dcgan_generator", shape)
    inputs = keras.Input((latent_dim,), name="latents")
    images = grow(inputs, shape, width, seed, dtype, normaliser(normalization, dtype))
    return keras.Model(inputs, images, name="dcgan_generator")


@validated
def dcgan_discriminator(
    shape: tuple[Count, ...],
    width: Count = 64,
    normalization: Literal["batch", "layer", "none"] = "batch",
    dropout: Annotated[float, Ge(0), Le(0.9)] = 0.0,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a discriminator of 4x4 convolutions with stride 2.

    Paper: Radford, Metz, Chintala 2016 (arXiv:1511.06434), section 3.

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        width: int >= 1, feature maps of the first layer; they double at each lower resolution, up to eightfold.
            Default 64.
        normalization: "batch", "layer" or "none"; the first layer has none, as in the paper. Default "batch".
        dropout: float in [0, 0.9], before the last layer. Default 0.
        seed: int, of the initialisers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels), in [-1, 1]. Output shape: (batch, 1), float32 logits.

    Raises:
        ArgumentError: an argument out of its range; a shape that is not a square image of 8 to 128 pixels.

    Example:

    >>> dcgan_discriminator((28, 28, 1), width=16).output_shape
    (None, 1)
    """
    check_shape("dcgan_discriminator", shape)
    images = keras.Input(shape, name="images")
    features = shrink(images, width, seed, dtype, normaliser(normalization, dtype))
    if dropout:
        features = layers.Dropout(dropout, seed=seed, dtype=dtype)(features)
    return keras.Model(images, last_logits(features, seed + len(ladder(shape[0])) - 1), name="dcgan_discriminator")


def grow(vector, shape, width, seed, dtype, normalise):
    """Draws images from vectors: a dense layer, then transposed convolutions up the ladder.

    Args:
        vector: Keras tensor (batch, units).
        shape: (height, width, channels).
        width: int, feature maps of the largest hidden resolution.
        seed: int, of the initialisers.
        dtype: Keras dtype policy.
        normalise: function of a Keras tensor, called once a layer; None for no normalisation.

    Returns:
        Keras tensor (batch, *shape), float32 in [-1, 1].
    """
    sizes, seeds = ladder(shape[0]), iter(range(seed, seed + 100))
    widths = [width * 2 ** min(level, 3) for level in range(len(sizes) - 1)]
    dense = layers.Dense(
        sizes[-1] ** 2 * widths[-1], use_bias=False, kernel_initializer=normal(next(seeds)), dtype=dtype
    )
    x = layers.Reshape((sizes[-1], sizes[-1], widths[-1]), dtype=dtype)(dense(vector))
    x = layers.ReLU(dtype=dtype)(normalise(x) if normalise else x)
    for size, maps in zip(sizes[-2:0:-1], widths[-2::-1], strict=True):
        x = _upsample(x, maps, size, next(seeds), dtype, use_bias=normalise is None)
        x = layers.ReLU(dtype=dtype)(normalise(x) if normalise else x)
    x = _upsample(x, shape[-1], sizes[0], next(seeds), dtype, use_bias=True)
    return layers.Activation("tanh", dtype="float32", name="images")(x)


def descend(images, width, seed, dtype, normalise, convolution=layers.Conv2D):
    """Reads feature maps from images: convolutions of stride 2 down the ladder.

    Args:
        images: Keras tensor (batch, resolution, resolution, channels).
        width: int, feature maps of the first layer.
        seed: int, of the initialisers.
        dtype: Keras dtype policy.
        normalise: function of a Keras tensor, called once a layer but for the first; None for no normalisation.
        convolution: class of the convolutions. Default `keras.layers.Conv2D`.

    Returns:
        Keras tensor (batch, smallest size, smallest size, maps).
    """
    sizes, x = ladder(images.shape[1]), images
    for level in range(len(sizes) - 1):
        unnormalised = level == 0 or normalise is None
        x = convolution(
            width * 2 ** min(level, 3),
            4,
            strides=2,
            padding="same",
            use_bias=unnormalised,
            kernel_initializer=normal(seed + level),
            dtype=dtype,
        )(x)
        x = layers.LeakyReLU(0.2, dtype=dtype)(x if unnormalised else normalise(x))
    return x


def shrink(images, width, seed, dtype, normalise, convolution=layers.Conv2D):
    """Reads features from images: the maps of `descend`, flattened to (batch, features)."""
    return layers.Flatten(dtype=dtype)(descend(images, width, seed, dtype, normalise, convolution))


def normaliser(normalization, dtype):
    """Returns the function that normalises a Keras tensor, or None."""
    if normalization == "batch":
        return lambda x: layers.BatchNormalization(momentum=0.9, epsilon=1e-5, dtype=dtype)(x)
    if normalization == "layer":
        return lambda x: layers.LayerNormalization(dtype=dtype)(x)
    if normalization == "instance":
        return lambda x: layers.GroupNormalization(groups=-1, epsilon=1e-5, dtype=dtype)(x)
    return None


def last_logits(features, seed, units=1, name="logits"):
    """Returns float32 logits (batch, units) of features."""
    return layers.Dense(units, kernel_initializer=normal(seed), dtype="float32", name=name)(features)


def check_shape(owner, shape):
    """Raises ArgumentError unless the shape is that of square images of 8 to 128 pixels."""
    square = len(shape) == 3 and shape[0] == shape[1] and LOWEST <= shape[0] <= HIGHEST
    if not square:
        raise ArgumentError(
            f"{owner}: received samples of shape {shape}, expected square images (resolution, resolution, channels) "
            f"with a resolution of {LOWEST} to {HIGHEST}: set data.resolution, or network = 'mlp' for other shapes"
        )


def normal(seed):
    """Returns DCGAN's initialiser."""
    return keras.initializers.RandomNormal(stddev=0.02, seed=seed)


def _upsample(x, maps, size, seed, dtype, use_bias):
    x = layers.Conv2DTranspose(
        maps, 4, strides=2, padding="same", use_bias=use_bias, kernel_initializer=normal(seed), dtype=dtype
    )(x)
    odd = x.shape[1] - size
    return layers.Cropping2D(((0, odd), (0, odd)), dtype=dtype)(x) if odd else x
