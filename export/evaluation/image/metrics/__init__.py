"""Image metrics by name: one file per metric, found by its file name; see `MetricRegistry`.

A module may also define `warnings(comparison)`, a list of str to read before its scores are quoted;
`counts(comparison)`, a dict of what was counted -> `Count`, by default all real images and all samples;
`facts(comparison)`, further entries of the report; and `NEEDS_LABELS` or `NEEDS_CAPTIONS`. A metric that has no value
raises `NotComputableError` with the reason.
"""

from pathlib import Path
from typing import NamedTuple

from ...features.extractor import FeatureBatch
from ...metric_registry import Count, MetricRegistry, NotComputableError, Result
from ..image_reference import ImageReference

__all__ = [
    "Count",
    "ImageComparison",
    "NotComputableError",
    "Result",
    "count_both_sides",
    "count_samples",
    "metric",
    "metric_names",
    "require_labels",
    "require_rows",
]

_REGISTRY = MetricRegistry(__name__, Path(__file__).parent)


class ImageComparison(NamedTuple):
    """The input of an image metric.

    Attributes:
        real: `FeatureBatch` of training images.
        fake: `FeatureBatch` of samples; of held-out real images for the held-out baseline.
        reference: `ImageReference`, for everything else about the data.
    """

    real: FeatureBatch
    fake: FeatureBatch
    reference: ImageReference


def metric_names():
    """Returns the names of all image metrics."""
    return _REGISTRY.names()


def metric(name):
    """Returns the module of an image metric.

    Raises:
        ArgumentError: an unknown name.
    """
    return _REGISTRY.load(name)


def count_samples(comparison):
    """Returns the `counts` of a metric that uses all samples and no other image."""
    return {"samples": Count(len(comparison.fake), len(comparison.fake))}


def count_both_sides(comparison):
    """Returns the `counts` of a metric that uses all samples and all real images, the default."""
    return {"real images": Count(len(comparison.real), len(comparison.real)), **count_samples(comparison)}


def require_rows(comparison, minimum, why):
    """Raises NotComputableError unless both sides have at least `minimum` rows."""
    real, fake = len(comparison.real), len(comparison.fake)
    if min(real, fake) < minimum:
        raise NotComputableError(f"{real} real and {fake} evaluated samples, at least {minimum} are needed: {why}")


def require_labels(comparison):
    """Returns (labels that the samples were generated with, class names).

    Raises:
        NotComputableError: samples without labels.
    """
    if comparison.fake.labels is None or comparison.real.labels is None:
        raise NotComputableError("the samples were generated without labels, or the data have none")
    return comparison.fake.labels, comparison.reference.source.class_names
