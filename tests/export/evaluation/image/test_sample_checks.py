"""Samples are evaluated as the pixels of a PNG, whatever their dtype and range."""

import numpy as np
import pytest
from ganzoo.export.evaluation import SamplesError, as_pixels
from ganzoo.export.visualization import save_samples
from ganzoo.zoo.core.image_scaling import to_uint8

# Every value a pixel can have.
PIXELS = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("value_range", [None, (-1, 1), (0, 1), (-0.5, 0.5), (0, 2)])
def test_pixels_do_not_depend_on_the_dtype_and_range_of_the_array(dtype, value_range):
    low, high = value_range or (-1, 1)
    stored = (low + PIXELS / 255 * (high - low)).astype(dtype)
    actual = as_pixels(stored, value_range=value_range)
    assert actual.dtype == np.uint8
    np.testing.assert_array_equal(actual, PIXELS)


def test_uint8_pixels_and_floats_up_to_255_are_unchanged():
    np.testing.assert_array_equal(as_pixels(PIXELS), PIXELS)
    np.testing.assert_array_equal(as_pixels(PIXELS.astype("float32"), value_range=(0, 255)), PIXELS)


def test_gray_images_may_have_no_channel_axis():
    np.testing.assert_array_equal(as_pixels(PIXELS[..., 0]), PIXELS)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rounding_equals_that_of_saved_samples(dtype):
    # Values slightly outside of [-1, 1] are clipped, as in saved samples.
    samples = np.random.default_rng(0).uniform(-1.005, 1.005, (50, 8, 8, 3)).astype(dtype)
    np.testing.assert_array_equal(as_pixels(samples), to_uint8(samples))


def test_ties_are_rounded_as_in_saved_samples():
    ties = ((np.arange(255) + 0.5) / 127.5 - 1).astype("float32")
    near = np.concatenate([np.nextafter(ties, np.float32(-2)), ties, np.nextafter(ties, np.float32(2))])
    samples = near.reshape(1, 15, 51, 1)
    np.testing.assert_array_equal(as_pixels(samples), to_uint8(samples))


@pytest.mark.parametrize("channels", [1, 3])
def test_saved_samples_have_the_same_pixels(channels, tmp_path, read_png):
    samples = np.random.default_rng(1).uniform(-1, 1, (12, 8, 8, channels)).astype("float32")
    save_samples(tmp_path, samples, seed=5)
    read = np.stack([read_png(path) for path in sorted(tmp_path.iterdir())])
    np.testing.assert_array_equal(as_pixels(read), as_pixels(samples))


@pytest.mark.parametrize(
    ("low", "high"),
    [(0, 1), (0.2, 0.9), (0, 255), (-1.5, 1), (-1, 1.5), (-128, 127)],
    ids=["unit", "within the unit", "bytes", "below", "above", "signed"],
)
def test_floats_of_ambiguous_range_are_rejected_without_an_explicit_range(low, high):
    samples = np.linspace(low, high, 128).reshape(2, 8, 8, 1)
    with pytest.raises(SamplesError, match=r"^fakes\.npz: received floats in .*value_range=\(0, 1\), --range 0,1"):
        as_pixels(samples, "fakes.npz")
    assert as_pixels(samples, "fakes.npz", (low, high)).max() == 255


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(40, 8, 8, 1), (40, 8, 8), (40, 2)])
def test_a_non_finite_sample_is_reported_by_its_index(value, shape):
    samples = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")
    samples[17].flat[1] = value
    samples[30].flat[0] = value
    with pytest.raises(SamplesError, match=r"^fakes\.npz: .* in sample 17 \(2 such of 40\)"):
        as_pixels(samples, "fakes.npz")
    with pytest.raises(SamplesError, match="sample 17 "):
        as_pixels(samples, "fakes.npz", (-1, 1))


@pytest.mark.parametrize("shape", [(), (8,), (0, 8, 8, 1), (0, 2), (2, 2, 8, 8, 1)])
def test_empty_arrays_and_arrays_of_another_rank_are_rejected(shape):
    with pytest.raises(SamplesError, match="^fakes: received an array of shape .*expected images .* or points"):
        as_pixels(np.zeros(shape, "float32"), "fakes")


@pytest.mark.parametrize("dtype", ["int64", "int8", "bool", "complex64"])
def test_other_dtypes_are_rejected(dtype):
    with pytest.raises(SamplesError, match=f"received {dtype}, expected uint8 or floats"):
        as_pixels(np.ones((2, 8, 8, 1), dtype))


@pytest.mark.parametrize("value_range", [(1, 1), (1, -1)])
def test_an_empty_range_is_rejected(value_range):
    with pytest.raises(SamplesError, match="expected low < high"):
        as_pixels(np.zeros((2, 8, 8, 1)), value_range=value_range)


def test_points_have_no_range_and_are_unchanged():
    points = np.array([[0.25, 300.0], [-7.5, 0.0]])
    actual = as_pixels(points)
    assert actual.dtype == np.float32
    np.testing.assert_array_equal(actual, points)


def test_points_whose_distances_overflow_are_rejected():
    points = np.zeros((20, 2))
    points[3, 1] = -1e30
    with pytest.raises(SamplesError, match=r"^points: received coordinates up to 1e\+30, expected at most 1e\+15"):
        as_pixels(points, "points")
    assert as_pixels(points / 1e20, "points").max() == 0
