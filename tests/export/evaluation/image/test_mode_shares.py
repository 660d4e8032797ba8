"""Shares of modes: corrected by the confusions of the classifier, rounded, and counted."""

from types import SimpleNamespace

import numpy as np
import pytest
from ganzoo.export.evaluation.image.metrics import ImageComparison, modes

from .metric_inputs import batch, labeled_reference, mixture_reference, normal, one_hot_logits

NAMES = ["A", "B", "C"]


def shares(truth, predicted, sampled, train_labels):
    """Returns the shares of the samples, given how held-out images of the classes `truth` are classified."""
    reference = labeled_reference(truth, predicted, train_labels, NAMES)
    fake = batch(normal(len(sampled)), label=one_hot_logits(sampled, 3))
    return modes.measure(ImageComparison(batch(normal(len(train_labels))), fake, reference))["shares"]


def test_shares_are_rounded_to_four_digits():
    exact = shares([0, 1, 2], [0, 1, 2], [0, 0, 1], [0, 1, 2])
    assert exact == {"A": [0.6667, 0.3333], "B": [0.3333, 0.3333], "C": [0.0, 0.3333]}


def test_a_share_of_zero_is_a_share():
    # Half of the images of A are taken for B, and all samples are taken for A: they are all of A.
    confused = shares([0, 0, 1, 2], [0, 1, 1, 2], [0, 0, 0], [0, 1, 2])
    assert {name: share for name, (share, _) in confused.items()} == {"A": 1.0, "B": 0.0, "C": 0.0}


def test_shares_that_are_corrected_to_zero_are_kept_and_all_shares_sum_to_one():
    # A fifth of A is taken for B, but only a tenth of the samples look like B: none is of B, and the rest is of A.
    truth, predicted = [0] * 5 + [1] * 5, [0] * 4 + [1] * 6
    corrected = shares([*truth, 2], [*predicted, 2], [0] * 9 + [1], [0, 1, 2])
    assert {name: share for name, (share, _) in corrected.items()} == {"A": 1.0, "B": 0.0, "C": 0.0}


@pytest.mark.parametrize("held_out", [1, 2])
def test_classes_with_a_single_held_out_image_are_corrected_too(held_out):
    # Images of B are always taken for A: a sample that looks like A may be of either, one of B never looks like B.
    matrix = modes.confusions(np.zeros(held_out, int), np.ones(held_out, int), 3)
    np.testing.assert_array_equal(matrix, [[1, 1, 0], [0, 0, 0], [0, 0, 1]])
    rows = modes.confusions(np.array([0, 1, 1]), np.array([0, 0, 0]), 2)
    np.testing.assert_allclose(rows, [[1 / 3, 0], [2 / 3, 1]])


def test_rounded_shares_have_no_negative_divergence():
    real = np.array([0.25, 0.75])
    assert modes._summary(NAMES[:2], real, real * 1.0001)["modes_kl"] == 0
    assert modes._summary(NAMES[:2], np.array([0.5, 0.5]), real)["modes_kl"] == pytest.approx(
        0.5 * np.log(2) + 0.5 * np.log(2 / 3)
    )


def test_held_out_images_are_counted_where_a_classifier_is_corrected():
    points = ImageComparison(batch(normal(4)), batch(normal(3)), mixture_reference(np.eye(2)))
    assert modes.counts(points) == {"real images": (4, 4), "samples": (3, 3)}
    source = SimpleNamespace(facts={}, held_out=np.zeros(9))
    images = points._replace(reference=SimpleNamespace(source=source, held_out_rows=np.arange(5)))
    assert modes.counts(images) == {"real images": (4, 4), "samples": (3, 3), "held-out images": (5, 9)}


def test_data_without_a_point_in_any_mode_are_noted_by_the_number_of_samples():
    far = mixture_reference(np.eye(2), std=0.1)
    (note,) = modes.warnings(ImageComparison(batch(np.full((4, 2), 9.0)), batch(normal(3)), far))
    assert "with 3 samples the rarest mode is expected 3 times" in note
