"""Construction of regularizers from their specification in a recipe."""

from ..core.configurable import read_configurable
from ..errors import ArgumentError
from .gradient_penalty import GradientPenalty
from .r1 import R1
from .r2 import R2
from .regularizer import Regularizer

# Regularizers by the name that a recipe gives them.
REGULARIZERS = {cls.name: cls for cls in (GradientPenalty, R1, R2)}


def read_regularizers(specifications):
    """Returns a list of regularizers.

    Args:
        specifications: list of `Regularizer`s, names, or dicts with a `name` and arguments.

    Raises:
        ArgumentError: an unknown regularizer or argument, or an argument out of its range.

    Example:

    >>> read_regularizers(["r2", {"name": "r1", "weight": 0.5, "every": 16}])
    [R2(weight=1.0, every=1), R1(weight=0.5, every=16)]
    """
    if not isinstance(specifications, (list, tuple)):
        raise ArgumentError(f"regularizers: received {specifications!r}, expected a list, such as [R1(1.0)]")
    return [read_configurable("regularizers", each, Regularizer, REGULARIZERS) for each in specifications]
