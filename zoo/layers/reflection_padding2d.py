"""Reflection padding of feature maps."""

import keras
from keras import layers, ops

from ..errors import ArgumentError


@keras.saving.register_keras_serializable("ganzoo")
class ReflectionPadding2D(layers.Layer):
    """Pads feature maps by reflection, without repeating the border itself.

    When to use it: before a convolution without padding, where zero padding would cause visible border artifacts.

    Paper: Zhu et al. 2017, "CycleGAN" (arXiv:1703.10593), section 7.2.

    Args:
        padding: int >= 0, rows and columns added on each side; less than the height and width of the maps.

    Input shape: (batch, height, width, channels). Output shape: (batch, height + 2 * padding, width + 2 * padding,
    channels).

    Raises:
        ArgumentError: the padding is not an int >= 0, or not less than the height and width of the maps.

    Example:

    >>> ReflectionPadding2D(1).compute_output_shape((None, 4, None, 3))
    (None, 6, None, 3)
    """

    def __init__(self, padding, **kwargs):
        super().__init__(**kwargs)
        if not isinstance(padding, int) or padding < 0:
            raise ArgumentError(f"ReflectionPadding2D: padding: received {padding!r}, expected an int >= 0")
        self.padding = padding

    def build(self, input_shape):
        """Checks that the maps are large enough to reflect."""
        smallest = min((size for size in input_shape[1:3] if size is not None), default=self.padding + 1)
        if smallest <= self.padding:
            raise ArgumentError(
                f"ReflectionPadding2D: received maps of shape {tuple(input_shape)} for a padding of {self.padding}, "
                f"expected more than {self.padding} rows and columns: use larger images"
            )

    def call(self, inputs):
        """Pads the height and width axes."""
        sides = (self.padding, self.padding)
        return ops.pad(inputs, ((0, 0), sides, sides, (0, 0)), mode="reflect")

    def compute_output_shape(self, input_shape):
        """Returns the shape of the padded maps."""
        batch, *sizes, channels = input_shape
        return (batch, *(None if size is None else size + 2 * self.padding for size in sizes), channels)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"padding": self.padding}
