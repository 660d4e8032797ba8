"""GAN: its losses, label smoothing, and networks that are refused."""

import keras
import numpy as np
import pytest
from ganzoo.zoo import GAN


@pytest.mark.parametrize("loss", ["non_saturating", "minimax", "least_squares", "hinge"])
def test_each_loss_trains_and_is_logged(tiny, images, loss):
    model = tiny(GAN, loss=loss)
    history = model.fit(images, batch_size=8, steps_per_epoch=2, verbose=0).history
    assert set(history) == {"d_loss", "g_loss", "real_logits", "fake_logits", "d_accuracy"}
    assert all(np.isfinite(values).all() for values in history.values())
    assert 0 <= history["d_accuracy"][0] <= 1


def test_logged_losses_equal_the_formulas(tiny, images):
    """In the first step the logits are near 0, where the losses are 2 ln 2 and ln 2."""
    history = tiny(GAN).fit(images, batch_size=8, steps_per_epoch=1, verbose=0).history
    assert history["d_loss"][0] == pytest.approx(2 * np.log(2), abs=0.02)
    assert history["g_loss"][0] == pytest.approx(np.log(2), abs=0.02)


def test_the_discriminator_learns_to_separate_real_from_fake(tiny):
    model = tiny(GAN, compiled=False)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.Adam(1e-2))
    ones = np.ones((64, 8, 8, 1), "float32")
    history = model.fit(ones, batch_size=32, epochs=2, steps_per_epoch=30, verbose=0).history
    assert history["d_loss"][1] < history["d_loss"][0]
    assert history["d_accuracy"][1] == 1.0
    assert history["real_logits"][1] > 0 > history["fake_logits"][1]


@pytest.mark.parametrize("smoothing", [-0.1, 0.5, 1.5, "much"])
def test_label_smoothing_out_of_range_is_refused(tiny, smoothing):
    with pytest.raises(ValueError, match="label_smoothing: received"):
        tiny(GAN, label_smoothing=smoothing)


def test_label_smoothing_is_refused_for_a_loss_without_targets(tiny):
    with pytest.raises(ValueError, match="no target to smooth"):
        tiny(GAN, loss="hinge", label_smoothing=0.1)


def test_an_unknown_loss_is_refused(tiny):
    with pytest.raises(ValueError, match="loss: received 'saturated', expected"):
        tiny(GAN, loss="saturated")


def test_a_discriminator_that_ends_in_probabilities_is_refused():
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, "sigmoid")])
    with pytest.raises(ValueError, match="ends in sigmoid, expected logits"):
        GAN(generator, discriminator)


def test_networks_that_do_not_fit_each_other_are_refused():
    generator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    discriminator = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"samples of shape \(2,\), expected \(3,\)"):
        GAN(generator, discriminator)
