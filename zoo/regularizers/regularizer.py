"""The base class of penalties on discriminators."""

from typing import Annotated, Any

from annotated_types import Ge

from ..core.configurable import Configurable
from ..core.validation import validated


class Regularizer(Configurable):
    """A penalty that is added to the discriminators' loss.

    When to use it: as the base of a penalty that needs the discriminator's gradient with respect to samples. Weights of
    layers are regularized by Keras' `kernel_regularizer`.

    A penalty that is due every k steps is weighted by k then (lazy regularization: Karras et al. 2020,
    arXiv:1912.04958, section 3.1), which saves most of its time.

    Args:
        weight: float >= 0, of the penalty in the loss. Default: the subclass's.
        every: int >= 1, steps from one evaluation of the penalty to the next. Default 1.

    Attributes:
        numbers_per_row: int, uniform random numbers that the penalty needs for each row of a batch.

    Raises:
        ArgumentError: an argument out of its range.
    """

    numbers_per_row = 0

    @validated
    def __init__(self, weight: Annotated[float, Ge(0)] = 1.0, every: Annotated[int, Ge(1)] = 1):
        self.weight, self.every = weight, every

    def penalty(self, discriminate: Any, real: Any, fakes: Any, uniforms: Any) -> Any:
        """Returns the penalty without its weight: float32 scalar.

        Args:
            discriminate: function of (samples, draw) that returns the logits of augmented samples in training mode;
                `draw` is "real" or "fake", the side whose random numbers augment them.
            real, fakes: tensors (batch, ...), or dicts of tensors, the samples of the update.
            uniforms: float32 tensor (batch, numbers_per_row) in (0, 1], or None if no numbers are needed.
        """
        raise NotImplementedError
