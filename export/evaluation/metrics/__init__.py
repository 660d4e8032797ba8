"""Metrics by name: one file a metric, found by its name.

A metric's file has `RESULTS`, a dict of result name -> `Result`, and `measure(comparison)`, which returns a dict with
those names. Adding a metric edits no table. What cannot be computed raises `NotComputableError` with the reason.
"""

import importlib
from pathlib import Path
from typing import NamedTuple

from ....zoo.errors import ArgumentError
from ....zoo.registry import nearest
from ..extractor import Embedded
from ..reference import Reference

FOLDER = Path(__file__).parent


class NotComputableError(Exception):
    """A metric that has no value here; the message is the reason."""


class Result(NamedTuple):
    """What is known of a result before it is computed.

    Attributes:
        better: "higher", "lower", or "" where it only informs.
        meaning: str, a line.
    """

    better: str
    meaning: str


class Comparison(NamedTuple):
    """What a metric sees.

    Attributes:
        real: `Embedded` training images.
        fake: `Embedded` samples; for the ceiling, held-out real images.
        reference: `Reference`, for what else is known of the data.
    """

    real: Embedded
    fake: Embedded
    reference: Reference


def metric_names():
    """Returns the names of all metrics."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def metric(name):
    """Returns the module of a metric.

    Raises:
        ArgumentError: there is none of that name.
    """
    if name not in metric_names():
        raise ArgumentError(
            f"metrics: received {name!r}, expected some of {metric_names()}" + nearest(name, metric_names())
        )
    return importlib.import_module(f".{name}", __name__)


def require_rows(comparison, least, why):
    """Raises NotComputableError unless both sides have that many rows."""
    counts = len(comparison.real), len(comparison.fake)
    if min(counts) < least:
        raise NotComputableError(f"{counts[0]} real and {counts[1]} judged samples, at least {least} are needed: {why}")


def require_labels(comparison):
    """Returns (labels that the samples were asked for, names of the classes).

    Raises:
        NotComputableError: samples without labels.
    """
    if comparison.fake.labels is None or comparison.real.labels is None:
        raise NotComputableError("the samples were asked for no label, or the data have none")
    return comparison.fake.labels, comparison.reference.source.class_names
