"""Image metrics on points with results known by hand, or by a naive implementation of the definition."""

import numpy as np
import pytest
from ganzoo.export.evaluation.image.metrics import ImageComparison, NotComputableError, metric, metric_names
from ganzoo.zoo.errors import ArgumentError

from .metric_inputs import batch, copies_reference, labeled_reference, measure, normal, on_a_line, one_hot_logits

# Metrics of conditions are tested in test_sample_conditions.py.
CONDITIONAL = ("attributes", "gan_test", "gan_train", "intra_fid", "r_precision")


@pytest.mark.parametrize("name", [name for name in metric_names() if name not in CONDITIONAL])
def test_every_metric_returns_its_declared_results(name):
    labels = np.arange(120) % 2
    real, fake = (
        batch(normal(120), label=one_hot_logits(labels)),
        batch(normal(120, seed=1), label=one_hot_logits(labels)),
    )
    results = metric(name).measure(ImageComparison(real, fake, labeled_reference(labels, labels, labels)))
    announced = metric(name).RESULTS
    # The distance from a center is defined for points only.
    assert set(results) == set(announced) - {"high_quality"}
    assert {result.better for result in announced.values()} <= {"higher", "lower", ""}
    assert all(result.meaning for result in announced.values())


def test_result_names_are_unique():
    names = [name for each in metric_names() for name in metric(each).RESULTS]
    assert len(names) == len(set(names))
    assert {"fid", "kid", "inception_score", "precision", "recall", "copy_rate", "missing"} <= set(names)


def test_an_unknown_metric_is_rejected_with_the_closest_name():
    with pytest.raises(ArgumentError, match="received 'memorizaton', expected some of .*did you mean 'memorization'"):
        metric("memorizaton")


def test_fid_and_kid_are_computed_from_the_features():
    # Equal covariances and means 1 apart: only the squared shift remains.
    shifted = measure("fid", normal(50), normal(50) + [1, 0])
    assert shifted == {"fid": pytest.approx(1, rel=1e-5)}
    # k(x, y) = (x.y / 2 + 1)^3 of twice (1, 0) and twice (0, 1): 2 * 1.5^3 - 2 * 1.
    results = measure("kid", [[1, 0], [1, 0]], [[0, 1], [0, 1]])
    assert results == {"kid": pytest.approx(2 * 1.5**3 - 2), "kid_error": None}


def test_a_warning_of_fid_names_the_count_of_samples_and_the_advised_one():
    few, enough = batch(normal(100)), batch(np.zeros((2048, 2)))
    (note,) = metric("fid").warnings(ImageComparison(enough, few, None))
    assert "100 samples" in note
    assert "2048" in note
    assert metric("fid").warnings(ImageComparison(enough, enough, None)) == []


def test_the_inception_score_depends_only_on_the_logits_of_samples():
    fake = batch(normal(40), label=100 * np.eye(4)[np.arange(40) % 4])
    results = metric("inception_score").measure(ImageComparison(batch(normal(3)), fake, None))
    assert results.pop("conditional_entropy") == pytest.approx(0, abs=1e-12)
    assert results == pytest.approx({"inception_score": 4, "marginal_entropy": np.log(4), "max_entropy": np.log(4)})


def by_definition(real, fake):
    """Equations 1 and 2 of Kynkaanniemi et al. and 6 and 7 of Naeem et al., one pair at a time."""

    def distance(one, other):
        return np.sqrt(np.sum((one - other) ** 2))

    def radius(rows, index, k):
        return sorted(distance(rows[index], other) for position, other in enumerate(rows) if position != index)[k - 1]

    def share_inside(rows, others):
        radii = [radius(others, index, 3) for index in range(len(others))]
        inside = [
            any(distance(row, other) <= reach for other, reach in zip(others, radii, strict=True)) for row in rows
        ]
        return np.mean(inside)

    wide = [radius(real, index, 5) for index in range(len(real))]
    within = [[distance(row, sample) <= reach for sample in fake] for row, reach in zip(real, wide, strict=True)]
    return {
        "precision": share_inside(fake, real),
        "recall": share_inside(real, fake),
        "density": np.sum(within) / (5 * len(fake)),
        "coverage": np.mean([any(row) for row in within]),
    }


