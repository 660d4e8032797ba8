"""The Inception Score and the entropies that it consists of, on predictions with values derived by hand."""

import math

import numpy as np
import pytest
from ganzoo.export.evaluation.image.metrics import ImageComparison, metric

from .metric_inputs import batch, measure, normal


def score(predictions):
    """The results of predictions, an array (num_samples, num_classes) of probabilities."""
    logits = np.log(np.maximum(predictions, 1e-30))
    return measure("inception_score", normal(3), batch(normal(len(logits)), label=logits))


def test_entropies_of_two_mirrored_predictions():
    results = score(np.array([[0.8, 0.2], [0.2, 0.8]]))
    # -(0.8 ln 0.8 + 0.2 ln 0.2), and ln 2 of the mean prediction (0.5, 0.5).
    assert results["conditional_entropy"] == pytest.approx(0.5004024, abs=1e-6)
    assert results["marginal_entropy"] == pytest.approx(math.log(2), abs=1e-6)
    assert results["inception_score"] == pytest.approx(math.exp(0.6931472 - 0.5004024), abs=1e-6)
    assert results["max_entropy"] == math.log(2)


@pytest.mark.parametrize(
    ("predictions", "conditional", "marginal"),
    [
        # One class, with certainty: peaked, but not flat.
        (np.eye(4)[[1, 1, 1]], 0, 0),
        # All classes, with certainty: peaked, and flat.
        (np.eye(4)[[0, 1, 2, 3]], 0, math.log(4)),
        # Two classes of four.
        (np.eye(4)[[0, 3, 3, 0]], 0, math.log(2)),
        # Nothing is recognized: not peaked.
        (np.full((5, 4), 0.25), math.log(4), math.log(4)),
        # A quarter of the images in the first of two classes: 2 ln 2 - 3/4 ln 3.
        (np.eye(2)[[0, 1, 1, 1]], 0, 2 * math.log(2) - 0.75 * math.log(3)),
    ],
)
def test_peaked_and_flat(predictions, conditional, marginal):
    results = score(predictions)
    assert results["conditional_entropy"] == pytest.approx(conditional, abs=1e-6)
    assert results["marginal_entropy"] == pytest.approx(marginal, abs=1e-6)
    assert results["inception_score"] == pytest.approx(math.exp(marginal - conditional), abs=1e-5)


def test_the_difference_of_the_entropies_is_the_logarithm_of_the_score(monkeypatch):
    # Several chunks, the last one incomplete.
    monkeypatch.setattr(metric("inception_score"), "CHUNK", 7)
    logits = np.random.default_rng(0).normal(0, 3, (45, 6))
    results = measure("inception_score", normal(3), batch(normal(45), label=logits))
    difference = results["marginal_entropy"] - results["conditional_entropy"]
    assert math.log(results["inception_score"]) == pytest.approx(difference, rel=1e-9)
    assert 0 < results["conditional_entropy"] < results["marginal_entropy"] < results["max_entropy"] == math.log(6)


@pytest.mark.parametrize(("num_samples", "is_noted"), [(99, True), (100, False)])
def test_fewer_than_fifty_samples_per_class_are_noted(num_samples, is_noted):
    comparison = ImageComparison(None, batch(normal(num_samples), label=np.zeros((num_samples, 2))), None)
    notes = metric("inception_score").warnings(comparison)
    assert bool(notes) == is_noted
    assert not is_noted or "99 samples for 2 classes; fewer than 100" in notes[0]


def test_the_report_prints_the_splits_and_the_bound_of_the_entropies(evaluator, fake_generator):
    report = evaluator(metrics=["inception_score"]).report(fake_generator(), seeds=2)
    assert report.content()["inception_score"] == {"splits": 1, "classes": 3}
    lines = str(report).splitlines()
    assert lines[-1].startswith("2 blocks of 110 samples")
    assert lines[-1].endswith("Inception Score of 3 classes in 1 split")
    (line,) = [line for line in lines if line.startswith("marginal_entropy")]
    assert line.endswith("higher is better, at most 1.099")
