"""The constraint by hand; what it is attached to is tested with `WGAN`."""

import keras
import numpy as np
import pytest
from ganzoo.zoo.optimization.weight_clipping import WeightClipping, clip_weights


def test_values_are_clipped_on_both_sides():
    clipped = WeightClipping(0.5)(keras.ops.convert_to_tensor([-3.0, -0.5, -0.25, 0.0, 0.25, 0.75]))
    np.testing.assert_array_equal(clipped, [-0.5, -0.5, -0.25, 0, 0.25, 0.5])
    assert WeightClipping().clip_value == 0.01


def test_weights_are_clipped_except_in_normalization_layers():
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3), keras.layers.LayerNormalization()])
    clip_weights(network, 0.25)
    assert [getattr(weight.constraint, "clip_value", None) for weight in network.weights] == [0.25, 0.25, None, None]
    # Again with another bound: it is replaced.
    clip_weights(network, 0.5)
    assert network.weights[0].constraint.clip_value == 0.5


def test_another_constraint_is_refused():
    dense = keras.layers.Dense(3, kernel_constraint="non_neg")
    with pytest.raises(ValueError, match="received the constraint NonNeg, expected none"):
        clip_weights(keras.Sequential([keras.Input((2,)), dense]), 0.25)