@pytest.mark.parametrize(("num_samples", "others"), [(40, 40), (50, 20), (20, 50), (6, 6)])
@pytest.mark.parametrize("dim", [2, 7])
def test_precision_recall_density_and_coverage_equal_their_definitions(num_samples, others, dim):
    real = normal(num_samples, dim).astype("float32").astype(float)
    fake = (0.7 * normal(others, dim, seed=1) + 0.5).astype("float32").astype(float)
    assert measure("precision_recall", real, fake) == pytest.approx(by_definition(real, fake))


def test_blockwise_distances_equal_unblocked_ones(monkeypatch):
    real, fake = normal(60), 0.7 * normal(50, seed=1)
    complete = measure("precision_recall", real, fake)
    # Two kilobytes: a few rows of distances per block.
    monkeypatch.setattr("ganzoo.export.evaluation.features.nearest_neighbors.WORKING_MEMORY_MB", 0.002)
    assert measure("precision_recall", real, fake) == complete


def test_precision_is_a_share_of_samples_and_recall_one_of_real_images():
    real, cluster = normal(200), 0.02 * normal(200, seed=1)
    results = measure("precision_recall", real, cluster)
    assert results["precision"] == 1
    assert results["recall"] < 0.1
    assert results["coverage"] < 0.1
    results = measure("precision_recall", cluster, real)
    assert results["precision"] < 0.1
    assert results["recall"] == 1


def test_duplicates_are_closer_than_the_first_percentile_of_real_distances():
    # Four of 200 real points have a distance of 0.1 to another one: the first percentile is 0.1.
    real = np.concatenate([np.arange(196.0), [300, 300.1, 400, 400.1]])
    # Ten pairs 0.05 apart are closer, ten pairs 0.2 apart are not.
    pairs = np.arange(0, 100, 10.0)
    fake = np.concatenate([pairs, pairs + 0.05, 1000 + pairs, 1000 + pairs + 0.2, np.arange(2000, 2160.0)])
    assert measure("duplicates", on_a_line(real), on_a_line(fake)) == {"duplicates": 20 / 200}


def test_a_collapsed_generator_is_all_duplicates():
    one = np.repeat(normal(1, dim=16), 200, axis=0)
    assert measure("duplicates", normal(200, dim=16), one) == {"duplicates": 1}


def test_equal_features_have_distance_zero_despite_rounding():
    for seed in range(4):
        real = normal(200, 64, seed)
        twins = np.concatenate([real[:10], real])[:200]
        one = np.repeat(5 + normal(1, 64, seed + 100), 200, axis=0)
        assert measure("duplicates", twins, one) == {"duplicates": 1}
        assert measure("duplicates", twins, normal(200, 64, seed + 200)) == {"duplicates": 0}


def test_copies_of_repeated_real_images_are_inside_their_neighborhoods():
    # Each image has five equal ones: its neighborhood has radius 0, and a copy is inside.
    for seed in range(4):
        real, fake = 5 + normal(20, 64, seed), 9 + normal(20, 64, seed + 100)
        results = measure("precision_recall", real.repeat(6, 0), np.concatenate([real[:10], fake[10:]]).repeat(6, 0))
        assert results == {"precision": 0.5, "recall": 0.5, "density": 0.6, "coverage": 0.5}


@pytest.mark.parametrize(("num_samples", "others"), [(100, 2000), (2000, 100)])
def test_duplicates_do_not_depend_on_the_number_of_samples(num_samples, others):
    random = np.random.default_rng(0)
    results = [
        measure("duplicates", on_a_line(random.uniform(size=num_samples)), on_a_line(random.uniform(size=others)))[
            "duplicates"
        ]
        for _ in range(12)
    ]
    # Without subsampling, 20 times more points on a line would be 20 times closer: a fifth of them, or none.
    assert 0.003 < np.mean(results) < 0.04


