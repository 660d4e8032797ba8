"""The generator of CycleGAN (Zhu et al. 2017): residual blocks at a quarter of the resolution, for any image size."""

import itertools
from typing import Literal

import keras
from keras import layers

from ..core.validation import PositiveInt, validated
from ..errors import ArgumentError
from ..layers.reflection_padding2d import ReflectionPadding2D
from .dcgan import make_normalization, normal
from .resolutions import CYCLE_RESNET


@validated
def cycle_resnet_generator(
    shape: tuple[PositiveInt | None, ...],
    target_channels: PositiveInt | None = None,
    width: PositiveInt = 64,
    blocks: PositiveInt | None = None,
    normalization: Literal["instance", "batch", "none"] = "instance",
    seed: int = 0,
    dtype: object = None,
):
    """Builds an image translation generator: residual blocks between two downsamplings and two upsamplings.

    When to use it: the output keeps the shapes of the input and changes their appearance, such as horses and zebras.
    The network is fully convolutional, so weights trained at one image size also translate images of another.

    Paper: Zhu et al. 2017, "CycleGAN" (arXiv:1703.10593), section 7.2; Johnson et al. 2016 (arXiv:1603.08155).

    Args:
        shape: (height, width, channels) of the input. Height and width are multiples of 4 and at least 16, or None for
            variable sizes.
        target_channels: int >= 1, channels of the output. Default: those of the input.
        width: int >= 1, feature maps of the first layer; the residual blocks have four times that number. Default 64.
        blocks: int >= 1, residual blocks. Default: 6 up to 128 pixels, 9 above and for variable sizes.
        normalization: "instance", "batch" or "none". Default "instance".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels), in [-1, 1]. Output shape: (batch, height, width, target_channels),
    float32 in [-1, 1]; variable sizes are rounded up to a multiple of 4.

    Raises:
        ArgumentError: an argument out of range; a size that is too small or not a multiple of 4.

    Example:

    >>> cycle_resnet_generator((32, 48, 3), width=8).output_shape
    (None, 32, 48, 3)
    >>> cycle_resnet_generator((None, None, 3), width=8, blocks=6).output_shape
    (None, None, None, 3)
    """
    _check_shape(shape)
    if blocks is None:
        blocks = 6 if None not in shape and max(shape[:2]) <= 128 else 9
    seeds, normalize = itertools.count(seed), make_normalization(normalization, dtype)

    def convolve(x, maps, size, kind=layers.Conv2D, **options):
        initializer = normal(next(seeds))
        x = kind(maps, size, use_bias=normalize is None, kernel_initializer=initializer, dtype=dtype, **options)(x)
        return normalize(x) if normalize else x

    def reflect(x, padding):
        return ReflectionPadding2D(padding, dtype=dtype)(x)

    def relu(x):
        return layers.ReLU(dtype=dtype)(x)

    source = keras.Input(shape, name="source")
    x = relu(convolve(reflect(source, 3), width, 7))
    for maps in (2 * width, 4 * width):
        x = relu(convolve(x, maps, 3, strides=2, padding="same"))
    for _ in range(blocks):
        inner = relu(convolve(reflect(x, 1), 4 * width, 3))
        x = layers.Add(dtype=dtype)([x, convolve(reflect(inner, 1), 4 * width, 3)])
    for maps in (2 * width, width):
        x = relu(convolve(x, maps, 3, layers.Conv2DTranspose, strides=2, padding="same"))
    last = layers.Conv2D(target_channels or shape[-1], 7, kernel_initializer=normal(next(seeds)), dtype=dtype)
    images = layers.Activation("tanh", dtype="float32", name="images")(last(reflect(x, 3)))
    return keras.Model(source, images, name="cycle_resnet_generator")


def _check_shape(shape):
    lowest, _, multiple = CYCLE_RESNET
    invalid = [size for size in shape[:2] if size is not None and size not in CYCLE_RESNET]
    if len(shape) == 3 and shape[-1] is not None and not invalid:
        return
    size = invalid[0] if invalid else 64
    below = size - size % multiple
    suggestions = sorted({max(lowest, below), max(lowest, size if below == size else below + multiple)})
    raise ArgumentError(
        f"cycle_resnet_generator: received samples of shape {shape}, expected a multiple of {multiple} of "
        f"{CYCLE_RESNET} as height and as width of (height, width, channels), such as "
        f"{' or '.join(map(str, suggestions))}: set data.resolution"
    )
