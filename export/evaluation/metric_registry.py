"""Discovery of metrics by file name, shared by the image metrics and the text metrics."""

import importlib
import math
from pathlib import Path
from typing import NamedTuple

from ...zoo.errors import ArgumentError
from ...zoo.registry import nearest


class NotComputableError(Exception):
    """A metric has no value for these samples or data; the message is the reason."""


class Result(NamedTuple):
    """Static description of a result.

    Attributes:
        better: "higher", "lower", or "" for a result that is only informative.
        meaning: str, one line.
    """

    better: str
    meaning: str


class Count(NamedTuple):
    """How many rows a result was computed from.

    Attributes:
        used: int, the rows that count.
        given: int, the rows that were available to the metric.
    """

    used: int
    given: int


def result_counts(modules, comparison, default):
    """Returns what each result was computed from: dict of result name -> (dict of what was counted -> `Count`).

    Args:
        modules: iterable of metric modules. `counts(comparison)` of a module applies to all its results except those
            that it lists as `COMPLETE`, which are computed from everything.
        comparison: the input of the metrics.
        default: callable (comparison) -> dict, the counts of a result that is computed from everything.
    """
    counts = {}
    for module in modules:
        limited = getattr(module, "counts", default)(comparison)
        complete = getattr(module, "COMPLETE", ())
        counts |= {name: default(comparison) if name in complete else limited for name in module.RESULTS}
    return counts


def split_finite(results):
    """Separates what may be reported as a score from NaN and infinities.

    Returns:
        (dict of the results without the numbers that are not finite, dict of the name of each such number -> reason).

    >>> split_finite({"fid": 2.0, "kid": float("nan"), "missing": ["7"]})
    ({'fid': 2.0, 'missing': ['7']}, {'kid': 'its value is nan, which is no score'})
    """
    refused = {name for name, value in results.items() if isinstance(value, float) and not math.isfinite(value)}
    finite = {name: value for name, value in results.items() if name not in refused}
    return finite, {name: f"its value is {results[name]}, which is no score" for name in results if name in refused}


class MetricRegistry:
    """The metrics of one package: one file per metric, named after it.

    A metric module defines `RESULTS`, a dict of result name -> `Result`, and `measure(comparison)`, which returns a
    dict with these names. A new metric is a new file; no table has to be edited.

    Args:
        package: str, the `__name__` of the package.
        folder: str or path, the folder of the package.
        suffix: str, appended to the received name in error messages, such as " for texts". Default "".
    """

    def __init__(self, package, folder, suffix=""):
        self.package, self.folder, self.suffix = package, Path(folder), suffix

    def names(self):
        """Returns the names of all metrics, sorted."""
        return sorted(path.stem for path in self.folder.glob("*.py") if path.stem != "__init__")

    def load(self, name):
        """Returns the module of a metric.

        Raises:
            ArgumentError: an unknown name.
        """
        names = self.names()
        if name not in names:
            raise ArgumentError(
                f"metrics: received {name!r}{self.suffix}, expected some of {names}" + nearest(name, names)
            )
        return importlib.import_module(f".{name}", self.package)
