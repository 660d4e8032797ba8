"""Metrics of texts by name: one file a metric, found by its name, as those of images are.

A metric's file has `RESULTS`, a dict of result name -> `Result`, and `measure(comparison)`, which returns a dict with
those names. What cannot be computed raises `NotComputableError` with the reason. A file may also have
`require(reference)`, which raises the same where no samples at all could be judged by it, `facts(comparison)`, a dict
of what its numbers hang on, and `warnings(comparison)`.
"""

import importlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ....zoo.errors import ArgumentError
from ....zoo.registry import nearest
from ..metrics import NotComputableError, Result
from ..text_reference import TextReference

__all__ = ["Comparison", "NotComputableError", "Result", "metric", "metric_names"]

FOLDER = Path(__file__).parent


class Comparison(NamedTuple):
    """What a metric sees.

    Attributes:
        samples: int32 array (num, length), the texts that are judged; for the ceiling, held-out ones.
        reference: `TextReference`, the real texts, and what else is known of the data.
        model: the model that made the samples, or None where none did or nobody knows it.
    """

    samples: np.ndarray
    reference: TextReference
    model: object = None


def metric_names():
    """Returns the names of all metrics of texts."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def metric(name):
    """Returns the module of a metric.

    Raises:
        ArgumentError: there is none of that name.
    """
    if name not in metric_names():
        raise ArgumentError(
            f"metrics: received {name!r} for texts, expected some of {metric_names()}" + nearest(name, metric_names())
        )
    return importlib.import_module(f".{name}", __name__)


def require_model(comparison):
    """Returns the generator of the samples.

    Raises:
        NotComputableError: texts that no model stands behind.
    """
    if comparison.model is None:
        raise NotComputableError("nobody knows how likely these texts were: it takes a model, not its samples alone")
    return comparison.model.averaged_generator


def require_oracle(reference):
    """Returns what knows the distribution of the data.

    Raises:
        NotComputableError: data of which nobody knows it.
    """
    if reference.source.oracle is None:
        raise NotComputableError(f"nobody knows the distribution that {reference.source.name} was drawn from")
    return reference.source.oracle