def test_copies_of_training_images_are_detected():
    training, held_out = normal(300), normal(200, seed=1)
    reference = copies_reference(training, held_out)
    assert measure("memorization", training, training[:150], reference) == {"copy_rate": 1, "data_copying_auc": 1}
    fresh = measure("memorization", training, normal(200, seed=2), reference)
    assert fresh["copy_rate"] < 0.05
    assert fresh["data_copying_auc"] == pytest.approx(0.5, abs=0.1)
    # The held-out images themselves: an AUC of chance, and two of 200 within the first percentile.
    assert measure("memorization", training, held_out, reference) == pytest.approx(
        {"copy_rate": 0.01, "data_copying_auc": 0.5}
    )
    # Half are copies, half are far from the data; the AUC alone would not detect the copies.
    half = np.concatenate([training[:100], training[:100] + 1000])
    assert measure("memorization", training, half, reference) == pytest.approx(
        {"copy_rate": 0.5, "data_copying_auc": 0.5}
    )


def test_equal_images_in_both_splits_do_not_hide_copies():
    # More than 1 % of the held-out images have distance 0 to training images, as copies do.
    training = normal(300)
    held_out = np.concatenate([training[:5], normal(195, seed=1)])
    reference = copies_reference(training, held_out)
    assert measure("memorization", training, training[100:250], reference)["copy_rate"] == 1


def test_copies_are_searched_among_all_training_images_not_only_the_reference():
    training = normal(400)
    reference = copies_reference(training, normal(200, seed=1))
    assert measure("memorization", training[:200], training[200:], reference)["copy_rate"] == 1


@pytest.mark.parametrize(
    ("name", "num_samples", "dim", "reason"),
    [
        ("fid", 8, 8, "8 real and 8 evaluated samples, at least 9 are needed: a covariance of 8 features"),
        ("kid", 1, 2, "at least 2 are needed"),
        ("precision_recall", 5, 2, "at least 6 are needed"),
        ("duplicates", 99, 2, "at least 100 are needed"),
        ("memorization", 99, 2, "at least 100 are needed"),
    ],
)
def test_too_few_samples_are_reported_as_the_reason(name, num_samples, dim, reason):
    enough = normal(200, dim)
    reference = copies_reference(enough, enough)
    for real, fake in (
        (enough[:num_samples], enough[:num_samples]),
        (enough, enough[:num_samples]),
        (enough[:num_samples], enough),
    ):
        expected = reason if len(real) == len(fake) else reason[reason.index("at least") :]
        with pytest.raises(NotComputableError, match=expected):
            measure(name, real, fake, reference)
    assert measure(name, enough[: num_samples + 1], enough[: num_samples + 1], reference)


@pytest.mark.parametrize("held_out", [None, normal(99)])
def test_memorization_needs_held_out_images(held_out):
    reference = copies_reference(normal(200), held_out)
    with pytest.raises(NotComputableError, match="fewer than 100 held-out images"):
        measure("memorization", normal(200), normal(200, seed=1), reference)


def test_without_classes_there_is_neither_an_inception_score_nor_a_mode():
    labels = np.arange(20) % 2
    reference = labeled_reference(labels, labels, labels)
    reference.extractor.values = {}
    with pytest.raises(NotComputableError, match="the extractor classifier knows no classes"):
        measure("inception_score", normal(20), normal(20), reference)
    with pytest.raises(NotComputableError, match="the extractor classifier does not know the classes of letters"):
        measure("modes", normal(20), normal(20), reference)


def test_one_class_has_neither_an_inception_score_nor_modes():
    alone = np.zeros(20, int)
    fake = batch(normal(20), label=np.ones((20, 1)))
    with pytest.raises(NotComputableError, match="one class"):
        measure("inception_score", normal(20), fake, None)
    with pytest.raises(NotComputableError, match="one class"):
        measure("modes", normal(20), fake, labeled_reference(alone, alone, alone, ["A"]))
