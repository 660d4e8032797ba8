"""Construction of augmentations from their specification in a recipe."""

from ..core.configurable import read_configurable
from .augmentation import Augmentation
from .diff_augment import DiffAugment

# Augmentations by the name that a recipe gives them.
AUGMENTATIONS = {cls.name: cls for cls in (DiffAugment,)}


def read_augmentation(specification):
    """Returns an `Augmentation`, or None for None.

    Args:
        specification: `Augmentation`, a dict with a `name` and arguments, a name, or None.

    Raises:
        ArgumentError: an unknown augmentation or argument, or an argument out of its range.

    Example:

    >>> read_augmentation({"name": "diff_augment", "shift": 2})
    DiffAugment(shift=2, color=False, cutout=0.0)
    """
    if specification is None:
        return None
    return read_configurable("augmentation", specification, Augmentation, AUGMENTATIONS)
