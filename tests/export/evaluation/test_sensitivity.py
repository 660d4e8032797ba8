"""Real digits, made worse in known ways and by known amounts: every metric has to notice, and by as much."""

import functools

import numpy as np
import pytest
from ganzoo.export.evaluation import Judge, convnet, trained
from ganzoo.training.data import ImageSource, load
from scipy.ndimage import gaussian_filter

LESSONS = 20_000
NUM = 898
# Which classes are dropped, the first ones first.
ORDER = [1, 4, 8, 0, 6]
STRENGTHS = {"blur": (0.9, 1.2, 1.6), "noise": (20, 40, 80), "dropped": (1, 3, 5), "copied": (100, 300, 600, NUM)}


@pytest.fixture(scope="session")
def digits():
    """Half the digits to train on and half held out, so that both sides of a comparison are equally many."""
    whole = load("digits", resolution=16)
    images = np.concatenate([whole.samples, whole.held_out])
    labels = np.concatenate([whole.labels, whole.held_out_labels])
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


WAYS = {
    "blur": blurred, "noise": noisy, "dropped": without_classes, "copied": with_copies, "twins": with_twins,
}  # fmt: skip


@pytest.fixture(scope="session")
def judge(digits, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convnet, "LEAST_IMAGES", LESSONS)
        patch.setattr(trained, "LEAST_IMAGES", LESSONS)
        return Judge(digits, "classifier", num=NUM, cache_dir=str(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="session")
def score(judge, digits):
    """What held-out images score: `score()` as they are, `score("blur", 1.0)` made worse."""

    @functools.cache
    def results(way=None, strength=0):
        if way is None:
            return judge.ceiling()[0]
        return judge.score(WAYS[way](digits.held_out, digits.held_out_labels, digits.samples, strength))

    return results


@pytest.fixture(scope="session")
def course(score):
    """A result from the real images to the worst ones: `course("fid", "blur")`."""
    return lambda name, way: [score()[name], *(score(way, strength)[name] for strength in STRENGTHS[way])]


def rises(values, by=0.0):
    return all(later > earlier + by for earlier, later in zip(values, values[1:], strict=False))


def falls(values, by=0.0):
    return rises([-value for value in values], by)


def test_held_out_images_are_nearly_as_good_as_training_ones(score):
    real = score()
    assert real["missing"] == []
    assert real["modes_kl"] < 0.03
    assert real["inception_score"] > 8
    # Both sides are as many draws of one distribution, each about as well inside the other's manifold.
    assert real["precision"] == pytest.approx(real["recall"], abs=0.12)
    assert min(real["precision"], real["recall"]) > 0.75
    assert real["coverage"] > 0.9
    assert real["copies"] == pytest.approx(0.01, abs=2 / NUM)
    assert real["nearness"] == pytest.approx(0.5, abs=0.01)
    assert abs(real["kid"]) < 0.05


@pytest.mark.parametrize("way", ["blur", "noise"])
def test_the_worse_the_pictures_the_worse_the_distances_and_the_precision(course, way):
    assert rises(course("fid", way), by=0.3)
    assert rises(course("kid", way), by=0.02)
    assert course("fid", way)[-1] > 5 * course("fid", way)[0]
    for name in ("precision", "coverage", "inception_score"):
        assert falls(course(name, way), by=0.01), name
    for name in ("precision", "density", "coverage"):
        assert course(name, way)[-1] < 0.4 * course(name, way)[0], name
    # What is further from everything is no copy either.
    assert falls(course("nearness", way), by=0.02)


@pytest.mark.parametrize("way", ["blur", "noise", "dropped"])
def test_nothing_that_was_made_worse_reaches_the_ceiling(course, way):
    for name in ("fid", "kid", "modes_kl"):
        real, *worse = course(name, way)
        assert real < min(worse), name
    for name in ("inception_score", "coverage"):
        real, *worse = course(name, way)
        assert real > max(worse), name


def test_dropped_classes_are_named_and_nothing_else_is(score):
    for count in STRENGTHS["dropped"]:
        found = score("dropped", count)
        assert found["missing"] == sorted(str(digit) for digit in ORDER[:count])
        assert (found["modes_covered"], found["modes"]) == (10 - count, 10)


def test_dropped_classes_cost_variety_and_no_precision(course, digits):
    left = [1 - np.isin(digits.labels, ORDER[:count]).mean() for count in STRENGTHS["dropped"]]
    # What is real and not reached are the dropped classes, and of ten classes as sharp as before fewer are left.
    for name in ("recall", "coverage", "inception_score"):
        real, *worse = course(name, "dropped")
        np.testing.assert_allclose(np.array(worse) / real, left, atol=0.08, err_msg=name)
    # Shares of q / left against q: the divergence is the logarithm of what they grew by.
    np.testing.assert_allclose(course("modes_kl", "dropped")[1:], -np.log(left), atol=0.04)
    np.testing.assert_allclose(course("precision", "dropped"), course("precision", "dropped")[0], atol=0.03)
    assert rises(course("fid", "dropped"), by=1)
    assert rises(course("kid", "dropped"), by=0.05)


def test_each_of_two_equal_samples_is_a_duplicate(score, digits):
    assert len(with_twins(digits.held_out, None, None, 100)) == NUM
    before, after = score()["duplicates"], score("twins", 100)["duplicates"]
    # A hundred pairs, and of the others no more than there were: those that lost a neighbour moved away.
    assert 200 / NUM <= after <= 200 / NUM + before
    assert before <= 0.02
    for name in ("fid", "inception_score", "precision"):
        assert score("twins", 100)[name] == pytest.approx(score()[name], rel=0.1), name


def test_copies_of_training_images_are_counted_and_look_excellent_otherwise(score, course, digits):
    shares = [0, *(count / NUM for count in STRENGTHS["copied"])]
    # Of held-out images one in a hundred lies as near by definition; the copies take some of their places.
    for share, found in zip(shares, course("copies", "copied"), strict=True):
        assert share <= found <= share + 0.01 + 1 / NUM
    # A copy beats every held-out image, and a held-out image every other one: 1 and 1/2.
    np.testing.assert_allclose(course("nearness", "copied"), [(1 + share) / 2 for share in shares], atol=0.02)
    assert falls(course("fid", "copied"))
    assert falls(course("kid", "copied"))
    for name in ("precision", "recall"):
        assert rises(course(name, "copied"), by=-0.01), name
        assert course(name, "copied")[-1] > course(name, "copied")[0], name
