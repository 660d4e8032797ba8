"""The generator of CycleGAN (Zhu et al. 2017): residual blocks at a quarter of the resolution, for any size."""

import itertools
from typing import Annotated, Literal

import keras
from annotated_types import Ge
from keras import layers

from ..arguments import validated
from ..errors import ArgumentError
from ..layers import ReflectionPadding2D
from .dcgan import normal, normaliser

Count = Annotated[int, Ge(1)]
LOWEST, MULTIPLE = 16, 4


@validated
def cycle_resnet_generator(
    shape: tuple[Count | None, ...],
    target_channels: Count | None = None,
    width: Count = 64,
    blocks: Count | None = None,
    normalization: Literal["instance", "batch", "none"] = "instance",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a generator that translates an image by residual blocks between two halvings and two doublings.

    When to use it: the output keeps the input's forms and changes their looks, such as horses and zebras. Every weight
    belongs to a convolution, so weights trained at one size also translate images of another.

    Paper: Zhu et al. 2017, "CycleGAN" (arXiv:1703.10593), section 7.2; Johnson et al. 2016 (arXiv:1603.08155).

    Args:
        shape: (height, width, channels) of the input, both sizes a multiple of 4 and at least 16, or None where they
            are left open.
        target_channels: int >= 1, of the output. Default: those of the input.
        width: int >= 1, feature maps of the first layer; the residual blocks have four times as many. Default 64.
        blocks: int >= 1, residual blocks. Default: 6 up to 128 pixels, 9 above and where a size is open.
        normalization: "instance", "batch" or "none". Default "instance".
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, height, width, channels), in [-1, 1]. Output shape: (batch, height, width, target_channels),
    float32 in [-1, 1]; open sizes come out rounded up to a multiple of 4.

    Raises:
        ArgumentError: an argument out of its range; a size that is too small or no multiple of 4.

    Example:

    >>> cycle_resnet_generator((32, 48, 3), width=8).output_shape
    (None, 32, 48, 3)
    >>> cycle_resnet_generator((None, None, 3), width=8, blocks=6).output_shape
    (None, None, None, 3)
    """
    _check_shape(shape)
    if blocks is None:
        blocks = 6 if None not in shape and max(shape[:2]) <= 128 else 9
    seeds, normalise = itertools.count(seed), normaliser(normalization, dtype)

    def convolve(x, maps, size, kind=layers.Conv2D, **how):
        initial = normal(next(seeds))
        x = kind(maps, size, use_bias=normalise is None, kernel_initializer=initial, dtype=dtype, **how)(x)
        return normalise(x) if normalise else x

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
    wrong = [size for size in shape[:2] if size is not None and (size < LOWEST or size % MULTIPLE)]
    if len(shape) == 3 and shape[-1] is not None and not wrong:
        return
    size = wrong[0] if wrong else 64
    below = size - size % MULTIPLE
    near = sorted({max(LOWEST, below), max(LOWEST, size if below == size else below + MULTIPLE)})
    raise ArgumentError(
        f"cycle_resnet_generator: received samples of shape {shape}, expected a multiple of {MULTIPLE} of at least "
        f"{LOWEST} as height and as width of (height, width, channels), such as {' or '.join(map(str, near))}: set "
        "data.resolution"
    )
