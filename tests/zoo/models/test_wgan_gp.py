"""WGANGP: the paper's defaults, and the penalty in the critic's loss."""

import keras
import numpy as np
import pytest
from ganzoo.zoo import WGANGP


def linear_model(slope, **arguments):
    """Returns a model with samples (batch, 2), the critic D(x) = slope * x_0, and a generator of zeros."""
    latents, samples = keras.Input((2,)), keras.Input((2,))
    zeros = keras.layers.Dense(2, kernel_initializer="zeros")(latents)
    critic = keras.layers.Dense(1, use_bias=False, kernel_initializer=keras.initializers.Constant([[slope], [0.0]]))
    return WGANGP(keras.Model(latents, zeros), keras.Model(samples, critic(samples)), **arguments), critic


def test_the_loss_has_the_penalty_of_the_critics_slope():
    model, critic = linear_model(3.0, n_critic=1)
    model.compile(keras.optimizers.SGD(0.0), keras.optimizers.SGD(0.01))
    real = np.full((8, 2), 0.5, "float32")
    history = model.fit(real, batch_size=8, steps_per_epoch=1, verbose=0).history
    # E[D(x)] is 1.5, E[D(G(z))] is 0, and the norm of the gradient is 3 everywhere.
    assert history["wasserstein"] == [pytest.approx(1.5)]
    assert history["gradient_penalty"] == [pytest.approx((3 - 1) ** 2)]
    assert history["d_loss"] == [pytest.approx(-1.5 + 10 * 4)]
    # The slope of 10 (s - 1)^2 - 0.5 s at 3; and the other component, of real samples only.
    np.testing.assert_allclose(critic.kernel.numpy()[:, 0], [3 - 0.01 * (40 - 0.5), 0.01 * 0.5], rtol=1e-5)


def test_defaults_are_the_papers(tiny):
    model = tiny(WGANGP)
    assert model.n_critic == 5
    assert [(each.name, each.weight, each.every) for each in model.regularizers] == [("gradient_penalty", 10.0, 1)]
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert (float(optimizer.learning_rate), optimizer.beta_1, optimizer.beta_2) == (pytest.approx(1e-4), 0.0, 0.9)
    names = {type(layer).__name__ for layer in WGANGP.create((16, 16, 1)).discriminator.layers}
    assert not {name for name in names if "Normalization" in name or "Spectral" in name}


def test_other_losses_are_refused():
    with pytest.raises(ValueError, match="loss: received 'hinge', expected one of \\['wasserstein'\\]: WGANGP's own"):
        linear_model(1.0, loss="hinge")
