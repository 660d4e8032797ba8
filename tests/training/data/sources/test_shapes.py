"""Rendered shapes: factors, captions, geometry and caching."""

import numpy as np
import pytest
from ganzoo.training.data import DataError, load
from ganzoo.training.data.images import row_store
from ganzoo.training.data.images.shape_renderer import BACKGROUNDS, COLORS, FACTORS, SHAPES, SIZES, render
from ganzoo.training.data.sources import shapes


@pytest.fixture
def load_shapes(tmp_path):
    def load_source(resolution=16, count=40, **options):
        return load("shapes", resolution, count=count, cache_dir=str(tmp_path), **options)

    return load_source


def one(**changes):
    """Returns the factors of one image, by name; by default a large filled red circle in the center."""
    values = {"shape": "circle", "color": "red", "size": "large", "position": "center", "fill": "filled"} | changes
    return {name: np.array([FACTORS[name].index(value)]) for name, value in values.items()}


def cover(image, color="red", background="light"):
    """Returns the fraction of ink per pixel, from the channel in which ink and paper differ most."""
    ink, paper = np.array(COLORS[color], float), np.array(BACKGROUNDS[background], float)
    channel = np.abs(ink - paper).argmax()
    return (image[..., channel] - paper[channel]) / (ink[channel] - paper[channel])


def test_factors_captions_and_classes(load_shapes):
    source = load_shapes()
    assert (len(source), len(source.held_out), source.shape) == (36, 4, (16, 16, 3))
    assert source.class_names == list(SHAPES)
    np.testing.assert_array_equal(source.labels, source.factors["shape"])
    np.testing.assert_array_equal(source.held_out_labels, source.held_out_factors["shape"])
    assert source.captions.shape == (36, 5)
    names = source.facts["factors"]
    for row in range(36):
        values = {name: names[name][source.factors[name][row]] for name in names}
        for caption in source.captions[row]:
            for name in ("shape", "color", "size", "fill", "position"):
                assert values[name] in caption
        assert len(set(source.captions[row])) == 5


def test_captions_are_english():
    orange = shapes.captions(one(color="orange", position="top left"))
    assert orange[0].tolist() == [
        "a large filled orange circle at the top left",
        "an orange circle, large and filled, at the top left",
        "there is a large circle at the top left; it is orange and filled",
        "at the top left: one filled circle, large, orange",
        "the picture shows a large orange circle that is filled, at the top left",
    ]
    assert shapes.captions(one())[0, 0] == "a large filled red circle in the center"


def test_images_are_rendered_from_their_factors(load_shapes):
    source = load_shapes()
    np.testing.assert_array_equal(render(source.factors, 16), source.samples)
    np.testing.assert_array_equal(render(source.held_out_factors, 16), source.held_out)


def test_an_image_depends_on_seed_and_index_alone(load_shapes):
    few, many, other = load_shapes(count=40), load_shapes(count=80), load_shapes(count=40, seed=1)
    np.testing.assert_array_equal(few.samples, many.samples[:36])
    np.testing.assert_array_equal(few.factors["jitter"], many.factors["jitter"][:36])
    assert few.captions.tolist() == many.captions[:36].tolist()
    assert few.fingerprint != other.fingerprint
    assert load_shapes(count=40).fingerprint == few.fingerprint
    single = {name: values[7:8] for name, values in few.factors.items()}
    np.testing.assert_array_equal(render(single, 16)[0], few.samples[7])


def test_every_value_occurs_about_equally_often():
    factors = shapes.sample_factors(9_000, seed=0, background="mixed")
    for name, values in FACTORS.items():
        counts, expected = np.bincount(factors[name], minlength=len(values)), 9_000 / len(values)
        # Five standard deviations of a binomial count.
        assert np.abs(counts - expected).max() < 5 * np.sqrt(expected)
    assert np.abs(factors["jitter"]).max() <= 1


