"""Penalties against closed forms: linear and quadratic critics, critics without a gradient."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import R1, R2, GradientPenalty
from ganzoo.zoo.regularizers.sample_gradients import squared_gradient_norms

SLOPES = tf.constant([[1.0, -2.0], [2.0, 4.0]])
REAL = tf.random.stateless_uniform((3, 2, 2), (0, 1), -1, 1)
FAKES = tf.random.stateless_uniform((3, 2, 2), (0, 2), -1, 1)
UNIFORMS = tf.constant([[0.25], [0.5], [1.0]])
ALL = [GradientPenalty(), R1(), R2()]


def linear(samples, draw):
    """D(x) = <w, x> with ||w|| = 5, as logits (batch, 1)."""
    return tf.reduce_sum(SLOPES * samples, axis=(1, 2), keepdims=True)[:, 0]


def quadratic(samples, draw):
    """D(x) = ||x||^2, whose gradient is 2 x."""
    return tf.reduce_sum(samples**2, axis=(1, 2))[:, tf.newaxis]


def square_norms(samples):
    return np.square(samples.numpy()).sum(axis=(1, 2))


@pytest.mark.parametrize(("regularizer", "expected"), [(GradientPenalty(), 16.0), (R1(), 12.5), (R2(), 12.5)])
def test_a_linear_critic_has_the_penalty_of_its_slope_everywhere(regularizer, expected):
    assert float(regularizer.penalty(linear, REAL, FAKES, UNIFORMS)) == pytest.approx(expected, rel=1e-5)


def test_the_norm_is_over_all_values_of_a_sample_and_the_mean_over_samples():
    assert float(R1().penalty(quadratic, REAL, FAKES, None)) == pytest.approx(2 * square_norms(REAL).mean(), rel=1e-5)
    assert float(R2().penalty(quadratic, REAL, FAKES, None)) == pytest.approx(2 * square_norms(FAKES).mean(), rel=1e-5)
    shares = UNIFORMS.numpy()[:, :, np.newaxis]
    between = tf.constant(shares * REAL + (1 - shares) * FAKES)
    expected = np.square(2 * np.sqrt(square_norms(between)) - 1).mean()
    assert float(GradientPenalty().penalty(quadratic, REAL, FAKES, UNIFORMS)) == pytest.approx(expected, rel=1e-5)


def test_each_penalty_sees_the_side_of_its_paper():
    for regularizer, samples, draw in ((R1(), REAL, "real"), (R2(), FAKES, "fake")):
        seen = []
        regularizer.penalty(lambda *each, seen=seen: seen.append(each) or linear(*each), REAL, FAKES, None)
        np.testing.assert_array_equal(seen[0][0], samples)
        assert seen[0][1] == draw
    seen = []
    GradientPenalty().penalty(lambda *each: seen.append(each) or linear(*each), REAL, FAKES, tf.ones((3, 1)))
    np.testing.assert_array_equal(seen[0][0], REAL)
    assert seen[0][1] == "real"


@pytest.mark.parametrize(("regularizer", "expected"), [(GradientPenalty(), 1.0), (R1(), 0.0), (R2(), 0.0)])
def test_a_critic_without_a_gradient_has_finite_penalties_and_finite_gradients(regularizer, expected):
    # A last layer that is initialized with zeros.
    weight = tf.Variable(0.0)
    with tf.GradientTape() as tape:
        penalty = regularizer.penalty(lambda x, draw: weight * linear(x, draw), REAL, FAKES, UNIFORMS)
    assert float(penalty) == expected
    assert np.isfinite(tape.gradient(penalty, weight).numpy())
    assert float(regularizer.penalty(lambda x, draw: tf.ones((3, 1)), REAL, FAKES, UNIFORMS)) == expected


@pytest.mark.parametrize("regularizer", ALL)
def test_the_gradient_of_a_penalty_is_that_of_its_formula(regularizer):
    weight = tf.Variable(0.4)
    with tf.GradientTape() as tape:
        penalty = regularizer.penalty(lambda x, draw: weight * linear(x, draw), REAL, FAKES, UNIFORMS)
    # (5 w - 1)^2, and 25 w^2 / 2.
    expected = 2 * 5 * (5 * 0.4 - 1) if isinstance(regularizer, GradientPenalty) else 25 * 0.4
    assert float(tape.gradient(penalty, weight)) == pytest.approx(expected, rel=1e-5)


def test_all_logits_of_a_sample_and_all_images_of_a_pair_count():
    patches = tf.random.stateless_uniform((3, 2, 2), (0, 3))
    # A logit for each pixel: the gradient of their sum is the weight of each pixel.
    assert float(R1().penalty(lambda x, draw: patches * x, REAL, FAKES, None)) == pytest.approx(
        square_norms(patches).mean() / 2, rel=1e-5
    )
    pair = {"x": REAL, "y": FAKES}
    [norms] = squared_gradient_norms(lambda each: quadratic(each["x"], "") - 3 * linear(each["y"], ""), pair)
    np.testing.assert_allclose(norms, 4 * square_norms(REAL) + 9 * 25, rtol=1e-5)
    joint = GradientPenalty().penalty(
        lambda each, draw: quadratic(each["x"], draw) - 3 * linear(each["y"], draw), pair, pair, tf.ones((3, 1))
    )
    assert float(joint) == pytest.approx(np.square(np.sqrt(norms) - 1).mean(), rel=1e-5)


def test_discriminators_of_two_domains_are_penalized_separately():
    domains = {"x": REAL, "y": FAKES}

    def discriminate(samples, draw):
        return {"x": linear(samples["x"], draw), "y": quadratic(samples["y"], draw)}

    assert float(R1().penalty(discriminate, domains, domains, None)) == pytest.approx(
        12.5 + 2 * square_norms(FAKES).mean(), rel=1e-5
    )
    each = np.square(2 * np.sqrt(square_norms(FAKES)) - 1).mean()
    actual = GradientPenalty().penalty(discriminate, domains, domains, UNIFORMS)
    assert float(actual) == pytest.approx(16 + each, rel=1e-5)


def critic(dtype="float32"):
    images = keras.Input((4, 4, 1))
    hidden = keras.layers.Conv2D(3, 3, activation="silu", dtype=dtype)(images)
    return keras.Model(images, keras.layers.Dense(1, dtype=dtype)(keras.layers.Flatten(dtype=dtype)(hidden)))


@pytest.mark.parametrize("regularizer", ALL)
def test_graphs_and_xla_equal_eager_mode(regularizer):
    network = critic()
    real, fakes = tf.random.stateless_normal((2, 3, 4, 4, 1), (0, 1))

    def compute():
        with tf.GradientTape() as tape:
            penalty = regularizer.penalty(lambda x, draw: network(x, training=True), real, fakes, UNIFORMS)
        return penalty, tape.gradient(penalty, network.trainable_variables[0].value)

    eager = compute()
    for jit_compile in (False, True):
        for actual, expected in zip(tf.function(compute, jit_compile=jit_compile)(), eager, strict=True):
            np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("dtype", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("regularizer", ALL)
def test_penalties_of_half_precision_networks_are_float32_and_close(regularizer, dtype):
    network, half = critic(), critic(dtype)
    half.set_weights(network.get_weights())
    real, fakes = tf.random.stateless_normal((2, 3, 4, 4, 1), (0, 1))
    exact, penalty = (
        regularizer.penalty(lambda x, draw, each=each: each(x), real, fakes, UNIFORMS) for each in (network, half)
    )
    assert penalty.dtype == tf.float32
    assert float(penalty) == pytest.approx(float(exact), rel=0.03)


def test_half_precision_samples_are_interpolated_in_float32():
    real, fakes = tf.cast(REAL, tf.bfloat16), tf.cast(FAKES, tf.bfloat16)
    seen = []
    GradientPenalty().penalty(lambda x, draw: seen.append(x.dtype) or linear(x, draw), real, fakes, UNIFORMS)
    assert seen == [tf.float32]
