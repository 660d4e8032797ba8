"""SNGAN: every layer of the discriminator is normalized."""

import keras
import numpy as np
import pytest
from ganzoo.zoo import SNGAN


def test_the_discriminator_is_nearly_lipschitz_after_training(tiny, images):
    model = tiny(SNGAN, n_critic=1)
    model.fit(images, batch_size=8, steps_per_epoch=20, verbose=0)
    for layer in model.discriminator.layers:
        if layer.trainable_weights:
            kernel = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1])
            u = layer.vector_u.numpy()
            v = u @ kernel.T
            estimate = np.linalg.norm(v)
            # One power iteration per call follows the largest singular value.
            assert estimate == pytest.approx(np.linalg.norm(kernel, 2), rel=0.05)


def test_defaults_are_the_papers(tiny):
    model = tiny(SNGAN)
    assert (model.loss_name, model.n_critic) == ("hinge", 5)
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert (float(optimizer.learning_rate), optimizer.beta_1, optimizer.beta_2) == (pytest.approx(2e-4), 0.0, 0.9)
    weighted = [layer for layer in model.discriminator.layers if layer.trainable_weights]
    assert {type(layer).__name__ for layer in weighted} == {"SpectralConv2D", "SpectralDense"}
