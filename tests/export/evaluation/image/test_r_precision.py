"""R-precision, and the image-text matcher that it is computed with."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.export.evaluation.features import convnet, image_text_matcher
from ganzoo.export.evaluation.features.extractor import FeatureBatch
from ganzoo.export.evaluation.image.metrics import ImageComparison, NotComputableError, r_precision
from ganzoo.export.evaluation.image.sample_conditions import SampleConditions
from ganzoo.training import load

CAPTIONS = np.array([["red", "Red!"], ["blue", "blue"], ["RED", "a"], ["green", "green"]], object)


def test_candidates_differ_from_all_captions_of_the_image():
    candidates = r_precision.candidate_rows(CAPTIONS, np.arange(4))
    # Rows 0 and 2 have the same words, so both have two other candidates; all rows get the smallest number.
    assert candidates[:, 0].tolist() == [0, 1, 2, 3]
    assert set(candidates[0][1:]) == set(candidates[2][1:]) == {1, 3}
    assert candidates.shape == (4, 3)
    different = np.array([[f"word {n}"] for n in range(300)], object)
    candidates = r_precision.candidate_rows(different, np.array([7, 9]))
    assert candidates.shape == (2, 100)
    assert all(len(set(row)) == 100 for row in candidates.tolist())
    assert set(candidates[0]) != set(candidates[1])
    with pytest.raises(NotComputableError, match="have one caption"):
        r_precision.candidate_rows(CAPTIONS[:1], np.arange(1))


def test_data_without_captions_have_no_such_score():
    rows = FeatureBatch(np.zeros((4, 2, 2, 3), np.uint8), np.zeros((4, 2)), {}, None, np.arange(4))
    reference = SimpleNamespace(source=SimpleNamespace(held_out_captions=None, name="digits"))
    with pytest.raises(NotComputableError, match="digits has no captions"):
        r_precision.measure(ImageComparison(None, rows, reference))


def test_r_precision_is_the_share_of_images_whose_own_caption_ranks_first(monkeypatch):
    directions = {"red": [1, 0, 0], "blue": [0, 1, 0], "RED": [1, 0, 0], "green": [0, 0, 1]}
    fake_matcher = SimpleNamespace(
        encode_images=lambda images: np.array([[0.9, 0.1, 0], [0.8, 0.6, 0], [0.5, 0, 0.5], [0.1, 0, 0.9]]),
        encode_texts=lambda texts: np.array([directions[text] for text in texts], float),
    )
    monkeypatch.setattr(r_precision, "cached_matcher", lambda reference: fake_matcher)
    reference = SimpleNamespace(source=SimpleNamespace(held_out_captions=CAPTIONS))
    fake = FeatureBatch(np.zeros((4, 2, 2, 3), np.uint8), np.zeros((4, 2)), {}, None, np.arange(4))
    results = r_precision.measure(ImageComparison(None, fake, reference))
    # Row 1 is closer to red; row 2 is equally close to red and green, and a tie is no retrieval.
    assert results == {"r_precision": 0.5, "r_precision_chance": pytest.approx(1 / 3)}


def test_the_loss_is_cross_entropy_in_both_directions_without_equal_captions():
    similarities = np.random.default_rng(0).normal(size=(3, 3)).astype("float32")
    same = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], "float32")

    def logsumexp(values):
        return np.log(np.exp(values).sum())

    expected = 0
    for one in range(3):
        candidates = np.flatnonzero((same[one] == 0) | (np.arange(3) == one))
        both_ways = logsumexp(similarities[one, candidates]) + logsumexp(similarities[candidates, one])
        expected += both_ways - 2 * similarities[one, one]
    assert float(image_text_matcher.contrastive_loss(tf.constant(same), tf.constant(similarities))) == pytest.approx(
        expected / 3, 1e-5
    )


@pytest.fixture(scope="module")
def evaluator(tmp_path_factory):
    """An evaluator of 1,500 shapes, whose matcher is trained on 12,000 images."""
    patch = pytest.MonkeyPatch()
    patch.setattr(convnet, "MIN_IMAGES", 12_000)
    patch.setattr(convnet, "EPOCHS", 1)
    source = load("shapes", resolution=16, count=1500)
    yield ImageEvaluator(source, "rotation", ["r_precision"], 150, cache_dir=str(tmp_path_factory.mktemp("cache")))
    patch.undo()


@pytest.mark.thorough
def test_right_captions_are_retrieved_and_wrong_ones_are_not(evaluator, monkeypatch):
    held_out = evaluator.reference.source.held_out
    right = evaluator.score(held_out, conditions=SampleConditions({}, rows=np.arange(150)))
    assert right["r_precision_chance"] == pytest.approx(0.01)
    assert right["r_precision"] > 0.2
    assert (
        evaluator.score(held_out, conditions=SampleConditions({}, rows=np.roll(np.arange(150), 1)))["r_precision"]
        < 0.05
    )
    # The held-out baseline is computed in the same way.
    held_out_baseline, _ = evaluator.held_out_baseline()
    assert held_out_baseline["r_precision"] == pytest.approx(right["r_precision"])
    # A second instance loads the matcher from the cache.
    monkeypatch.setattr(image_text_matcher, "train_matcher", lambda *_: pytest.fail("trained again"))
    reloaded = image_text_matcher.ImageTextMatcher(evaluator.reference.source, evaluator.reference.cache_dir)
    np.testing.assert_allclose(
        reloaded.encode_images(held_out[:3]),
        r_precision.cached_matcher(evaluator.reference).encode_images(held_out[:3]),
    )
    np.testing.assert_allclose(np.linalg.norm(reloaded.encode_texts(["a red square"]), axis=1), 1, rtol=1e-5)


def test_a_hundred_candidates_are_the_same_in_every_evaluation():
    captions = np.array([[f"caption {number}"] for number in range(150)], object)
    candidates = r_precision.candidate_rows(captions, np.array([3, 140]))
    generator = np.random.default_rng(0)
    for row, actual in zip((3, 140), candidates, strict=True):
        others = np.delete(np.arange(150), row)
        np.testing.assert_array_equal(actual, [row, *generator.permutation(others)[:99]])


def test_the_matcher_is_that_of_the_reference_and_its_captions_are_needed(monkeypatch):
    monkeypatch.setattr(r_precision, "ImageTextMatcher", lambda *arguments: arguments)

    class Reference:
        source, cache_dir, title = "source", "folder", "title"

    assert r_precision.cached_matcher(Reference()) == ("source", "folder", "title")
    assert r_precision.NEEDS_CAPTIONS is True
