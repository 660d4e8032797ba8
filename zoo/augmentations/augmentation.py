"""The base class of augmentations."""

from typing import Any

from ..core.configurable import Configurable


class Augmentation(Configurable):
    """A random change of images before they reach a discriminator, real and generated ones alike.

    When to use it: as the base of an augmentation. It must be differentiable with respect to the images, since the
    generator is trained through it, and a function of its arguments alone, so that a resumed run repeats it.

    Attributes:
        numbers_per_row: int, uniform random numbers that it needs for each row of a batch.
    """

    numbers_per_row = 0

    def __call__(self, images: Any, uniforms: Any) -> Any:
        """Returns augmented images of the same shape and type.

        Args:
            images: float tensor (batch, height, width, channels) in [-1, 1].
            uniforms: float32 tensor (batch, numbers_per_row) in (0, 1].
        """
        raise NotImplementedError
