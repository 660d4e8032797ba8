"""Text metrics by name: one file per metric, found by its file name; see `MetricRegistry`.

A module may also define `require(reference)`, which raises `NotComputableError` for data on which no samples can be
evaluated, `facts(comparison)`, a dict of the settings that its scores depend on, `warnings(comparison)`, and
`counts(comparison)`, a dict of what was counted -> `Count`, by default all training texts and all samples. A metric
that has no value raises `NotComputableError` with the reason.
"""

from pathlib import Path
from typing import NamedTuple

import numpy as np

from ...metric_registry import Count, MetricRegistry, NotComputableError, Result
from ..text_reference import TextReference

__all__ = [
    "Count",
    "NotComputableError",
    "Result",
    "TextComparison",
    "count_both_sides",
    "metric",
    "metric_names",
    "require_model",
    "require_oracle",
]

_REGISTRY = MetricRegistry(__name__, Path(__file__).parent, " for texts")


class TextComparison(NamedTuple):
    """The input of a text metric.

    Attributes:
        samples: int32 array (num_samples, length), the evaluated texts; held-out ones for the held-out baseline.
        reference: `TextReference`, the real texts, and everything else about the data.
        model: the model that generated the samples, or None.
    """

    samples: np.ndarray
    reference: TextReference
    model: object = None


def metric_names():
    """Returns the names of all text metrics."""
    return _REGISTRY.names()


def metric(name):
    """Returns the module of a text metric.

    Raises:
        ArgumentError: an unknown name.
    """
    return _REGISTRY.load(name)


def count_both_sides(comparison):
    """Returns the `counts` of a metric that uses all samples and all training texts of the reference, the default."""
    real, samples = len(comparison.reference.real), len(comparison.samples)
    return {"training texts": Count(real, real), "samples": Count(samples, samples)}


def require_model(comparison):
    """Returns the averaged generator of the samples.

    Raises:
        NotComputableError: texts without a model.
    """
    if comparison.model is None:
        raise NotComputableError("likelihoods require the model of the texts, not only its samples")
    return comparison.model.ema_generator


def require_oracle(reference):
    """Returns the known distribution of the data.

    Raises:
        NotComputableError: data without a known distribution.
    """
    if reference.source.oracle is None:
        raise NotComputableError(f"the distribution that {reference.source.name} was sampled from is unknown")
    return reference.source.oracle
