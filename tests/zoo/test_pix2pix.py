"""Pix2Pix's losses on networks whose answers are known."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import Pix2Pix

SHAPE = (4, 4, 1)


def shift(amount):
    """A generator that adds an amount."""
    inputs = keras.Input(SHAPE)
    return keras.Model(inputs, keras.layers.Rescaling(1.0, amount)(inputs))


def comparing():
    """A discriminator whose logit is the mean of picture plus twice what it is made from."""
    picture, source = keras.Input(SHAPE), keras.Input(SHAPE)
    total = keras.layers.Add()([picture, keras.layers.Rescaling(2.0)(source)])
    return keras.Model([picture, source], keras.layers.GlobalAveragePooling2D(keepdims=True)(total))


BATCH = {"x": tf.fill((2, *SHAPE), 0.25), "y": tf.fill((2, *SHAPE), 0.5)}


def softplus(value):
    return math.log1p(math.exp(value))


def test_both_losses_are_the_papers():
    model = Pix2Pix(shift(0.1), comparing(), l1_weight=100.0)
    fakes = model.synthesise(BATCH)
    loss, logs = model.generator_objective(BATCH, fakes)
    assert float(logs["l1_loss"]) == pytest.approx(0.15, abs=1e-6)
    # The fake is 0.35, beside its source 0.25: a logit of 0.85.
    assert float(loss) == pytest.approx(softplus(-0.85) + 15, abs=1e-4)
    loss, logs = model.discriminator_objective(BATCH, fakes)
    assert float(logs["real_logits"]) == pytest.approx(1.0, abs=1e-6)
    assert float(loss) == pytest.approx(softplus(-1.0) + softplus(0.85), abs=1e-5)


def test_a_discriminator_of_one_picture_is_refused():
    inputs = keras.Input(SHAPE)
    blind = keras.Model(inputs, keras.layers.Conv2D(1, 1)(inputs))
    with pytest.raises(ValueError, match="discriminator: received one for pictures of .* expected .* made from"):
        Pix2Pix(shift(0), blind)
    with pytest.raises(ValueError, match="l1_weight: received -1"):
        Pix2Pix(shift(0), comparing(), l1_weight=-1)


def test_it_learns_to_darken(tiny):
    small = {"network": "unet", "width": 8, "dropout": 0.0}
    model = Pix2Pix.create((8, 8, 1), small, {"network": "patch", "width": 4, "depth": 1})
    model.compile(keras.optimizers.Adam(2e-3, beta_1=0.5), keras.optimizers.Adam(2e-3, beta_1=0.5))
    x = np.random.default_rng(0).uniform(-1, 1, (64, 8, 8, 1)).astype("float32")
    before = float(abs(model.translate(x) - 0.5 * x).mean())
    model.fit(x, 0.5 * x, batch_size=16, steps_per_epoch=150, verbose=0)
    assert float(abs(model.translate(x) - 0.5 * x).mean()) < 0.6 * before
    with pytest.raises(ValueError, match="to: received 'x', expected one of \\['y'\\]"):
        model.translate(x, to="x")


def test_pictures_of_other_sizes_and_ranges():
    small = {"network": "unet", "width": 2}
    model = Pix2Pix.create((8, 8, 1), small, {"network": "patch", "width": 2, "depth": 1})
    pictures = np.random.default_rng(0).integers(0, 256, (3, 21, 13, 1), dtype=np.uint8)
    answer = model.translate(pictures, batch_size=2)
    assert answer.shape == (3, 21, 13, 1)
    np.testing.assert_allclose(answer[2:], model.translate(pictures[2:]), atol=1e-6)
    np.testing.assert_allclose(answer, model.translate(pictures / 127.5 - 1), atol=1e-5)
    own = np.random.default_rng(1).integers(0, 256, (2, 8, 8, 1), dtype=np.uint8)
    np.testing.assert_allclose(model.translate(own), model((own / 127.5 - 1).astype("float32")), atol=1e-5)
    for wrong in (pictures[..., 0], np.zeros((1, 8, 8, 3)), np.full((1, 8, 8, 1), 2.0), pictures[:0]):
        with pytest.raises(ValueError, match="images: received"):
            model.translate(wrong)
