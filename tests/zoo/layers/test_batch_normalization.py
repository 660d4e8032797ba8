"""`BatchNormalization`, compared with Keras', and its second derivatives with those of the equation in float64."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.layers import BatchNormalization

MAPS = np.random.default_rng(0).normal(2, 3, (8, 5, 6, 7)).astype("float32")
WEIGHTS = np.random.default_rng(1).normal(size=MAPS.shape).astype("float32")
GAMMA, BETA = np.linspace(0.5, 2, 7).astype("float32"), np.linspace(-1, 1, 7).astype("float32")


def build(cls, shape=(None, 5, 6, 7), **options):
    layer = cls(momentum=0.8, epsilon=1e-5, **options)
    layer.build(shape)
    for weight, value in zip(layer.weights, (GAMMA, BETA, BETA + 2, GAMMA * 4), strict=True):
        weight.assign(value)
    return layer


def results(layer, inputs=MAPS, weights=WEIGHTS, training=True, jit_compile=False, **call):
    """Returns outputs, the gradients of their weighted cubes, the moving statistics, and the graph's operations."""

    @tf.function(jit_compile=jit_compile)
    def function(x):
        with tf.GradientTape() as tape:
            tape.watch(x)
            outputs = layer(x, training=training, **call)
            loss = tf.reduce_sum(weights * tf.cast(outputs, "float32") ** 3)
        return outputs, tape.gradient(loss, [x, layer.gamma.value, layer.beta.value])

    outputs, gradients = function(tf.constant(inputs))
    operations = {each.type for each in function.get_concrete_function(tf.constant(inputs)).graph.get_operations()}
    arrays = [outputs, *gradients, layer.moving_mean, layer.moving_variance]
    return [np.asarray(each).astype("float32") for each in arrays], operations


def assert_close(actual, expected, tolerance):
    for mine, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0, atol=tolerance * np.abs(theirs).max())


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 3e-6), ("mixed_bfloat16", 8e-3), ("mixed_float16", 1e-3)])
def test_training_equals_keras_in_one_operation(dtype, tolerance):
    expected, _ = results(build(keras.layers.BatchNormalization, dtype=dtype))
    actual, operations = results(build(BatchNormalization, dtype=dtype))
    assert {"FusedBatchNormV3", "FusedBatchNormGradV3"} <= operations
    assert_close(actual, expected, tolerance)
    # The statistics are float32 in every precision.
    assert_close(actual[-2:], expected[-2:], 1e-6)


def test_the_moving_variance_is_that_of_the_biased_one():
    layer = BatchNormalization(momentum=0.25, scale=False, center=False)
    outputs = layer(np.reshape([1.0, 3.0], (1, 2, 1, 1)), training=True)
    np.testing.assert_allclose(np.ravel(outputs), [-1, 1], atol=1e-3)
    # 1/4 of the initial 0 and 1, 3/4 of the batch's mean 2 and variance ((1 - 2)^2 + (3 - 2)^2) / 2 = 1.
    assert [layer.moving_mean.numpy().item(), layer.moving_variance.numpy().item()] == [1.5, 1.0]


def test_second_derivatives_are_exact():
    def penalty_gradients(normalize, dtype):
        x, weights = tf.constant(MAPS, dtype), tf.constant(WEIGHTS, dtype)
        with tf.GradientTape() as outer:
            outer.watch(x)
            with tf.GradientTape() as tape:
                tape.watch(x)
                loss = tf.reduce_sum(weights * normalize(x) ** 2)
            penalty = tf.reduce_sum(tf.reduce_sum(tape.gradient(loss, x) ** 2, (1, 2, 3)) ** 0.5)
        return outer.gradient(penalty, x).numpy()

    def equation(x):
        centered = x - tf.reduce_mean(x, (0, 1, 2))
        return GAMMA * centered / tf.sqrt(tf.reduce_mean(centered**2, (0, 1, 2)) + 1e-5) + BETA

    layer = build(BatchNormalization)
    actual = penalty_gradients(lambda x: layer(x, training=True), "float32")
    assert_close([actual], [penalty_gradients(equation, "float64")], 1e-5)
    # Only approximately in Keras, which takes the mean inside the variance for a constant.
    theirs = build(keras.layers.BatchNormalization)
    assert_close([penalty_gradients(lambda x: theirs(x, training=True), "float32")], [actual], 2e-2)


