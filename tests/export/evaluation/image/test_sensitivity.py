"""Real digits with known degradations of known strength: every metric has to detect them, and by how much."""

import functools

import numpy as np
import pytest
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.export.evaluation.features import convnet, trained_extractor
from ganzoo.training.data import ImageSource, load
from scipy.ndimage import gaussian_filter

TRAINING_IMAGES = 20_000
NUM = 898
# Which classes are dropped, the first ones first.
ORDER = [1, 4, 8, 0, 6]
STRENGTHS = {"blur": (0.9, 1.2, 1.6), "noise": (20, 40, 80), "dropped": (1, 3, 5), "copied": (100, 300, 600, NUM)}


@pytest.fixture(scope="session")
def digits():
    """Half of the digits for training and half held out, so that both sides of a comparison have equal counts."""
    all_digits = load("digits", resolution=16)
    images = np.concatenate([all_digits.samples, all_digits.held_out])
    labels = np.concatenate([all_digits.labels, all_digits.held_out_labels])
    order = np.random.default_rng(0).permutation(len(images))[: 2 * NUM]
    images, labels = images[order], labels[order]
    return ImageSource("digits", images[:NUM], images[NUM:], labels[:NUM], labels[NUM:])


def blurred(images, labels, training, strength):
    return np.rint(gaussian_filter(images.astype(float), (0, strength, strength, 0))).astype(np.uint8)


def noisy(images, labels, training, strength):
    noise = strength * np.random.default_rng(1).standard_normal(images.shape)
    return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)


def without_classes(images, labels, training, count):
    return images[~np.isin(labels, ORDER[:count])]


def with_copies(images, labels, training, count):
    return np.concatenate([training[:count], images[count:]])


def with_twins(images, labels, training, count):
    return np.concatenate([images[count : 2 * count], images[count:]])


DEGRADATIONS = {
    "blur": blurred, "noise": noisy, "dropped": without_classes, "copied": with_copies, "twins": with_twins,
}  # fmt: skip


@pytest.fixture(scope="session")
def evaluator(digits, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convnet, "MIN_IMAGES", TRAINING_IMAGES)
        patch.setattr(trained_extractor, "MIN_IMAGES", TRAINING_IMAGES)
        return ImageEvaluator(digits, "classifier", num_samples=NUM, cache_dir=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def score(evaluator, digits):
    """The scores of held-out images: `score()` unchanged, `score("blur", 1.0)` degraded."""

    @functools.cache
    def results(degradation=None, strength=0):
        if degradation is None:
            return evaluator.held_out_baseline()[0]
        return evaluator.score(
            DEGRADATIONS[degradation](digits.held_out, digits.held_out_labels, digits.samples, strength)
        )

    return results


@pytest.fixture(scope="session")
def curve(score):
    """A result for increasing strength, unchanged images first: `curve("fid", "blur")`."""
    return lambda name, degradation: [
        score()[name],
        *(score(degradation, strength)[name] for strength in STRENGTHS[degradation]),
    ]


def rises(values, by=0.0):
    return all(later > earlier + by for earlier, later in zip(values, values[1:], strict=False))


def falls(values, by=0.0):
    return rises([-value for value in values], by)


@pytest.mark.thorough
def test_held_out_images_are_nearly_as_good_as_training_ones(score):
    real = score()
    assert real["missing"] == []
    assert real["modes_kl"] < 0.03
    assert real["inception_score"] > 8
    # Both sides are equally many samples of one distribution.
    assert real["precision"] == pytest.approx(real["recall"], abs=0.12)
    assert min(real["precision"], real["recall"]) > 0.75
    assert real["coverage"] > 0.9
    assert real["copy_rate"] == pytest.approx(0.01, abs=2 / NUM)
    assert real["data_copying_auc"] == pytest.approx(0.5, abs=0.01)
    assert abs(real["kid"]) < 0.05


@pytest.mark.parametrize("degradation", ["blur", "noise"])
def test_stronger_degradations_increase_distances_and_lower_precision(curve, degradation):
    assert rises(curve("fid", degradation), by=0.3)
    assert rises(curve("kid", degradation), by=0.02)
    assert curve("fid", degradation)[-1] > 5 * curve("fid", degradation)[0]
    for name in ("precision", "coverage", "inception_score"):
        assert falls(curve(name, degradation), by=0.01), name
    for name in ("precision", "density", "coverage"):
        assert curve(name, degradation)[-1] < 0.4 * curve(name, degradation)[0], name
    # Samples that are farther from all images are no copies.
    assert falls(curve("data_copying_auc", degradation), by=0.02)


@pytest.mark.parametrize("degradation", ["blur", "noise", "dropped"])
def test_degraded_images_score_below_the_held_out_baseline(curve, degradation):
    for name in ("fid", "kid", "modes_kl"):
        real, *worse = curve(name, degradation)
        assert real < min(worse), name
    for name in ("inception_score", "coverage"):
        real, *worse = curve(name, degradation)
        assert real > max(worse), name


def test_exactly_the_dropped_classes_are_missing(score):
    for count in STRENGTHS["dropped"]:
        actual = score("dropped", count)
        assert actual["missing"] == sorted(str(digit) for digit in ORDER[:count])
        assert (actual["modes_covered"], actual["modes"]) == (10 - count, 10)


def test_dropped_classes_lower_diversity_but_not_precision(curve, digits):
    remaining = [1 - np.isin(digits.labels, ORDER[:count]).mean() for count in STRENGTHS["dropped"]]
    # Only the dropped classes are not covered, and fewer of the ten classes contribute to the Inception Score.
    for name in ("recall", "coverage", "inception_score"):
        real, *worse = curve(name, "dropped")
        np.testing.assert_allclose(np.array(worse) / real, remaining, atol=0.08, err_msg=name)
    # Shares of q / remaining against q: the divergence is -log(remaining).
    np.testing.assert_allclose(curve("modes_kl", "dropped")[1:], -np.log(remaining), atol=0.04)
    np.testing.assert_allclose(curve("precision", "dropped"), curve("precision", "dropped")[0], atol=0.03)
    assert rises(curve("fid", "dropped"), by=1)
    assert rises(curve("kid", "dropped"), by=0.05)


def test_each_of_two_equal_samples_is_a_duplicate(score, digits):
    assert len(with_twins(digits.held_out, None, None, 100)) == NUM
    before, after = score()["duplicates"], score("twins", 100)["duplicates"]
    # A hundred pairs, and at most as many of the other samples as before.
    assert 200 / NUM <= after <= 200 / NUM + before
    assert before <= 0.02
    for name in ("fid", "inception_score", "precision"):
        assert score("twins", 100)[name] == pytest.approx(score()[name], rel=0.1), name


def test_copies_of_training_images_are_counted_although_all_other_scores_improve(score, curve, digits):
    shares = [0, *(count / NUM for count in STRENGTHS["copied"])]
    # One in a hundred held-out images is as close by definition; the copies replace some of them.
    for share, actual in zip(shares, curve("copy_rate", "copied"), strict=True):
        assert share <= actual <= share + 0.01 + 1 / NUM
    # The AUC is 1 for copies and 1/2 for held-out images.
    np.testing.assert_allclose(curve("data_copying_auc", "copied"), [(1 + share) / 2 for share in shares], atol=0.02)
    assert falls(curve("fid", "copied"))
    assert falls(curve("kid", "copied"))
    for name in ("precision", "recall"):
        assert rises(curve(name, "copied"), by=-0.01), name
        assert curve(name, "copied")[-1] > curve(name, "copied")[0], name
