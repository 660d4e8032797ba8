"""Discovery of metrics by file name, shared by the image metrics and the text metrics."""

import importlib
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
