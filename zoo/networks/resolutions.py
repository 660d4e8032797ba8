"""The image resolutions of networks and recipes, in one place."""

from typing import NamedTuple


class Resolutions(NamedTuple):
    """A range of image resolutions in pixels.

    When to use it: to check the shape of images before a network is built, or the resolution of data before it is read.

    Attributes:
        lowest: int >= 1.
        highest: int >= lowest, or None for no limit.
        multiple: int >= 1, of which a resolution is a multiple. Default 1.

    Example:

    >>> 28 in DCGAN, 129 in DCGAN, 18 in CYCLE_RESNET, str(DCGAN)
    (True, False, False, '8 to 128')
    """

    lowest: int
    highest: int | None
    multiple: int = 1

    def __contains__(self, resolution):
        """Returns whether a resolution is in the range."""
        return (
            self.lowest <= resolution
            and (self.highest is None or resolution <= self.highest)
            and resolution % self.multiple == 0
        )

    def __str__(self):
        """Returns the range as it stands in messages, such as "8 to 128"."""
        return f"at least {self.lowest}" if self.highest is None else f"{self.lowest} to {self.highest}"


DCGAN = Resolutions(8, 128)
# Only powers of two.
UNET = Resolutions(8, 512)
CYCLE_RESNET = Resolutions(16, None, 4)
# Of `data.resolution`: what the default networks of every family support.
DATA = DCGAN
