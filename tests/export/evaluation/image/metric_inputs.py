"""Inputs of the tests of image metrics: feature batches and references with known results."""

from types import SimpleNamespace

import numpy as np
from ganzoo.export.evaluation.features.extractor import FeatureBatch
from ganzoo.export.evaluation.image.image_reference import ImageReference
from ganzoo.export.evaluation.image.metrics import ImageComparison, metric

# Samples of an evaluator of shades.
NUM = 110
# Metrics without nearest-neighbor searches, which take most of the time.
FAST_METRICS = ["fid", "inception_score", "kid", "modes"]


def batch(points, **logits):
    """A `FeatureBatch` of points that are their own features."""
    points = np.asarray(points, np.float32)
    return FeatureBatch(points, points, {name: np.asarray(rows, np.float32) for name, rows in logits.items()})


def measure(name, real, fake, reference=None):
    real, fake = (rows if isinstance(rows, FeatureBatch) else batch(rows) for rows in (real, fake))
    return metric(name).measure(ImageComparison(real, fake, reference))


def normal(num_samples, dim=2, seed=0):
    return np.random.default_rng(seed).standard_normal((num_samples, dim))


def on_a_line(positions):
    """Points of the plane on a line, with obvious distances."""
    return np.stack([np.asarray(positions, float), np.zeros(len(positions))], axis=1)


def one_hot_logits(labels, classes=2):
    """Confident logits of the labels."""
    return 10 * np.eye(classes)[labels]


def labeled_reference(truth, predicted, train_labels, values=("A", "B")):
    """A reference with training labels; its held-out images have labels `truth`, classified as `predicted`."""
    held_out = batch(normal(len(truth)), label=one_hot_logits(predicted, len(values)))
    source = SimpleNamespace(name="letters", facts={}, labels=np.array(train_labels), held_out_labels=np.array(truth))
    return with_distances(
        SimpleNamespace(
            source=source,
            extractor=SimpleNamespace(name="classifier", values={"label": list(values)}),
            held_out=held_out,
            held_out_rows=np.arange(len(truth)),
            rows=np.arange(len(train_labels)),
            searched=batch(normal(len(train_labels))),
        )
    )


def copies_reference(training, held_out):
    """A reference whose training images are searched for copies; held-out images may be None."""
    held_out = None if held_out is None else batch(held_out)
    return with_distances(SimpleNamespace(searched=batch(training), held_out=held_out))


def with_distances(reference):
    """The same reference with the method by which `memorization` measures what is no copy."""
    reference.unseen_distances = lambda: ImageReference.unseen_distances(reference)
    return reference


def mixture_reference(centers, std=0.1):
    """A reference of points around known centers."""
    source = SimpleNamespace(name="mixture", facts={"centers": centers, "std": std})
    return SimpleNamespace(source=source, extractor=SimpleNamespace(name="points", values={}), held_out=None)


CORNERS = np.array([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