# Areas for a circumscribed circle of radius 1: pi; two squared sides of sqrt 2; 3 sqrt(3) / 4;
# 2 * 0.65; 5 / 2 sin 72 degrees; 10 triangles of radii 1 and 0.42 at 36 degrees; two bars minus their intersection.
AREAS = {
    "circle": np.pi,
    "square": 2.0,
    "triangle": 3 * np.sqrt(3) / 4,
    "diamond": 1.3,
    "pentagon": 2.5 * np.sin(np.radians(72)),
    "star": 5 * 0.42 * np.sin(np.radians(36)),
    "cross": 2 * (0.6 * 2 * np.sqrt(0.91)) - 0.36,
    "arrow": 0.5 * 1.8 * 0.9 + 1.0 * 0.7,
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", list(SIZES))
def test_areas_match_geometry(shape, size):
    area = cover(render(one(shape=shape, size=size), 128)[0]).sum() / 128**2
    assert area == pytest.approx(AREAS[shape] * SIZES[size] ** 2, rel=0.03)


@pytest.mark.parametrize("position", FACTORS["position"])
def test_positions(position):
    ink = cover(render(one(position=position, size="small"), 64)[0])
    across, down = (ink.sum(0) * (np.arange(64) + 0.5)).sum(), (ink.sum(1) * (np.arange(64) + 0.5)).sum()
    where = {"left": 16, "right": 48, "top": 16, "bottom": 48}
    words = position.split()
    assert across / ink.sum() == pytest.approx(where.get(words[-1], 32), abs=0.1)
    assert down / ink.sum() == pytest.approx(where.get(words[0], 32), abs=0.1)


def test_jitter_moves_and_scales():
    factors = one() | {"jitter": np.array([[1.0, -1.0, 1.0]], np.float32)}
    ink = cover(render(factors, 128)[0])
    assert (ink.sum(0) * (np.arange(128) + 0.5)).sum() / ink.sum() == pytest.approx(128 * 0.52, abs=0.1)
    assert (ink.sum(1) * (np.arange(128) + 0.5)).sum() / ink.sum() == pytest.approx(128 * 0.48, abs=0.1)
    assert ink.sum() == pytest.approx(np.pi * (0.22 * 1.06 * 128) ** 2, rel=0.01)


@pytest.mark.parametrize("background", list(BACKGROUNDS))
@pytest.mark.parametrize("color", list(COLORS))
def test_fill_and_background_change_nothing_else(color, background):
    filled = render(one(color=color, background=background), 32)[0]
    outlined = render(one(color=color, background=background, fill="outlined"), 32)[0]
    assert filled[16, 16].tolist() == list(COLORS[color])
    assert outlined[16, 16].tolist() == filled[0, 0].tolist() == list(BACKGROUNDS[background])
    # The radius is 0.22 * 32 = 7 pixels and the stroke 0.3 of it: beyond 5.5 pixels the two images are equal.
    steps = np.arange(32) - 15.5
    outside = np.hypot(steps[:, None], steps) > 5.5
    np.testing.assert_array_equal(filled[outside], outlined[outside])
    np.testing.assert_array_equal(
        cover(filled, color, background) > 0.5, cover(render(one(color=color), 32)[0], color) > 0.5
    )


@pytest.mark.parametrize("resolution", [8, 33, 128])
def test_resolutions_show_the_same_content(resolution, load_shapes):
    assert load_shapes(resolution, count=20).shape == (resolution, resolution, 3)
    factors = shapes.sample_factors(50, seed=2)
    fine, coarse = render(factors, 64).astype(float), render(factors, 32).astype(float)
    assert np.abs(fine.reshape(50, 32, 2, 32, 2, 3).mean((2, 4)) - coarse).mean() < 1.0


def test_images_are_rendered_once_and_cached(load_shapes, monkeypatch):
    first = load_shapes()
    monkeypatch.setattr(shapes, "_render", None)
    np.testing.assert_array_equal(load_shapes().samples, first.samples)
    monkeypatch.setattr(row_store, "RESIDENT_BYTES", 10)
    large = load_shapes()
    assert isinstance(large.samples, np.memmap)
    assert large.fingerprint == first.fingerprint
    monkeypatch.undo()
    assert load_shapes(background="dark").samples[0, 0, 0].tolist() == list(BACKGROUNDS["dark"])


@pytest.mark.parametrize("options", [{"count": 19}, {"seed": -1}, {"background": "gray"}, {"color": "red"}])
def test_wrong_options_are_errors(load_shapes, options):
    with pytest.raises(DataError, match="received|unknown option"):
        load_shapes(**options)
    with pytest.raises(DataError, match="takes no argument"):
        load("shapes:x")
