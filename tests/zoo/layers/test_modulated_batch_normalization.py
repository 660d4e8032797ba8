"""`ModulatedBatchNormalization`, compared with values computed by hand."""

import keras
import numpy as np
from ganzoo.zoo import ModulatedBatchNormalization


def test_modulated_normalization_predicts_scale_and_shift_from_the_vector():
    layer = ModulatedBatchNormalization(momentum=0.5, epsilon=0.0)
    features = np.array([[1.0, 10.0], [3.0, 30.0]], "float32")
    vectors = np.array([[1.0, 0.0], [0.0, 2.0]], "float32")
    layer.build([(None, 2), (None, 2)])
    # Columns: the scales of both channels, then their shifts. Normalized, the rows are -1 and 1 in both channels.
    layer.modulation.kernel.assign([[1, 2, 10, 0], [3, 4, 0, 20]])
    expected = [[-(1 + 1) + 10, -(1 + 2)], [1 + 6, (1 + 8) + 40]]
    np.testing.assert_allclose(layer([features, vectors], training=True), expected, atol=1e-4)
    layer.modulation.kernel.assign(np.zeros((2, 4)))
    np.testing.assert_allclose(layer([features, vectors], training=True), [[-1, -1], [1, 1]], atol=1e-5)
    np.testing.assert_allclose(layer.normalize.moving_mean.numpy(), [1.5, 15.0], atol=1e-5)


def test_modulated_normalization_keeps_the_shape_of_maps_and_is_saved(tmp_path):
    maps, vector = keras.Input((4, 4, 3)), keras.Input((5,))
    model = keras.Model([maps, vector], ModulatedBatchNormalization(seed=3)([maps, vector]))
    inputs = [np.random.default_rng(0).normal(size=(2, *shape)).astype("float32") for shape in ((4, 4, 3), (5,))]
    model(inputs, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.output_shape == (None, 4, 4, 3)
    np.testing.assert_array_equal(loaded(inputs, training=False), model(inputs, training=False))
