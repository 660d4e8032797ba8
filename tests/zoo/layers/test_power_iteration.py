"""Layers with spectral normalization, compared with the singular values of NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.layers import SpectralConv2D, SpectralDense, SpectralEmbedding

RANDOM = np.random.default_rng(0)
INPUTS = {
    SpectralConv2D: RANDOM.normal(size=(2, 6, 6, 4)).astype("float32"),
    SpectralDense: RANDOM.normal(size=(2, 9)).astype("float32"),
    SpectralEmbedding: np.array([[3, 0], [1, 3]], "int32"),
}
WEIGHTS = {SpectralConv2D: (3, 3, 4, 5), SpectralDense: (9, 5), SpectralEmbedding: (4, 5)}
# Not centered, so that one singular value is much larger than the others and the iteration converges soon.
VALUES = {cls: RANDOM.normal(1, 1, shape).astype("float32") for cls, shape in WEIGHTS.items()}


def build(cls, **options):
    arguments = {SpectralConv2D: (5, 3), SpectralDense: (5,), SpectralEmbedding: (4, 5)}[cls]
    layer = cls(*arguments, seed=1, **options)
    layer.build((None, *INPUTS[cls].shape[1:]))
    layer.trainable_weights[0].assign(VALUES[cls])
    return layer


def outputs_of(cls, weights, inputs):
    """Returns the outputs of the layer without normalization, without a bias."""
    if cls is SpectralEmbedding:
        return weights[inputs]
    return inputs @ weights if cls is SpectralDense else tf.nn.conv2d(inputs, weights, 1, "VALID").numpy()


@pytest.fixture(params=INPUTS, ids=lambda cls: cls.__name__)
def cls(request):
    return request.param


def test_the_weights_are_divided_by_their_largest_singular_value(cls):
    layer, weights = build(cls), VALUES[cls]
    for _ in range(15):
        layer(INPUTS[cls], training=True)
    spectral_norm = np.linalg.svd(weights.reshape(-1, 5), compute_uv=False)[0]
    expected = outputs_of(cls, weights / spectral_norm, INPUTS[cls])
    np.testing.assert_allclose(layer(INPUTS[cls], training=False), expected, atol=1e-4)
    np.testing.assert_array_equal(layer.trainable_weights[0].numpy(), weights)


def test_a_training_call_makes_one_iteration_and_the_others_none(cls):
    layer, matrix = build(cls), VALUES[cls].reshape(-1, 5)
    u = layer.vector_u.numpy()
    layer(INPUTS[cls], training=False)
    with keras.StatelessScope():
        layer(INPUTS[cls], training=True)
    np.testing.assert_array_equal(layer.vector_u.numpy(), u)
    layer(INPUTS[cls], training=True)
    v = u @ matrix.T / np.linalg.norm(u @ matrix.T)
    expected = v @ matrix / np.linalg.norm(v @ matrix)
    np.testing.assert_allclose(layer.vector_u.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_the_gradient_is_that_of_the_quotient(cls):
    # u and v are constants: dL/dW = (G - <G, W / sigma> u^T v) / sigma for the gradient G at the normalized weights.
    layer, weights = build(cls), VALUES[cls]
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(layer(INPUTS[cls], training=True) ** 3)
    actual = tape.gradient(loss, layer.trainable_weights[0].value)
    matrix, before, u = weights.reshape(-1, 5), build(cls).vector_u.numpy(), layer.vector_u.numpy()
    v = before @ matrix.T / np.linalg.norm(before @ matrix.T)
    sigma = (v @ matrix @ u.T).item()
    with tf.GradientTape() as tape:
        normalized = tf.Variable(weights / sigma)
        if cls is SpectralEmbedding:
            plain = tf.gather(normalized, INPUTS[cls])
        elif cls is SpectralDense:
            plain = INPUTS[cls] @ normalized
        else:
            plain = tf.nn.conv2d(INPUTS[cls], normalized, 1, "VALID")
        loss = tf.reduce_sum(plain**3)
    inner = tf.convert_to_tensor(tape.gradient(loss, normalized)).numpy().reshape(-1, 5)
    expected = (inner - (inner * matrix).sum() / sigma * (v.T @ u)) / sigma
    actual = tf.convert_to_tensor(actual).numpy().reshape(-1, 5)
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_xla_computes_the_same(cls):
    eager, compiled = build(cls), build(cls)
    function = tf.function(lambda x: compiled(x, training=True), jit_compile=True)
    for _ in range(2):
        expected, actual = eager(INPUTS[cls], training=True), function(INPUTS[cls])
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(compiled.vector_u.numpy(), eager.vector_u.numpy(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_half_precision_iterates_in_float32(cls, dtype):
    layer, reference = build(cls, dtype=dtype), build(cls)
    for _ in range(3):
        actual, expected = layer(INPUTS[cls], training=True), reference(INPUTS[cls], training=True)
    assert actual.dtype == dtype.removeprefix("mixed_")
    np.testing.assert_allclose(np.asarray(actual, "float32"), expected, rtol=0, atol=3e-2 * np.abs(expected).max())
    assert layer.vector_u.dtype == "float32"
    np.testing.assert_allclose(layer.vector_u.numpy(), reference.vector_u.numpy(), atol=2e-2)


def test_every_weight_and_argument_is_saved(cls, tmp_path):
    inputs = keras.Input(INPUTS[cls].shape[1:], dtype=INPUTS[cls].dtype.name)
    model = keras.Model(inputs, build(cls)(inputs))
    model(INPUTS[cls], training=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert (type(loaded.layers[1]), loaded.layers[1].seed) == (cls, 1)
    for mine, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=mine.path)
    np.testing.assert_array_equal(loaded(INPUTS[cls]), model(INPUTS[cls]))


def test_replicas_keep_one_vector(cls, two_replicas):
    with two_replicas.scope():
        layer = build(cls)
    expected = build(cls)
    expected(INPUTS[cls], training=True)
    tf.function(lambda: two_replicas.run(lambda: layer(INPUTS[cls], training=True)))()
    np.testing.assert_allclose(layer.vector_u.numpy(), expected.vector_u.numpy(), rtol=1e-5, atol=1e-6)