@pytest.mark.parametrize(
    ("options", "call"),
    [
        ({}, {"training": False}),
        ({"trainable": False}, {}),
        ({"axis": 1}, {}),
        ({"synchronized": True}, {}),
        ({}, {"mask": np.arange(240).reshape(8, 5, 6) % 3 > 0}),
        ({}, {"jit_compile": True}),
        ({"dtype": "float64"}, {}),
    ],
    ids=str,
)
def test_everything_else_is_computed_by_keras(options, call):
    dtype = options.get("dtype", "float32")
    channel_first = options.get("axis") == 1
    inputs = (np.moveaxis(MAPS, -1, 1) if channel_first else MAPS).astype(dtype)
    weights = np.moveaxis(WEIGHTS, -1, 1) if channel_first else WEIGHTS
    shape = (None, *inputs.shape[1:])
    expected, theirs = results(build(keras.layers.BatchNormalization, shape, **options), inputs, weights, **call)
    actual, mine = results(build(BatchNormalization, shape, **options), inputs, weights, **call)
    assert mine == theirs
    assert not {each for each in mine if "FusedBatchNorm" in each}
    assert_close(actual, expected, 1e-6)


def test_vectors_are_normalized_like_keras():
    inputs, weights = MAPS[:, 0, 0], WEIGHTS[:, 0, 0]
    expected, _ = results(build(keras.layers.BatchNormalization, (None, 7)), inputs, weights)
    actual, _ = results(build(BatchNormalization, (None, 7)), inputs, weights)
    assert_close(actual, expected, 1e-6)


def test_a_large_mean_is_finite_in_xla():
    # The fused operation would compute a negative variance there.
    inputs = 1e4 + MAPS
    arrays, _ = results(build(BatchNormalization), inputs, jit_compile=True)
    assert all(np.isfinite(array).all() for array in arrays)


def test_a_stateless_scope_keeps_the_moving_statistics():
    layer = build(BatchNormalization)
    before = [weight.numpy() for weight in layer.weights]
    with keras.StatelessScope() as scope:
        layer(MAPS, training=True)
    for weight, value in zip(layer.weights, before, strict=True):
        np.testing.assert_array_equal(weight.numpy(), value)
    layer(MAPS, training=True)
    np.testing.assert_allclose(scope.get_current_value(layer.moving_mean), layer.moving_mean, rtol=1e-6)
    assert (layer.moving_mean.numpy() != before[2]).all()


def test_replicas_average_the_moving_statistics_like_keras(two_replicas):
    def moving(cls):
        with two_replicas.scope():
            layer = build(cls)
        dataset = two_replicas.experimental_distribute_dataset(tf.data.Dataset.from_tensors(MAPS).unbatch().batch(8))
        tf.function(lambda x: two_replicas.run(lambda rows: layer(rows, training=True), (x,)))(next(iter(dataset)))
        return [layer.moving_mean.numpy(), layer.moving_variance.numpy()]

    assert_close(moving(BatchNormalization), moving(keras.layers.BatchNormalization), 1e-6)


def test_files_of_keras_layers_load_and_its_own_are_read_back(tmp_path):
    def network(cls):
        inputs = keras.Input((5, 6, 7))
        return keras.Model(inputs, cls(epsilon=1e-5)(inputs))

    theirs, mine = network(keras.layers.BatchNormalization), network(BatchNormalization)
    theirs(MAPS, training=True)
    for name in ("theirs.keras", "theirs.weights.h5"):
        (theirs.save if name.endswith(".keras") else theirs.save_weights)(tmp_path / name)
        mine.load_weights(tmp_path / name)
        for a, b in zip(mine.weights, theirs.weights, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)
        mine.set_weights([0 * weight for weight in mine.get_weights()])
    mine.set_weights(theirs.get_weights())
    mine.save(tmp_path / "mine.keras")
    loaded = keras.saving.load_model(tmp_path / "mine.keras")
    assert type(loaded.layers[1]) is BatchNormalization
    np.testing.assert_array_equal(loaded(MAPS), theirs(MAPS))
