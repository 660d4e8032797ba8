"""Rendered domains with known translations."""

import numpy as np
import pytest
from ganzoo.training.data import DataError, load
from ganzoo.training.data.images.shape_renderer import render


@pytest.mark.parametrize(("style", "changed"), [("fill", "fill"), ("light", "background")])
def test_rendered_domains_differ_in_one_factor(style, changed):
    """At 24 pixels: at lower resolutions the hole of some small outlined shapes is invisible."""
    source = load(f"restyled:{style}", 24, count=200)
    assert (len(source.x), len(source.y), len(source.held_out), source.paired) == (90, 90, 20, False)
    for value, (domain, other, truth) in enumerate([(source.x, source.y, 0), (source.y, source.x, 1)]):
        truth = source.truth[truth]
        np.testing.assert_array_equal(domain.held_out, render(domain.held_out_factors, 24))
        np.testing.assert_array_equal(truth, render(domain.held_out_factors | {changed: np.full(20, 1 - value)}, 24))
        assert (truth != domain.held_out).any((1, 2, 3)).all()
        np.testing.assert_array_equal(domain.samples, render(domain.factors, 24))
        np.testing.assert_array_equal(domain.labels, domain.factors["shape"])
        assert set(domain.factors[changed]) == {value}
        # No counterpart of a training image, and no held-out image, is trained on.
        counterparts = render(domain.factors | {changed: np.full(90, 1 - value)}, 24)
        for images, rows in ((counterparts, other), (domain.held_out, domain), (truth, other)):
            assert not (images[:, None] == rows.samples[None]).all((2, 3, 4)).any()
    if style == "light":
        # The colors of a shape distinguish preserved from permuted colors, although no image has its counterpart.
        for domain in (source.x, source.y):
            offsets = (domain.factors["color"] - domain.factors["shape"]) % 8
            assert set(offsets) == {0, 1}
            assert 0.5 < (offsets == 0).mean() < 0.75
            assert set(domain.factors["fill"]) == {0}
    assert source.facts["changed"] == changed
    assert source.x.facts["factors"]["shape"][0] == "circle"


def test_rendered_pairs():
    source = load("restyled:light", 16, count=100, paired=True)
    assert (len(source), source.paired) == (90, True)
    np.testing.assert_array_equal(source.y.samples, render(source.x.factors | {"background": np.ones(90, int)}, 16))
    assert load("restyled:fill", count=40).shape == (32, 32, 3)


def test_negatives_of_digits():
    source, digits = load("restyled:invert"), load("digits", 16)
    assert source.shape == (16, 16, 1)
    np.testing.assert_array_equal(source.x.samples, digits.samples[::2])
    np.testing.assert_array_equal(source.y.samples, 255 - digits.samples[1::2])
    np.testing.assert_array_equal(source.y.labels, digits.labels[1::2])
    np.testing.assert_array_equal(source.held_out, digits.held_out)
    np.testing.assert_array_equal(source.truth[0], 255 - digits.held_out)
    np.testing.assert_array_equal(source.truth[1], digits.held_out)
    paired = load("restyled:invert", paired=True)
    np.testing.assert_array_equal(paired.x.samples, 255 - paired.y.samples)
    assert len(paired) == 1618


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("restyled:", {}, "expected restyled:STYLE, one of"),
        ("restyled:fil", {}, "did you mean 'fill'"),
        ("restyled:fill", {"count": 10}, "received count 10 and seed 0, expected integers"),
        ("restyled:invert", {"seed": 1}, "expected neither: it always has the same digits"),
        ("restyled:fill", {"paired": "no"}, "data.paired: received 'no', expected true or false"),
    ],
)
def test_refusals(source, arguments, message):
    with pytest.raises(DataError, match=message) as caught:
        load(source, **arguments)
    assert "\n" not in str(caught.value)
