"""Mode coverage: confusion correction, missing modes, and their names."""

import numpy as np
import pytest
from ganzoo.export.evaluation.image.metrics import NotComputableError, metric
from ganzoo.export.evaluation.image.metrics.modes import confusions

from .metric_inputs import CORNERS, batch, labeled_reference, measure, mixture_reference, normal, one_hot_logits


def test_points_around_centers_have_all_results_of_the_modes():
    results = measure("modes", CORNERS.repeat(5, 0), CORNERS.repeat(5, 0), mixture_reference(CORNERS))
    assert set(results) == set(metric("modes").RESULTS)


def test_confusions_are_normalized_per_true_class():
    predicted, truth = np.array([0, 0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 0, 0, 1, 1])
    np.testing.assert_allclose(confusions(predicted, truth, 2), [[0.8, 0], [0.2, 1]])
    # A class without examples is assumed to be classified correctly.
    np.testing.assert_allclose(confusions(predicted, truth, 3), [[0.8, 0, 0], [0.2, 1, 0], [0, 0, 1]])


def test_a_class_that_is_never_generated_is_missing_although_others_are_misclassified_as_it():
    # A fifth of A is classified as B; all samples are of A.
    truth, predicted = np.repeat([0, 1], 10), np.repeat([0, 1], [8, 12])
    reference = labeled_reference(truth, predicted, np.repeat([0, 1], 50))
    fake = batch(normal(100), label=one_hot_logits(np.repeat([0, 1], [80, 20])))
    results = measure("modes", normal(100), fake, reference)
    assert results["missing"] == ["B"]
    assert (results["modes_covered"], results["modes"]) == (1, 2)
    assert results["shares"] == {"A": [1, 0.5], "B": [0, 0.5]}
    # 1 ln(1 / 0.5) + 0.
    assert results["modes_kl"] == pytest.approx(np.log(2), abs=1e-6)


def test_the_confusions_of_both_classes_are_corrected():
    # Generated at 3 to 1: 0.8 * 0.75 + 0.1 * 0.25 = 0.625 are classified as A.
    truth, predicted = np.repeat([0, 1], 10), np.repeat([0, 1, 0, 1], [8, 2, 1, 9])
    fake = batch(normal(1000), label=one_hot_logits(np.repeat([0, 1], [625, 375])))
    results = measure("modes", normal(100), fake, labeled_reference(truth, predicted, np.repeat([0, 1], [50, 50])))
    assert results["shares"] == {"A": [0.75, 0.5], "B": [0.25, 0.5]}
    assert results["modes_kl"] == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5), abs=1e-6)


@pytest.mark.parametrize(("generated", "missing"), [(4, ["B"]), (6, [])])
def test_a_mode_is_covered_from_a_tenth_of_its_share(generated, missing):
    labels = np.repeat([0, 1], 50)
    fake = batch(normal(100), label=one_hot_logits(np.repeat([0, 1], [100 - generated, generated])))
    assert measure("modes", normal(100), fake, labeled_reference(labels, labels, labels))["missing"] == missing


def test_a_class_without_reference_images_is_no_mode():
    labels = np.repeat([0, 1], 50)
    fake = batch(normal(100), label=one_hot_logits(labels, 3))
    results = measure("modes", normal(100), fake, labeled_reference(labels, labels, labels, ("A", "B", "C")))
    assert (results["modes"], results["modes_covered"], results["missing"]) == (2, 2, [])
    assert results["modes_kl"] == pytest.approx(0, abs=1e-9)


def test_modes_of_further_factors_are_prefixed_with_the_factor():
    labels = np.arange(60) % 2
    reference = labeled_reference(labels, labels, labels)
    reference.extractor.values["color"] = ["red", "green", "blue"]
    reference.source.factors = reference.source.held_out_factors = {"color": np.arange(60) % 3}
    reference.held_out.logits["color"] = one_hot_logits(np.arange(60) % 3, 3)
    fake = batch(normal(60), label=one_hot_logits(labels), color=one_hot_logits(np.arange(60) % 2 + 1, 3))
    results = measure("modes", normal(60), fake, reference)
    assert results["missing"] == ["color red"]
    assert (results["modes"], results["modes_covered"]) == (5, 4)
    assert list(results["shares"]) == ["A", "B", "color red", "color green", "color blue"]


def test_counts_are_uncorrected_if_no_shares_explain_the_predictions():
    # Every held-out B is classified as A, so no shares explain samples that are classified as B.
    truth, predicted = np.repeat([0, 1], 10), np.zeros(20, int)
    fake = batch(normal(10), label=one_hot_logits(np.ones(10, int)))
    results = measure("modes", normal(20), fake, labeled_reference(truth, predicted, truth))
    assert results["shares"] == {"A": [0, 0.5], "B": [1, 0.5]}


def test_a_missing_mode_of_points_is_named_by_its_center():
    # Ten at each of three corners; 2.9 standard deviations are inside, 3.1 are not.
    generated = np.concatenate([CORNERS[[0, 2, 3]].repeat(9, 0), CORNERS[[0, 2, 3]] + [0.29, 0], CORNERS + [0, 0.31]])
    results = measure("modes", CORNERS.repeat(25, 0), generated, mixture_reference(CORNERS))
    assert results["missing"] == ["(1.00, -1.00)"]
    assert (results["modes"], results["modes_covered"]) == (4, 3)
    assert results["modes_kl"] == pytest.approx(np.log(4 / 3))
    assert results["high_quality"] == pytest.approx(30 / 34)
    assert results["shares"]["(1.00, 1.00)"] == [0.3333, 0.25]


def test_samples_outside_of_all_modes_have_no_divergence():
    results = measure("modes", CORNERS.repeat(5, 0), np.full((20, 2), 9.0), mixture_reference(CORNERS))
    assert results["modes_kl"] is None
    assert results["modes_covered"] == results["high_quality"] == 0
    assert len(results["missing"]) == 4


@pytest.mark.parametrize("missing", ["labels", "held_out_labels", "held_out"])
def test_modes_need_labels(missing):
    labels = np.arange(20) % 2
    reference = labeled_reference(labels, labels, labels)
    setattr(reference if missing == "held_out" else reference.source, missing, None)
    with pytest.raises(NotComputableError, match="letters has no labeled .*held-out images"):
        measure("modes", normal(20), batch(normal(20), label=one_hot_logits(labels)), reference)
