"""What is judged are the pixels that a PNG would hold, however they came."""

import numpy as np
import pytest
from ganzoo.export.evaluation import SamplesError, as_pixels
from ganzoo.export.pictures import save_samples
from ganzoo.zoo.images import to_uint8

# Every value a pixel can have.
PIXELS = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("value_range", [None, (-1, 1), (0, 1), (-0.5, 0.5), (0, 2)])
def test_the_same_pixels_come_out_whatever_the_range_they_were_stored_in(dtype, value_range):
    low, high = value_range or (-1, 1)
    stored = (low + PIXELS / 255 * (high - low)).astype(dtype)
    found = as_pixels(stored, value_range=value_range)
    assert found.dtype == np.uint8
    np.testing.assert_array_equal(found, PIXELS)


def test_pixels_themselves_and_floats_up_to_255_come_out_as_they_are():
    np.testing.assert_array_equal(as_pixels(PIXELS), PIXELS)
    np.testing.assert_array_equal(as_pixels(PIXELS.astype("float32"), value_range=(0, 255)), PIXELS)


def test_grey_images_may_lack_their_channel():
    np.testing.assert_array_equal(as_pixels(PIXELS[..., 0]), PIXELS)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rounding_is_the_samplers(dtype):
    # A little over the edge, as a sum of floats may lie; clipped as the sampler clips.
    samples = np.random.default_rng(0).uniform(-1.005, 1.005, (50, 8, 8, 3)).astype(dtype)
    np.testing.assert_array_equal(as_pixels(samples), to_uint8(samples))


def test_half_a_pixel_is_rounded_as_the_sampler_rounds_it():
    ties = ((np.arange(255) + 0.5) / 127.5 - 1).astype("float32")
    near = np.concatenate([np.nextafter(ties, np.float32(-2)), ties, np.nextafter(ties, np.float32(2))])
    samples = near.reshape(1, 15, 51, 1)
    np.testing.assert_array_equal(as_pixels(samples), to_uint8(samples))


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_that_our_sampler_wrote_hold_the_same_pixels(channels, tmp_path, read_png):
    samples = np.random.default_rng(1).uniform(-1, 1, (12, 8, 8, channels)).astype("float32")
    save_samples(tmp_path, samples, seed=5)
    read = np.stack([read_png(path) for path in sorted(tmp_path.iterdir())])
    np.testing.assert_array_equal(as_pixels(read), as_pixels(samples))


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0.2, 0.9), (0, 255), (-1.5, 1), (-1, 1.5), (-128, 127)],
    ids=["unit", "within the unit", "bytes", "below", "above", "signed"],
)
def test_floats_that_may_be_meant_otherwise_are_refused_until_their_range_is_said(low, high):
    samples = np.linspace(low, high, 128).reshape(2, 8, 8, 1)
    with pytest.raises(SamplesError, match=r"^fakes\.npz: received floats in .*value_range=\(0, 1\), --range 0,1"):
        as_pixels(samples, "fakes.npz")
    assert as_pixels(samples, "fakes.npz", (low, high)).max() == 255


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(40, 8, 8, 1), (40, 8, 8), (40, 2)])
def test_a_sample_that_is_no_number_is_named_by_its_index(bad, shape):
    samples = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
    samples[17].flat[1] = bad
    samples[30].flat[0] = bad
    with pytest.raises(SamplesError, match=r"^fakes\.npz: .* in sample 17 \(2 such of 40\)"):
        as_pixels(samples, "fakes.npz")
    with pytest.raises(SamplesError, match="sample 17 "):
        as_pixels(samples, "fakes.npz", (-1, 1))


@pytest.mark.parametrize("shape", [(), (8,), (0, 8, 8, 1), (0, 2), (2, 2, 8, 8, 1)])
def test_an_array_of_another_rank_or_of_nothing_is_refused(shape):
    with pytest.raises(SamplesError, match="^fakes: received an array of shape .*expected images .* or points"):
        as_pixels(np.zeros(shape, "float32"), "fakes")


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool", "complex64"])
def test_other_types_are_refused_rather_than_guessed(dtype):
    with pytest.raises(SamplesError, match=f"received {dtype}, expected uint8 or floats"):
        as_pixels(np.ones((2, 8, 8, 1), dtype))


@pytest.mark.parametrize("value_range", [(1, 1), (1, -1)])
def test_a_range_that_is_none_is_refused(value_range):
    with pytest.raises(SamplesError, match="expected low < high"):
        as_pixels(np.zeros((2, 8, 8, 1)), value_range=value_range)


def test_points_have_no_range_and_stay_as_they_are():
    points = np.array([[0.25, 300.0], [-7.5, 0.0]])
    found = as_pixels(points)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, points)
