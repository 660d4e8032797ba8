"""Interpolated tokens, the temperature schedule and the losses."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import RelGAN


def tiny(**arguments):
    return RelGAN.create((4,), {"units": 2}, {"filters": 2}, vocabulary_size=5, **arguments)


def test_the_inverse_temperature_grows_geometrically():
    model = tiny(inverse_temperature=16.0, anneal_steps=4)
    values = []
    for step in (0, 1, 2, 4, 9):
        model.step.assign(step)
        values.append(float(model.current_inverse_temperature()))
    np.testing.assert_allclose(values, [1, 2, 4, 16, 16], rtol=1e-5)


def test_one_token_of_a_sequence_is_interpolated_with_another():
    model = tiny()
    sequences = tf.one_hot(np.random.default_rng(0).integers(0, 5, (4000, 4)), 5).numpy()
    uniforms = np.random.default_rng(1).uniform(1e-6, 1, (4000, 3)).astype("float32")
    interpolated = model.interpolate(sequences, tf.constant(uniforms)).numpy()
    np.testing.assert_allclose(interpolated.sum(2), 1, atol=1e-6)
    changed = abs(interpolated - sequences).max(2) > 0
    assert (changed.sum(1) <= 1).all()
    # Positions are uniform; a fifth of the other tokens equal the original one.
    np.testing.assert_allclose(changed.mean(0), 0.8 / 4, atol=0.025)
    # The weight of the other token has the density 2 (1 - w), whose median is 1 - sqrt(1/2).
    weights = abs(interpolated - sequences).max(2)[changed]
    assert abs((weights < 1 - np.sqrt(0.5)).mean() - 0.5) < 0.03
    unchanged = model.interpolate(sequences[:1], tf.constant([[1.0, 0.5, 0.5]]))
    np.testing.assert_array_equal(unchanged, sequences[:1])


@pytest.mark.parametrize("loss", ["relativistic", "non_saturating", "minimax"])
def test_losses_by_hand(loss, monkeypatch):
    model = tiny(loss=loss, interpolate_tokens=False)
    real, fake = tf.constant([[1.0], [2.0]]), tf.constant([[0.5], [-1.0]])
    fakes = tf.zeros((2, 4, 5))
    monkeypatch.setattr(model, "discriminate", lambda tokens, training=True: fake if tokens is fakes else real)
    batch = {"tokens": tf.zeros((2, 4), tf.int32)}
    losses = float(model.discriminator_objective(batch, fakes)[0]), float(model.generator_objective(batch, fakes)[0])

    def softplus(values):
        return np.log1p(np.exp(values)).mean()

    r, f = real.numpy(), fake.numpy()
    expected = {
        "relativistic": (softplus(f - r), softplus(r - f)),
        "non_saturating": (softplus(-r) + softplus(f), softplus(-f)),
        "minimax": (softplus(-r) + softplus(f), -softplus(f)),
    }[loss]
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
