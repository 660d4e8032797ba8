import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN
from ganzoo.zoo.optimization.ema import decay, update_ema


def test_a_weight_halves_after_the_half_life():
    weight = 1.0
    # After 1,000,000 images the ramp-up (5 %) allows 50,000, more than the half-life of 640, which is ten steps of 64.
    for _ in range(10):
        weight *= float(decay(tf.constant(1_000_000 // 64), 64, 640.0, 0.05))
    assert weight == pytest.approx(0.5, abs=1e-5)


def test_the_ramp_limits_the_half_life_early_on():
    assert float(decay(tf.constant(0), 64, 10_000.0, 0.05)) == 0.0
    # After 100 steps of 64 images the half-life is 320 images, five steps.
    assert float(decay(tf.constant(100), 64, 10_000.0, 0.05)) == pytest.approx(0.5 ** (64 / 320), abs=1e-6)


def test_a_half_life_may_be_less_than_one_image():
    # After 10 steps of one image it is 5 % of them, half an image: two half-lives per step.
    assert float(decay(tf.constant(10), 1, 640.0, 0.05)) == pytest.approx(0.25)


def test_counters_are_copied_and_floats_averaged():
    averages = [keras.Variable([1.0, 2.0]), keras.Variable(1, dtype="int32")]
    update_ema(averages, [keras.Variable([3.0, 2.0]), keras.Variable(9, dtype="int32")], tf.constant(0.75))
    np.testing.assert_allclose(averages[0].numpy(), [1.5, 2.0])
    assert int(averages[1].numpy()) == 9


def test_the_average_includes_batch_norm_statistics_from_the_first_step(tiny, images):
    model = tiny(GAN)
    model.fit(images, batch_size=8, steps_per_epoch=1, verbose=0)
    names = [weight.path for weight in model.generator.weights]
    assert any("moving_mean" in name for name in names)
    for average, weight in zip(model.ema_generator.weights, model.generator.weights, strict=True):
        np.testing.assert_array_equal(average.numpy(), weight.numpy(), err_msg=weight.path)


def test_later_the_average_lags_behind_every_moving_weight(tiny, images):
    model = tiny(GAN, ema_halflife_kimg=1.0, ema_rampup=100.0)
    model.fit(images, batch_size=8, steps_per_epoch=5, verbose=0)
    for average, weight in zip(model.ema_generator.weights, model.generator.weights, strict=True):
        assert (average.numpy() != weight.numpy()).any(), weight.path
