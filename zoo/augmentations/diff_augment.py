"""DiffAugment: shifts, colors and cutout."""

from typing import Annotated

import keras
import tensorflow as tf
from annotated_types import Ge, Lt

from ..core.validation import validated
from ..errors import ArgumentError
from .augmentation import Augmentation
from .sampling_grid import inside_square, shift_images, uniform_integers


@keras.saving.register_keras_serializable("ganzoo")
class DiffAugment(Augmentation):
    """Differentiable augmentation by shifts, colors and cutout.

    When to use it: where a discriminator learns its training images by heart. The augmentation has to fit the data: of
    small centered images, a shift by one pixel helps more than a larger one, and digits lose their class by cutout.

    Paper: Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training" (arXiv:2006.10738), section
    3.2: translation by up to 1/8 of the side, brightness, saturation and contrast, cutout of half of the side.

    Args:
        shift: int >= 0, pixels by which images are moved at most, in each direction; 0 fills what enters. Default 0.
        color: bool, whether to change brightness (by -0.5 to 0.5), saturation (by a factor of 0 to 2) and contrast (by
            a factor of 0.5 to 1.5). Default False.
        cutout: float in [0, 1), side of a square that is set to 0, as a share of the image's. Default 0.

    Raises:
        ArgumentError: an argument out of its range, or no augmentation at all.

    Example:

    >>> augment = DiffAugment(shift=1, cutout=0.5)
    >>> augment(tf.ones((2, 8, 8, 3)), tf.ones((2, augment.numbers_per_row))).shape
    TensorShape([2, 8, 8, 3])
    """

    name = "diff_augment"

    @validated
    def __init__(
        self, shift: Annotated[int, Ge(0)] = 0, color: bool = False, cutout: Annotated[float, Ge(0), Lt(1)] = 0.0
    ):
        if not (shift or color or cutout):
            raise ArgumentError("DiffAugment: received no augmentation, expected shift, color or cutout: set one")
        self.shift, self.color, self.cutout = shift, color, cutout

    @property
    def numbers_per_row(self):
        """Two numbers of the shift, three of the colors and two of the cutout."""
        return 2 * bool(self.shift) + 3 * self.color + 2 * bool(self.cutout)

    def __call__(self, images, uniforms):
        """Returns augmented images: colors first, then the shift, then the cutout."""
        numbers = iter(tf.unstack(uniforms, axis=1))
        if self.color:
            images = change_colors(images, *(next(numbers) for _ in range(3)))
        if self.shift:
            amounts = (uniform_integers(next(numbers), 2 * self.shift + 1) - self.shift for _ in range(2))
            images = shift_images(images, *amounts)
        if self.cutout:
            images = cut_out(images, self.cutout, next(numbers), next(numbers))
        return images


def change_colors(images, brightness, saturation, contrast):
    """Returns images with other colors; the arguments are uniform numbers (batch,) in (0, 1]."""
    brightness, saturation, contrast = (
        tf.cast(numbers[:, tf.newaxis, tf.newaxis, tf.newaxis], images.dtype)
        for numbers in (brightness, saturation, contrast)
    )
    images = images + brightness - 0.5
    gray = tf.reduce_mean(images, axis=3, keepdims=True)
    images = gray + 2.0 * saturation * (images - gray)
    mean = tf.reduce_mean(images, axis=(1, 2, 3), keepdims=True)
    return mean + (contrast + 0.5) * (images - mean)


def cut_out(images, share, row, column):
    """Returns images with a square of zeros, centered at any pixel: `row` and `column` are uniform numbers (batch,)."""
    height, width = images.shape[1:3]
    size = round(share * min(height, width))
    first = [uniform_integers(number, side) - size // 2 for number, side in ((row, height), (column, width))]
    return images * tf.cast(1.0 - inside_square(height, width, size, *first), images.dtype)
