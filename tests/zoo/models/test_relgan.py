"""Interpolated tokens, the temperature schedule and the losses."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import RelGAN
from ganzoo.zoo.core.prng import training_uniforms_of_rows
from ganzoo.zoo.models.text.relgan import INTERPOLATION_SEED


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
    monkeypatch.setattr(model, "discriminate", lambda samples, batch, training: fake if samples is fakes else real)
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


def test_the_interpolation_replaces_the_share_and_the_position_that_its_uniforms_say():
    sequences = tf.one_hot([[0, 1, 2, 3], [4, 3, 2, 1]], 5)
    # Weights 1 - sqrt(w); position (1 - u) * 4; token (1 - u) * 5.
    interpolated = tiny().interpolate(sequences, tf.constant([[0.25, 0.4, 0.1], [0.81, 1.0, 0.9]])).numpy()
    expected = sequences.numpy()
    expected[0, 2] = [0, 0, 0.5, 0, 0.5]
    expected[1, 0] = [0.1, 0, 0, 0, 0.9]
    np.testing.assert_allclose(interpolated, expected, atol=1e-6)


def test_real_and_generated_texts_are_interpolated_with_their_own_uniforms(monkeypatch):
    model = tiny()
    calls = []
    monkeypatch.setattr(
        model, "interpolate", lambda sequences, uniforms: calls.append((sequences, uniforms)) or sequences
    )
    logits = iter([tf.constant([[1.0], [3.0]]), tf.constant([[-2.0], [-1.0]])])
    monkeypatch.setattr(model, "discriminate", lambda samples, batch, training: next(logits))
    uniforms = tf.reshape(tf.range(12.0), (2, 6)) / 12
    tokens, fakes = tf.constant([[1, 2, 3, 4], [0, 0, 0, 0]]), tf.ones((2, 4, 5))
    _, logs = model.discriminator_objective({"tokens": tokens, "interpolation": uniforms}, fakes)
    assert {name: float(value) for name, value in logs.items()} == {
        "real_logits": 2.0, "fake_logits": -1.5, "d_accuracy": 1.0,
    }  # fmt: skip
    (real, of_real), (fake, of_fake) = calls
    np.testing.assert_array_equal(real, tf.one_hot(tokens, 5))
    np.testing.assert_array_equal(fake, fakes)
    np.testing.assert_array_equal(tf.concat([of_real, of_fake], 1), uniforms)
    assert of_real.shape == (2, 3)


def test_uniforms_depend_on_the_models_seed_and_the_step_and_are_left_out_without_interpolation():
    model = tiny(seed=4)
    model.step.assign(7)
    expected = training_uniforms_of_rows(INTERPOLATION_SEED + 4, 7, tf.range(3), 6)
    np.testing.assert_array_equal(model.sample_step_inputs(3, model.step.value)["interpolation"], expected)
    assert set(tiny(interpolate_tokens=False).sample_step_inputs(3, 0)) == {"noise"}


def test_the_generator_samples_at_the_current_temperature_and_logs_it(monkeypatch):
    model = tiny(inverse_temperature=16.0, anneal_steps=4)
    model.step.assign(2)
    calls = []
    monkeypatch.setattr(model.generator, "sample_relaxed", lambda *arguments: calls.append(arguments))
    model.generate_fakes({"noise": "noise"})
    ((noise, inverse_temperature),) = calls
    assert (noise, float(inverse_temperature)) == ("noise", pytest.approx(4))
    monkeypatch.setattr(model, "discriminate", lambda samples, batch, training: tf.zeros((2, 1)))
    assert float(
        model.generator_objective({"tokens": tf.zeros((2, 4), tf.int32)}, None)[1]["inverse_temperature"]
    ) == pytest.approx(4)
