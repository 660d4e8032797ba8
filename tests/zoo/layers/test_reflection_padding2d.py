"""`ReflectionPadding2D`, compared with NumPy."""

import numpy as np
import pytest
from ganzoo.zoo import ReflectionPadding2D


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


@pytest.mark.parametrize("padding", [0, 1, 3])
def test_reflection_padding_is_numpys(padding):
    maps = noise(2, 4, 5, 3)
    layer = ReflectionPadding2D(padding)
    expected = np.pad(maps, ((0, 0), (padding, padding), (padding, padding), (0, 0)), mode="reflect")
    np.testing.assert_array_equal(layer(maps), expected)
    assert layer.compute_output_shape(maps.shape) == expected.shape
    assert layer.compute_output_shape((None, None, 5, 3)) == (None, None, 5 + 2 * padding, 3)
    assert ReflectionPadding2D.from_config(layer.get_config()).padding == padding


def test_reflection_padding_refuses_what_it_cannot_mirror():
    for padding in (-1, 1.5):
        with pytest.raises(ValueError, match=f"padding: received {padding}, expected an int >= 0"):
            ReflectionPadding2D(padding)
    with pytest.raises(ValueError, match=r"received maps of shape \(2, 4, 3, 1\) for a padding of 3"):
        ReflectionPadding2D(3)(noise(2, 4, 3, 1))
