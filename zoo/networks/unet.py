"""U-Net, the generator of pix2pix (Isola et al. 2017): an encoder-decoder with a skip connection at each resolution."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Le
from keras import layers

from ..core.validation import PositiveInt, validated
from ..errors import ArgumentError
from .dcgan import make_normalization, normal
from .resolutions import UNET


@validated
def unet_generator(
    shape: tuple[PositiveInt, ...],
    target_channels: PositiveInt | None = None,
    width: PositiveInt = 64,
    normalization: Literal["batch", "instance", "none"] = "batch",
    dropout: Annotated[float, Ge(0), Le(0.9)] = 0.5,
    seed: int = 0,
    dtype: object = None,
):
    """Builds an image translation generator: 4x4 convolutions with stride 2 down to one pixel and up again.

    When to use it: input and output are spatially aligned, such as edges and a photograph.

    Paper: Isola et al. 2017, "pix2pix" (arXiv:1611.07004), section 6.1.1, with eight downsamplings from 256 pixels.

    Args:
        shape: (height, width, channels) of the input, square, a power of two from 8 to 512 pixels.
        target_channels: int >= 1, channels of the output. Default: those of the input.
        width: int >= 1, feature maps of the first layer. Each lower resolution has twice the maps, up to 8 * width.
            Default 64.
        normalization: "batch", "instance" or "none"; the first and the innermost layer are not normalized. Default
            "batch".
        dropout: float in [0, 0.9], dropout rate after up to three of the first decoder layers, those with 8 * width
            maps: none below 32 pixels, one at 32, two at 64, three above. Default 0.5.
        seed: int, seed of the initializers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels), in [-1, 1]. Output shape: (batch, height, width, target_channels),
    float32 in [-1, 1].

    Raises:
        ArgumentError: an argument out of range; a shape that is not square or not a power of two.

    Example:

    >>> unet_generator((32, 32, 1), target_channels=3, width=8).output_shape
    (None, 32, 32, 3)
    """
    _check_shape(shape)
    widths = [width * 2 ** min(level, 3) for level in range(shape[0].bit_length() - 1)]
    seeds, normalize = iter(range(seed, seed + 100)), make_normalization(normalization, dtype)
    source = keras.Input(shape, name="source")
    x, skips = source, []
    for level, maps in enumerate(widths):
        # Instance normalization over the single innermost pixel would erase its content.
        unnormalized = normalize is None or level in (0, len(widths) - 1)
        x = _halve_or_double(layers.Conv2D, maps, unnormalized, next(seeds), dtype)(x)
        x = layers.LeakyReLU(0.2, dtype=dtype)(x if unnormalized else normalize(x))
        skips.append(x)
    for level, (maps, skip) in enumerate(zip(widths[-2::-1], skips[-2::-1], strict=True)):
        x = _halve_or_double(layers.Conv2DTranspose, maps, normalize is None, next(seeds), dtype)(x)
        x = normalize(x) if normalize else x
        if dropout and level < 3 and maps == 8 * width:
            x = layers.Dropout(dropout, seed=seed + 100 + level, dtype=dtype)(x)
        x = layers.Concatenate(dtype=dtype)([layers.ReLU(dtype=dtype)(x), skip])
    x = _halve_or_double(layers.Conv2DTranspose, target_channels or shape[-1], True, next(seeds), dtype)(x)
    images = layers.Activation("tanh", dtype="float32", name="images")(x)
    return keras.Model(source, images, name="unet_generator")


def _halve_or_double(kind, maps, use_bias, seed, dtype):
    return kind(maps, 4, strides=2, padding="same", use_bias=use_bias, kernel_initializer=normal(seed), dtype=dtype)


def _check_shape(shape):
    lowest, highest, _ = UNET
    size = max(shape[:2], default=lowest)
    below = 2 ** (size.bit_length() - 1)
    if len(shape) == 3 and shape[0] == shape[1] == below and size in UNET:
        return
    suggestions = sorted({min(max(power, lowest), highest) for power in (below, below if below == size else 2 * below)})
    raise ArgumentError(
        f"unet_generator: received samples of shape {shape}, expected square images (resolution, resolution, channels) "
        f"with a power of two from {UNET}, such as "
        f"{' or '.join(map(str, suggestions))}: set data.resolution, or network = 'cycle_resnet' for other sizes"
    )
