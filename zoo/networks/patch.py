"""The discriminator of pix2pix and CycleGAN: a logit for every patch of the image."""

import itertools
from typing import Annotated, Literal

import keras
from annotated_types import Ge, Le
from keras import layers

from ..arguments import validated
from ..errors import ArgumentError
from .dcgan import normal, normaliser

Count = Annotated[int, Ge(1)]


def receptive_field(depth):
    """Returns the side, in pixels, of the patch that one logit of a depth judges.

    Example:

    >>> [receptive_field(depth) for depth in (1, 2, 3)]
    [16, 34, 70]
    """
    pixels = 7  # of two 4x4 convolutions with stride 1
    for _ in range(depth):
        pixels = 2 * pixels + 2
    return pixels


@validated
def patch_discriminator(
    shape: tuple[Count, ...],
    condition_channels: Annotated[int, Ge(0)] = 0,
    width: Count = 64,
    depth: Annotated[int, Ge(1), Le(5)] | None = None,
    normalization: Literal["instance", "batch", "none"] = "instance",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a discriminator of 4x4 convolutions whose logits judge overlapping patches, not the whole image.

    When to use it: something else, such as a second image or a cycle, already says what the whole shall look like.

    Paper: Isola et al. 2017, "pix2pix" (arXiv:1611.07004), section 6.1.2; Zhu et al. 2017, "CycleGAN"
    (arXiv:1703.10593), section 7.2: a depth of 3.

    Args:
        shape: (height, width, channels) of an image.
        condition_channels: int >= 0, of the source that the image was translated from, which is then a second input;
            0 for none. Default 0.
        width: int >= 1, feature maps of the first layer; they double at each next one, up to eightfold. Default 64.
        depth: int in 1 to 5, convolutions with stride 2; two with stride 1 follow. A logit judges
            `receptive_field(depth)` pixels: 16, 34, 70, 142 or 286. Default: 1 below 64 pixels, 2 below 128, else 3.
        normalization: "instance", "batch" or "none"; the first layer has none. Default "instance".
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels), in [-1, 1]; with condition_channels also (batch, height, width,
    condition_channels). Output shape: (batch, rows, columns, 1), float32 logits; rows are height / 2**depth - 2.

    Raises:
        ArgumentError: an argument out of its range; an image too small for the depth.

    Example:

    >>> patch_discriminator((256, 256, 3), width=8).output_shape
    (None, 30, 30, 1)
    >>> patch_discriminator((32, 32, 3), condition_channels=1, width=8).input_shape
    [(None, 32, 32, 3), (None, 32, 32, 1)]
    """
    depth = depth or min(max(min(shape[:2], default=1).bit_length() - 5, 1), 3)
    _check_shape(shape, depth)
    seeds, normalise = itertools.count(seed), normaliser(normalization, dtype)
    inputs = keras.Input(shape, name="images")
    x = inputs
    if condition_channels:
        source = keras.Input((*shape[:2], condition_channels), name="source")
        inputs = [inputs, source]
        x = layers.Concatenate(dtype=dtype)(inputs)
    for level in range(depth + 1):
        unnormalised = normalise is None or level == 0
        how = {"strides": 2, "padding": "same"} if level < depth else {}
        x = layers.Conv2D(
            width * 2 ** min(level, 3),
            4,
            use_bias=unnormalised,
            kernel_initializer=normal(next(seeds)),
            dtype=dtype,
            **how,
        )(x if how else _pad(x, dtype))
        x = layers.LeakyReLU(0.2, dtype=dtype)(x if unnormalised else normalise(x))
    last = layers.Conv2D(1, 4, kernel_initializer=normal(next(seeds)), dtype="float32", name="logits")
    return keras.Model(inputs, last(_pad(x, dtype)), name="patch_discriminator")


def _pad(x, dtype):
    # One row on each side, as in the papers' code: "same" would add two on one side, and shift logits off their patch.
    return layers.ZeroPadding2D(1, dtype=dtype)(x)


def _check_shape(shape, depth):
    # Three halved pixels are the fewest that both convolutions of stride 1 leave something of.
    smallest = 2 ** (depth + 1) + 1
    if len(shape) != 3 or min(shape[:2]) < smallest:
        raise ArgumentError(
            f"patch_discriminator: received samples of shape {shape}, expected images (height, width, channels) of at "
            f"least {smallest} pixels a side at depth {depth}: set data.resolution, or a smaller depth"
        )
