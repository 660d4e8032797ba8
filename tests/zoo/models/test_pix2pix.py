"""Pix2Pix: its losses on networks with known outputs, and translation of images of any size."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import Pix2Pix

SHAPE = (4, 4, 1)


def shift(amount):
    """Returns a generator that adds an amount."""
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, keras.layers.Rescaling(1.0, amount)(inputs))


def weighted_mean():
    """Returns a discriminator whose logit is the mean of an image plus twice its source image."""
    image, source = keras.Input(SHAPE), keras.Input(SHAPE)
    total = keras.layers.Add()([image, keras.layers.Rescaling(2.0)(source)])
    return keras.Model([image, source], keras.layers.GlobalAveragePooling2D(keepdims=True)(total))


BATCH = {"x": tf.fill((2, *SHAPE), 0.25), "y": tf.fill((2, *SHAPE), 0.5)}


def softplus(value):
    return math.log1p(math.exp(value))


def test_both_losses_equal_the_papers():
    model = Pix2Pix(shift(0.1), weighted_mean(), l1_weight=100.0)
    fakes = model.generate_fakes(BATCH)
    loss, logs = model.generator_objective(BATCH, fakes)
    assert float(logs["l1_loss"]) == pytest.approx(0.15, abs=1e-6)
    # The fake is 0.35 and its source 0.25, so the logit is 0.35 + 2 * 0.25.
    assert float(loss) == pytest.approx(softplus(-0.85) + 15, abs=1e-4)
    loss, logs = model.discriminator_objective(BATCH, fakes)
    assert float(logs["real_logits"]) == pytest.approx(1.0, abs=1e-6)
    assert float(logs["fake_logits"]) == pytest.approx(0.85, abs=1e-6)
    # The real logit is on its side of 0, the fake one is not.
    assert float(logs["d_accuracy"]) == 0.5
    assert float(loss) == pytest.approx(softplus(-1.0) + softplus(0.85), abs=1e-5)


def test_the_distance_has_no_sign():
    model = Pix2Pix(shift(0.45), weighted_mean(), l1_weight=2.0)
    _, logs = model.generator_objective(BATCH, model.generate_fakes(BATCH))
    assert float(logs["l1_loss"]) == pytest.approx(0.2, abs=1e-6)


def test_an_unconditional_discriminator_and_a_negative_weight_are_refused():
    inputs = keras.Input(SHAPE)
    unconditional = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs))
    with pytest.raises(
        ValueError,
        match="discriminator: received one for images of .* expected .* the generator's output and its input",
    ):
        Pix2Pix(shift(0), unconditional)
    with pytest.raises(ValueError, match="l1_weight: received -1"):
        Pix2Pix(shift(0), weighted_mean(), l1_weight=-1)


def test_training_reduces_the_distance_to_the_targets():
    small = {"network": "unet", "width": 8, "dropout": 0.0}
    model = Pix2Pix.create((8, 8, 1), small, {"network": "patch", "width": 4, "depth": 1})
    model.compile(keras.optimizers.Adam(2e-3, beta_1=0.5), keras.optimizers.Adam(2e-3, beta_1=0.5))
    x = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
    before = float(abs(model.translate(x) - 0.5 * x).mean())
    model.fit(x, 0.5 * x, batch_size=16, steps_per_epoch=150, verbose=0)
    assert float(abs(model.translate(x) - 0.5 * x).mean()) < 0.6 * before
    with pytest.raises(ValueError, match="to: received 'x', expected one of \\['y'\\]"):
        model.translate(x, to="x")


def test_translates_other_sizes_and_refuses_other_shapes_and_ranges():
    small = {"network": "unet", "width": 2}
    model = Pix2Pix.create((8, 8, 1), small, {"network": "patch", "width": 2, "depth": 1})
    images = np.random.default_rng(0).integers(0, 256, (3, 21, 13, 1), dtype=np.uint8)
    translated = model.translate(images, batch_size=2)
    assert translated.shape == (3, 21, 13, 1)
    np.testing.assert_allclose(translated[2:], model.translate(images[2:]), atol=1e-6)
    np.testing.assert_allclose(translated, model.translate(images / 127.5 - 1), atol=1e-5)
    training_size = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)
    np.testing.assert_allclose(
        model.translate(training_size), model((training_size / 127.5 - 1).astype("float32")), atol=1e-5
    )
    for wrong in (images[..., 0], np.zeros((1, 8, 8, 3)), np.full((1, 8, 8, 1), 2.0), images[:0]):
        with pytest.raises(ValueError, match="images: received"):
            model.translate(wrong)
