"""`SpectralConv2D`, compared with NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import SpectralConv2D


def spectral_norm(kernel):
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
    expected = tf.nn.conv2d(images, kernel / spectral_norm(kernel), 1, "SAME") + convolution.bias.numpy()
    np.testing.assert_allclose(convolution(images, training=False), expected, atol=1e-4)


def test_its_output_does_not_depend_on_the_kernels_scale_and_its_kernel_stays(convolution):
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    before = convolution(images, training=False).numpy()
    kernel = convolution.kernel.numpy()
    convolution.kernel.assign(3 * kernel)
    np.testing.assert_allclose(convolution(images, training=False), before, atol=1e-5)
    convolution(images, training=True)
    np.testing.assert_array_equal(convolution.kernel.numpy(), 3 * kernel)


def test_its_gradient_is_orthogonal_to_the_kernel(convolution):
    # The output does not depend on the kernel's norm, so the gradient along the kernel is 0 if sigma is differentiated.
    images = np.random.default_rng(0).normal(size=(2, 6, 6, 4)).astype("float32")
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(convolution(images, training=False) ** 3)
    gradient = tape.gradient(loss, convolution.kernel.value).numpy()
    kernel = convolution.kernel.numpy()
    cosine = (gradient * kernel).sum() / np.linalg.norm(gradient) / np.linalg.norm(kernel)
    assert abs(cosine) < 1e-4
    assert np.linalg.norm(gradient) > 1e-2


def test_it_is_saved_completely(convolution, tmp_path):
    inputs = keras.Input((6, 6, 4))
    model = keras.Model(inputs, SpectralConv2D(5, 3, seed=1)(inputs))
    model(np.ones((1, 6, 6, 4), "float32"), training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    for mine, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=mine.path)
