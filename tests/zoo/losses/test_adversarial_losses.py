"""Values and gradients that can be derived by hand: softplus(0) = ln 2, sigmoid(0) = 1/2."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.losses.adversarial_losses import LOSSES, discriminator_accuracy

LN2 = float(np.log(2.0))


def logits(*values):
    return tf.constant([[value] for value in values], tf.float32)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        ("minimax", 2 * LN2, -LN2),
        ("non_saturating", 2 * LN2, LN2),
        ("least_squares", 0.5, 0.5),
        ("hinge", 2.0, 0.0),
        ("wasserstein", 0.0, 0.0),
    ],
)
def test_values_at_logit_zero(name, discriminator, generator):
    assert float(LOSSES[name].discriminator(logits(0, 0), logits(0, 0))) == pytest.approx(discriminator, abs=1e-6)
    assert float(LOSSES[name].generator(logits(0, 0))) == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        # D(x) at logit 2, D(G(z)) at logit -3. sigmoid(-2) = .119203, sigmoid(3) = .952574.
        ("minimax", -np.log(1 - 0.1192029) - np.log(0.9525741), np.log(0.9525741)),
        ("non_saturating", -np.log(1 - 0.1192029) - np.log(0.9525741), -np.log(1 - 0.9525741)),
        ("least_squares", 0.5 * (2 - 1) ** 2 + 0.5 * 9, 0.5 * 16),
        ("hinge", 0.0 + 0.0, 3.0),
        ("wasserstein", -3.0 - 2.0, 3.0),
    ],
)
def test_values_away_from_zero(name, discriminator, generator):
    assert float(LOSSES[name].discriminator(logits(2), logits(-3))) == pytest.approx(discriminator, abs=1e-5)
    assert float(LOSSES[name].generator(logits(-3))) == pytest.approx(generator, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "by_real", "by_fake", "by_generator"),
    [
        ("minimax", -0.5, 0.5, -0.5),
        ("non_saturating", -0.5, 0.5, -0.5),
        ("least_squares", -1.0, 0.0, -1.0),
        ("hinge", -1.0, 1.0, -1.0),
        ("wasserstein", -1.0, 1.0, -1.0),
    ],
)
def test_gradients_at_logit_zero(name, by_real, by_fake, by_generator):
    real, fake = tf.Variable(logits(0)), tf.Variable(logits(0))
    with tf.GradientTape(persistent=True) as tape:
        discriminator = LOSSES[name].discriminator(real, fake)
        generator = LOSSES[name].generator(fake)
    assert tape.gradient(discriminator, real).numpy().item() == pytest.approx(by_real, abs=1e-6)
    assert tape.gradient(discriminator, fake).numpy().item() == pytest.approx(by_fake, abs=1e-6)
    assert tape.gradient(generator, fake).numpy().item() == pytest.approx(by_generator, abs=1e-6)


@pytest.mark.parametrize(("name", "expected"), [("minimax", 0.0), ("non_saturating", -1.0)])
def test_only_minimax_saturates_where_the_discriminator_is_confident(name, expected):
    fake = tf.Variable(logits(-10))
    with tf.GradientTape() as tape:
        loss = LOSSES[name].generator(fake)
    assert tape.gradient(loss, fake).numpy().item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_extreme_logits_stay_finite(name):
    for real, fake in ((200, -200), (-200, 200)):
        assert np.isfinite(float(LOSSES[name].discriminator(logits(real), logits(fake))))
        assert np.isfinite(float(LOSSES[name].generator(logits(fake))))
    # Both terms are summed: 200 for each wrong logit.
    assert float(LOSSES["minimax"].discriminator(logits(-200), logits(200))) == pytest.approx(400)
    assert float(LOSSES["minimax"].discriminator(logits(20), logits(-20))) < 1e-6


@pytest.mark.parametrize("at", [-5.0, 0.0, 5.0])
def test_smoothing_is_one_sided(at):
    def softplus(x):
        return np.log1p(np.exp(-abs(x))) + max(x, 0)

    for name in ("minimax", "non_saturating"):
        loss = LOSSES[name].discriminator(logits(at), logits(at), 0.1)
        # target 0.9 for real; exactly 0 for fake.
        assert float(loss) == pytest.approx(0.9 * softplus(-at) + 0.1 * softplus(at) + softplus(at), abs=1e-5)
    squares = LOSSES["least_squares"].discriminator(logits(at), logits(at), 0.1)
    assert float(squares) == pytest.approx(0.5 * (at - 0.9) ** 2 + 0.5 * at**2, abs=1e-5)


def test_losses_accept_patch_logits():
    patches = tf.zeros((2, 4, 4, 1))
    assert float(LOSSES["non_saturating"].discriminator(patches, patches)) == pytest.approx(2 * LN2, abs=1e-6)


def test_accuracy_averages_real_and_fake_at_the_threshold():
    assert float(discriminator_accuracy(logits(1, -1, 2, 3), logits(-1, -2, 4, -5), 0.0)) == 0.75
    assert float(discriminator_accuracy(logits(0.6), logits(0.4), LOSSES["least_squares"].decision_threshold)) == 1.0
    assert LOSSES["wasserstein"].decision_threshold is None
