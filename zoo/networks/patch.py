"""PatchGAN, the discriminator of pix2pix and CycleGAN: one logit per image patch."""

import itertools
from typing import Annotated, Literal

import keras
from annotated_types import Ge, Le
from keras import layers

from ..core.validation import PositiveInt, validated
from ..errors import ArgumentError
from .dcgan import make_normalization, normal
from .weight_layers import weight_layers_of


def receptive_field(depth):
    """Returns the side length in pixels of the patch that determines one logit, for a given depth.

    Example:

    >>> [receptive_field(depth) for depth in (1, 2, 3)]
    [16, 34, 70]
    """
    pixels = 7  # The two 4x4 convolutions with stride 1.
    for _ in range(depth):
        pixels = 2 * pixels + 2
    return pixels


@validated
def patch_discriminator(
    shape: tuple[PositiveInt, ...],
    condition_channels: Annotated[int, Ge(0)] = 0,
    width: PositiveInt = 64,
    depth: Annotated[int, Ge(1), Le(5)] | None = None,
    normalization: Literal["instance", "batch", "spectral", "none"] = "instance",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a discriminator from 4x4 convolutions that classifies overlapping patches instead of the full image.

    When to use it: another constraint, such as a paired image or cycle consistency, determines the global structure.

    Paper: Isola et al. 2017, "pix2pix" (arXiv:1611.07004), section 6.1.2; Zhu et al. 2017, "CycleGAN"
    (arXiv:1703.10593), section 7.2: a depth of 3; spectral normalization: Miyato et al. 2018 (arXiv:1802.05957).

    Args:
        shape: (height, width, channels) of an image.
        condition_channels: int >= 0, channels of the source image, which is then a second input; 0 for an unconditional
            discriminator. Default 0.
        width: int >= 1, feature maps of the first layer. Each further layer has twice the maps, up to 8 * width.
            Default 64.
        depth: int from 1 to 5, convolutions with stride 2; two with stride 1 follow. A logit covers a patch of
            `receptive_field(depth)` pixels: 16, 34, 70, 142 or 286. Default: 1 below 64 pixels, 2 below 128, else 3.
        normalization: "instance" or "batch" after each convolution except the first and the last; "spectral" for the
            weights of every convolution; or "none". Default "instance".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels), in [-1, 1]; with condition_channels also (batch, height, width,
    condition_channels). Output shape: (batch, rows, columns, 1), float32 logits, with rows = height / 2**depth - 2.

    Raises:
        ArgumentError: an argument out of range; an image too small for the depth.

    Example:

    >>> patch_discriminator((256, 256, 3), width=8).output_shape
    (None, 30, 30, 1)
    >>> patch_discriminator((32, 32, 3), condition_channels=1, width=8).input_shape
    [(None, 32, 32, 3), (None, 32, 32, 1)]
    """
    depth = depth or min(max(min(shape[:2], default=1).bit_length() - 5, 1), 3)
    _check_shape(shape, depth)
    seeds, normalize = itertools.count(seed), make_normalization(normalization, dtype)
    convolution = weight_layers_of(normalization).convolution
    inputs = keras.Input(shape, name="images")
    x = inputs
    if condition_channels:
        source = keras.Input((*shape[:2], condition_channels), name="source")
        inputs = [inputs, source]
        x = layers.Concatenate(dtype=dtype)(inputs)
    for level in range(depth + 1):
        unnormalized = normalize is None or level == 0
        options = {"strides": 2, "padding": "same"} if level < depth else {}
        x = convolution(
            width * 2 ** min(level, 3),
            4,
            use_bias=unnormalized,
            kernel_initializer=normal(next(seeds)),
            dtype=dtype,
            **options,
        )(x if options else _pad(x, dtype))
        x = layers.LeakyReLU(0.2, dtype=dtype)(x if unnormalized else normalize(x))
    last = convolution(1, 4, kernel_initializer=normal(next(seeds)), dtype="float32", name="logits")
    return keras.Model(inputs, last(_pad(x, dtype)), name="patch_discriminator")


def _pad(x, dtype):
    # One row per side, as in the papers' code: "same" would add two rows on one side and shift the receptive fields.
    return layers.ZeroPadding2D(1, dtype=dtype)(x)


def _check_shape(shape, depth):
    # The two convolutions with stride 1 need at least three pixels.
    smallest = 2 ** (depth + 1) + 1
    if len(shape) != 3 or min(shape[:2]) < smallest:
        raise ArgumentError(
            f"patch_discriminator: received samples of shape {shape}, expected images (height, width, channels) of at "
            f"least {smallest} pixels per side at depth {depth}: set data.resolution, or a smaller depth"
        )
