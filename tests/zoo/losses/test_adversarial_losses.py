"""Values and gradients that can be derived by hand: softplus(0) = ln 2, sigmoid(0) = 1/2."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.losses.adversarial_losses import LOSSES, discriminator_accuracy, layer_losses

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
        ("relativistic", LN2, LN2),
    ],
)
def test_values_at_logit_zero(name, discriminator, generator):
    assert float(LOSSES[name].discriminator_loss(logits(0, 0), logits(0, 0))) == pytest.approx(discriminator, abs=1e-6)
    assert float(LOSSES[name].generator_loss(logits(0, 0), logits(0, 0))) == pytest.approx(generator, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "discriminator", "generator"),
    [
        # D(x) at logit 2, D(G(z)) at logit -3. sigmoid(-2) = .119203, sigmoid(3) = .952574.
        ("minimax", -np.log(1 - 0.1192029) - np.log(0.9525741), np.log(0.9525741)),
        ("non_saturating", -np.log(1 - 0.1192029) - np.log(0.9525741), -np.log(1 - 0.9525741)),
        ("least_squares", 0.5 * (2 - 1) ** 2 + 0.5 * 9, 0.5 * 16),
        ("hinge", 0.0 + 0.0, 3.0),
        ("wasserstein", -3.0 - 2.0, 3.0),
        # sigmoid(5) = .993307: the real logit is larger by 5.
        ("relativistic", -np.log(0.9933071), -np.log(1 - 0.9933071)),
    ],
)
def test_values_away_from_zero(name, discriminator, generator):
    assert float(LOSSES[name].discriminator_loss(logits(2), logits(-3))) == pytest.approx(discriminator, abs=1e-5)
    assert float(LOSSES[name].generator_loss(logits(2), logits(-3))) == pytest.approx(generator, abs=1e-5)


@pytest.mark.parametrize(
    ("name", "by_real", "by_fake", "by_generator"),
    [
        ("minimax", -0.5, 0.5, -0.5),
        ("non_saturating", -0.5, 0.5, -0.5),
        ("least_squares", -1.0, 0.0, -1.0),
        ("hinge", -1.0, 1.0, -1.0),
        ("wasserstein", -1.0, 1.0, -1.0),
        ("relativistic", -0.5, 0.5, -0.5),
    ],
)
def test_gradients_at_logit_zero(name, by_real, by_fake, by_generator):
    real, fake = tf.Variable(logits(0)), tf.Variable(logits(0))
    with tf.GradientTape(persistent=True) as tape:
        discriminator = LOSSES[name].discriminator_loss(real, fake)
        generator = LOSSES[name].generator_loss(real, fake)
    assert tape.gradient(discriminator, real).numpy().item() == pytest.approx(by_real, abs=1e-6)
    assert tape.gradient(discriminator, fake).numpy().item() == pytest.approx(by_fake, abs=1e-6)
    assert tape.gradient(generator, fake).numpy().item() == pytest.approx(by_generator, abs=1e-6)


@pytest.mark.parametrize(("name", "expected"), [("minimax", 0.0), ("non_saturating", -1.0)])
def test_only_minimax_saturates_where_the_discriminator_is_confident(name, expected):
    fake = tf.Variable(logits(-10))
    with tf.GradientTape() as tape:
        loss = LOSSES[name].generator_loss(None, fake)
    assert tape.gradient(loss, fake).numpy().item() == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_extreme_logits_stay_finite(name):
    for real, fake in ((200, -200), (-200, 200)):
        assert np.isfinite(float(LOSSES[name].discriminator_loss(logits(real), logits(fake))))
        assert np.isfinite(float(LOSSES[name].generator_loss(logits(real), logits(fake))))
    # Both terms are summed: 200 for each wrong logit.
    assert float(LOSSES["minimax"].discriminator_loss(logits(-200), logits(200))) == pytest.approx(400)
    assert float(LOSSES["minimax"].discriminator_loss(logits(20), logits(-20))) < 1e-6


@pytest.mark.parametrize("at", [-5.0, 0.0, 5.0])
def test_smoothing_is_one_sided(at):
    def softplus(x):
        return np.log1p(np.exp(-abs(x))) + max(x, 0)

    for name in ("minimax", "non_saturating"):
        loss = LOSSES[name].discriminator_loss(logits(at), logits(at), 0.1)
        # target 0.9 for real; exactly 0 for fake.
        assert float(loss) == pytest.approx(0.9 * softplus(-at) + 0.1 * softplus(at) + softplus(at), abs=1e-5)
    squares = LOSSES["least_squares"].discriminator_loss(logits(at), logits(at), 0.1)
    assert float(squares) == pytest.approx(0.5 * (at - 0.9) ** 2 + 0.5 * at**2, abs=1e-5)


def test_smoothing_concerns_the_real_logits_only():
    # softplus(-ln 3) = ln 4/3, softplus(ln 3) = ln 4, softplus(-ln 7) = ln 8/7.
    for name in ("minimax", "non_saturating"):
        loss = LOSSES[name].discriminator_loss(logits(np.log(3)), logits(-np.log(7)), 0.25)
        assert float(loss) == pytest.approx(0.75 * np.log(4 / 3) + 0.25 * np.log(4) + np.log(8 / 7), abs=1e-6)
    assert float(LOSSES["least_squares"].discriminator_loss(logits(3), logits(2), 0.25)) == pytest.approx(
        0.5 * 2.25**2 + 0.5 * 4
    )


@pytest.mark.parametrize("name", sorted(LOSSES))
def test_the_loss_of_a_batch_is_the_mean_over_its_logits(name):
    real, fake = (-2.0, -0.5, 0.25), (3.0, 1.0, -0.75)
    rows = [(logits(a), logits(b)) for a, b in zip(real, fake, strict=True)]
    loss = LOSSES[name]
    for batch, single in (
        (loss.discriminator_loss(logits(*real), logits(*fake)), [loss.discriminator_loss(*row) for row in rows]),
        (loss.generator_loss(logits(*real), logits(*fake)), [loss.generator_loss(*row) for row in rows]),
    ):
        assert float(batch) == pytest.approx(float(np.mean(single)), abs=1e-6)
        assert abs(float(batch)) > 0.1


@pytest.mark.parametrize("name", sorted(set(LOSSES) - {"relativistic"}))
def test_the_term_of_fakes_is_what_the_discriminator_loss_has_of_them(name):
    loss, fake = LOSSES[name], logits(3.0, 1.0, -0.75)
    # The terms of real logits cancel.
    difference = loss.discriminator_loss(logits(0.5), fake) - loss.discriminator_loss(logits(0.5), logits(-7.0))
    assert float(loss.fake_loss(fake) - loss.fake_loss(logits(-7.0))) == pytest.approx(float(difference), abs=1e-5)
    assert float(loss.fake_loss(fake)) == pytest.approx(np.mean([loss.fake_loss(row) for row in fake[:, :, None]]))


@pytest.mark.parametrize(
    ("name", "threshold", "smoothing"),
    [
        ("minimax", 0.0, True),
        ("non_saturating", 0.0, True),
        ("least_squares", 0.5, True),
        ("hinge", 0.0, False),
        ("wasserstein", None, False),
        ("relativistic", 0.0, False),
    ],
)
def test_thresholds_and_whether_targets_can_be_smoothed(name, threshold, smoothing):
    loss = LOSSES[name]
    assert (loss.decision_threshold, loss.supports_label_smoothing) == (threshold, smoothing)


def test_only_the_relativistic_loss_compares_fakes_with_real_samples():
    assert {name for name, loss in LOSSES.items() if loss.is_relativistic} == {"relativistic"}
    loss = LOSSES["relativistic"]
    # Pairs, not means: the differences are 3 and -2.
    real, fake = logits(2, 0), logits(-1, 2)
    softplus = np.log1p(np.exp([-3.0, 2.0, 3.0, -2.0]))
    assert float(loss.discriminator_loss(real, fake)) == pytest.approx(softplus[:2].mean(), rel=1e-5)
    assert float(loss.generator_loss(real, fake)) == pytest.approx(softplus[2:].mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "metric", "value"),
    [
        ("non_saturating", "d_accuracy", (3 / 3 + 1 / 3) / 2),
        ("least_squares", "d_accuracy", (2 / 3 + 2 / 3) / 2),
        ("wasserstein", "wasserstein", (2 + 0.25 + 4) / 3 - (-1 + 0.25 + 5) / 3),
        # Pairs: 2 and -1, .25 and .25, 4 and 5.
        ("relativistic", "d_accuracy", 1 / 3),
    ],
)
def test_each_loss_has_a_metric_of_its_logits(name, metric, value):
    loss = LOSSES[name]
    assert loss.logits_metric == metric
    measured = loss.compute_metric(logits(2, 0.25, 4), logits(-1, 0.25, 5))
    assert float(measured) == pytest.approx(value, abs=1e-6)


def test_losses_accept_patch_logits():
    patches = tf.zeros((2, 4, 4, 1))
    assert float(LOSSES["non_saturating"].discriminator_loss(patches, patches)) == pytest.approx(2 * LN2, abs=1e-6)


def test_accuracy_averages_real_and_fake_at_the_threshold():
    assert float(discriminator_accuracy(logits(1, -1, 2, 3), logits(-1, -2, 4, -5), 0.0)) == 0.75
    assert float(discriminator_accuracy(logits(0.6), logits(0.4), LOSSES["least_squares"].decision_threshold)) == 1.0
    assert LOSSES["wasserstein"].decision_threshold is None


def test_accuracy_weights_real_and_fake_equally_and_a_logit_at_the_threshold_is_an_error():
    # One of one real logit is right, one of four fake ones.
    assert float(discriminator_accuracy(logits(1), logits(-1, 2, 3, 4), 0.0)) == pytest.approx((1 + 0.25) / 2)
    # None of two real logits is right, three of four fake ones.
    assert float(discriminator_accuracy(logits(-1, -2), logits(-1, -2, -3, 4), 0.0)) == pytest.approx((0 + 0.75) / 2)
    assert float(discriminator_accuracy(logits(0), logits(0), 0.0)) == 0.0


def test_layer_losses_sums_the_losses_of_all_layers():
    inputs = keras.Input((2,))
    plain = keras.layers.Dense(1, kernel_initializer="ones")(inputs)
    assert float(layer_losses(keras.Model(inputs, plain))) == 0.0
    l2, l1 = (
        keras.layers.Dense(units, kernel_initializer="ones", kernel_regularizer=regularizer)
        for units, regularizer in ((3, keras.regularizers.L2(0.5)), (1, keras.regularizers.L1(0.25)))
    )
    # Six ones and 0.5, three ones and 0.25.
    assert float(layer_losses(keras.Model(inputs, l1(l2(inputs))))) == pytest.approx(6 * 0.5 + 3 * 0.25)
