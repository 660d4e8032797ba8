"""Layers that Keras does not have, against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ConditionalBatchNormalization, ModulatedBatchNormalization, SpectralConv2D


def largest(kernel):
    return np.linalg.svd(np.reshape(kernel, (-1, kernel.shape[-1])), compute_uv=False)[0]


@pytest.fixture
def convolution():
    layer = SpectralConv2D(5, 3, padding="same", seed=1, kernel_initializer=keras.initializers.RandomNormal(seed=2))
    layer.build((None, 6, 6, 4))
    return layer


def test_a_spectral_convolution_divides_by_the_largest_singular_value(convolution):
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    for _ in range(200):
        convolution(images, training=True)
    kernel = convolution.kernel.numpy()
    expected = tf.nn.conv2d(images, kernel / largest(kernel), 1, "SAME") + convolution.bias.numpy()
    np.testing.assert_allclose(convolution(images, training=False), expected, atol=1e-4)


def test_its_output_does_not_know_the_kernels_scale_and_its_kernel_stays(convolution):
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    before = convolution(images, training=False).numpy()
    kernel = convolution.kernel.numpy()
    convolution.kernel.assign(3 * kernel)
    np.testing.assert_allclose(convolution(images, training=False), before, atol=1e-5)
    convolution(images, training=True)
    np.testing.assert_array_equal(convolution.kernel.numpy(), 3 * kernel)


def test_its_gradient_is_orthogonal_to_the_kernel(convolution):
    # What does not change with the kernel's length has no slope along it: true only if sigma is differentiated too.
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(convolution(images, training=False) ** 3)
    gradient = tape.gradient(loss, convolution.kernel.value).numpy()
    kernel = convolution.kernel.numpy()
    cosine = (gradient * kernel).sum() / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert abs(cosine) < 1e-4
    assert np.linalg.norm(gradient) > 1e-2


def test_it_is_saved_whole(convolution, tmp_path):
    inputs = keras.Input((6, 6, 4))
    model = keras.Model(inputs, SpectralConv2D(5, 3, seed=1)(inputs))
    model(np.ones((1, 6, 6, 4), "float32"), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for mine, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=mine.path)


def test_conditional_normalisation_scales_by_the_rows_class():
    layer = ConditionalBatchNormalization(3, momentum=0.5, epsilon=0.0)
    features = np.array([[1.0, 10.0], [3.0, 30.0], [1.0, 10.0], [3.0, 30.0]], "float32")
    labels = np.array([0, 1, 2, 2], "int32")
    layer.build([(None, 2), (None,)])
    # Normalised, the rows are -1 and 1 in both columns.
    np.testing.assert_allclose(
        layer([features, labels], training=True), [[-1, -1], [1, 1], [-1, -1], [1, 1]], atol=1e-5
    )
    layer.gamma.assign([[1, 2], [3, 4], [5, 6]])
    layer.beta.assign([[0, 0], [10, 0], [0, 20]])
    expected = [[-1, -2], [13, 4], [-5, 14], [5, 26]]
    np.testing.assert_allclose(layer([features, labels], training=True), expected, atol=1e-4)
    # After two training calls at momentum 0.5 the moving mean is three quarters of the batch's, (2, 20).
    np.testing.assert_allclose(layer.normalise.moving_mean.numpy(), [1.5, 15.0], atol=1e-5)


def test_modulated_normalisation_moves_scale_and_shift_by_the_vector():
    layer = ModulatedBatchNormalization(momentum=0.5, epsilon=0.0)
    features = np.array([[1.0, 10.0], [3.0, 30.0]], "float32")
    vectors = np.array([[1.0, 0.0], [0.0, 2.0]], "float32")
    layer.build([(None, 2), (None, 2)])
    # Columns: the scales of both channels, then their shifts. Normalised, the rows are -1 and 1 in both channels.
    layer.moves.kernel.assign([[1, 2, 10, 0], [3, 4, 0, 20]])
    expected = [[-(1 + 1) + 10, -(1 + 2)], [1 + 6, (1 + 8) + 40]]
    np.testing.assert_allclose(layer([features, vectors], training=True), expected, atol=1e-4)
    layer.moves.kernel.assign(np.zeros((2, 4)))
    np.testing.assert_allclose(layer([features, vectors], training=True), [[-1, -1], [1, 1]], atol=1e-5)
    np.testing.assert_allclose(layer.normalise.moving_mean.numpy(), [1.5, 15.0], atol=1e-5)


def test_modulated_normalisation_keeps_the_shape_of_maps_and_is_saved(tmp_path):
    maps, vector = keras.Input((4, 4, 3)), keras.Input((5,))
    model = keras.Model([maps, vector], ModulatedBatchNormalization(seed=3)([maps, vector]))
    inputs = [np.random.default_rng(0).normal(size=(2, *shape)).astype("float32") for shape in ((4, 4, 3), (5,))]
    model(inputs, training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.output_shape == (None, 4, 4, 3)
    np.testing.assert_array_equal(loaded(inputs, training=False), model(inputs, training=False))
