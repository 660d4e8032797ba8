"""R-precision, and the matcher that it asks."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import Judge, convnet, matcher
from ganzoo.export.evaluation.asked import Asked
from ganzoo.export.evaluation.extractor import Embedded
from ganzoo.export.evaluation.metrics import Comparison, NotComputableError, r_precision
from ganzoo.training import load

CAPTIONS = np.array([["red", "Red!"], ["blue", "blue"], ["RED", "a"], ["green", "green"]], object)


def test_candidates_never_say_what_the_pictures_own_captions_say():
    offered = r_precision.candidates_of(CAPTIONS, np.arange(4))
    # Row 2 says what row 0 says, and the fewest others, two, are offered to all.
    assert offered[:, 0].tolist() == [0, 1, 2, 3]
    assert set(offered[0][1:]) == set(offered[2][1:]) == {1, 3}
    assert offered.shape == (4, 3)
    many = np.array([[f"word {n}"] for n in range(300)], object)
    offered = r_precision.candidates_of(many, np.array([7, 9]))
    assert offered.shape == (2, 100)
    assert all(len(set(row)) == 100 for row in offered.tolist())
    assert set(offered[0]) != set(offered[1])
    with pytest.raises(NotComputableError, match="have one caption"):
        r_precision.candidates_of(CAPTIONS[:1], np.arange(1))


def test_data_without_captions_have_no_such_score():
    rows = Embedded(np.zeros((4, 2, 2, 3), np.uint8), np.zeros((4, 2)), {}, None, np.arange(4))
    reference = SimpleNamespace(source=SimpleNamespace(held_out_captions=None, name="digits"))
    with pytest.raises(NotComputableError, match="digits has no captions"):
        r_precision.measure(Comparison(None, rows, reference))


def test_it_is_the_share_of_pictures_whose_own_caption_fits_best(monkeypatch):
    directions = {"red": [1, 0, 0], "blue": [0, 1, 0], "RED": [1, 0, 0], "green": [0, 0, 1]}
    fitting = SimpleNamespace(
        see=lambda images: np.array([[0.9, 0.1, 0], [0.8, 0.6, 0], [0.5, 0, 0.5], [0.1, 0, 0.9]]),
        hear=lambda texts: np.array([directions[text] for text in texts], float),
    )
    monkeypatch.setattr(r_precision, "matcher_of", lambda reference: fitting)
    reference = SimpleNamespace(source=SimpleNamespace(held_out_captions=CAPTIONS))
    fake = Embedded(np.zeros((4, 2, 2, 3), np.uint8), np.zeros((4, 2)), {}, None, np.arange(4))
    found = r_precision.measure(Comparison(None, fake, reference))
    # Row 1 looks red, row 2 is as red as green, which is no answer.
    assert found == {"r_precision": 0.5, "r_precision_chance": pytest.approx(1 / 3)}


def test_the_loss_is_cross_entropy_both_ways_without_captions_that_mean_the_same():
    similarities = np.random.default_rng(0).normal(size=(3, 3)).astype("float32")
    same = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], "float32")

    def spread(values):
        return np.log(np.exp(values).sum())

    expected = 0
    for one in range(3):
        offered = np.flatnonzero((same[one] == 0) | (np.arange(3) == one))
        both_ways = spread(similarities[one, offered]) + spread(similarities[offered, one])
        expected += both_ways - 2 * similarities[one, one]
    assert float(matcher.contrastive(tf.constant(same), tf.constant(similarities))) == pytest.approx(expected / 3, 1e-5)


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    """A judge of 1,500 shapes, whose matcher saw 12,000 of them."""
    patch = pytest.MonkeyPatch()
    patch.setattr(convnet, "LEAST_IMAGES", 12_000)
    patch.setattr(convnet, "EPOCHS", 1)
    source = load("shapes", resolution=16, count=1500)
    yield Judge(source, "rotation", ["r_precision"], 150, cache_dir=str(tmp_path_factory.mktemp("cache")))
    patch.undo()


def test_right_captions_are_found_and_wrong_ones_are_not(judge, monkeypatch):
    held_out = judge.reference.source.held_out
    right = judge.score(held_out, asked=Asked({}, rows=np.arange(150)))
    assert right["r_precision_chance"] == pytest.approx(0.01)
    assert right["r_precision"] > 0.2
    assert judge.score(held_out, asked=Asked({}, rows=np.roll(np.arange(150), 1)))["r_precision"] < 0.05
    # Held-out pictures beside samples are judged in the same way.
    ceiling, _ = judge.ceiling()
    assert ceiling["r_precision"] == pytest.approx(right["r_precision"])
    # A second judge finds the matcher in the cache.
    monkeypatch.setattr(matcher, "train_matcher", lambda *_: pytest.fail("trained again"))
    again = matcher.Matcher(judge.reference.source, judge.reference.cache_dir)
    np.testing.assert_allclose(again.see(held_out[:3]), r_precision.matcher_of(judge.reference).see(held_out[:3]))
    np.testing.assert_allclose(np.linalg.norm(again.hear(["a red square"]), axis=1), 1, rtol=1e-5)
