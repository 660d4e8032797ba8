"""Importance weights by hand."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import MaliGAN

LOGITS = np.array([0.0, 1.0, -2.0, 9.0], np.float32)


def weights_of(monkeypatch, **arguments):
    """The weights that a model gives to four sequences whose discriminator says `LOGITS`."""
    model = MaliGAN.create((3,), {"units": 2}, {"filters": 2, "widths": (2,)}, vocabulary_size=5, **arguments)
    found = {}
    monkeypatch.setattr(model, "discriminate", lambda tokens, training: tf.constant(LOGITS)[:, tf.newaxis])
    monkeypatch.setattr(model, "policy_loss", lambda tokens, weights: (found.update(weights=weights), {}))
    model.generator_objective({}, tf.ones((4, 3), tf.int32))
    return found["weights"].numpy()


def test_weights_are_density_ratios_without_their_mean(monkeypatch):
    # D / (1 - D) is exp(logit), 0.95 / 0.05 at most.
    ratios = np.exp(np.minimum(LOGITS, np.log(19)))
    weights = weights_of(monkeypatch)
    np.testing.assert_allclose(weights[:, 0], 4 * ratios / ratios.sum() - 1, rtol=1e-4)
    np.testing.assert_allclose(weights.sum(0), 0, atol=1e-5)
    np.testing.assert_array_equal(weights, np.repeat(weights[:, :1], 3, axis=1))


def test_without_a_baseline_every_weight_is_positive(monkeypatch):
    weights = weights_of(monkeypatch, baseline=False, most_real=0.5)
    np.testing.assert_allclose(weights[:, 0].sum(), 4, rtol=1e-5)
    assert (weights > 0).all()
    # From 0.5 on all count the same.
    assert weights[0, 0] == weights[1, 0] == weights[3, 0]


def test_a_cap_of_certainty_is_refused():
    with pytest.raises(ValueError, match="most_real: received 1.0"):
        MaliGAN.create((3,), {"units": 2}, {"filters": 2, "widths": (2,)}, vocabulary_size=5, most_real=1.0)
