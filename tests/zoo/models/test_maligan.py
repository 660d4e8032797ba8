"""Importance weights, computed by hand."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import MaliGAN

LOGITS = np.array([0.0, 1.0, -2.0, 9.0], np.float32)


def weights_of(monkeypatch, **arguments):
    """The weights of four sequences to which the discriminator assigns `LOGITS`."""
    model = MaliGAN.create((3,), {"units": 2}, {"filters": 2, "widths": (2,)}, vocabulary_size=5, **arguments)
    results = {}
    monkeypatch.setattr(model, "discriminate", lambda samples, batch, training: tf.constant(LOGITS)[:, tf.newaxis])
    monkeypatch.setattr(model, "policy_loss", lambda tokens, weights: (results.update(weights=weights), {}))
    model.generator_objective({}, tf.ones((4, 3), tf.int32))
    return results["weights"].numpy()


def test_weights_are_density_ratios_without_their_mean(monkeypatch):
    # D / (1 - D) is exp(logit), 0.95 / 0.05 at most.
    ratios = np.exp(np.minimum(LOGITS, np.log(19)))
    weights = weights_of(monkeypatch)
    np.testing.assert_allclose(weights[:, 0], 4 * ratios / ratios.sum() - 1, rtol=1e-4)
    np.testing.assert_allclose(weights.sum(0), 0, atol=1e-5)
    np.testing.assert_array_equal(weights, np.repeat(weights[:, :1], 3, axis=1))


def test_without_a_baseline_every_weight_is_positive(monkeypatch):
    weights = weights_of(monkeypatch, baseline=False, max_real_probability=0.5)
    np.testing.assert_allclose(weights[:, 0].sum(), 4, rtol=1e-5)
    assert (weights > 0).all()
    # All probabilities above 0.5 get the same weight.
    assert weights[0, 0] == weights[1, 0] == weights[3, 0]


def test_a_maximal_probability_of_1_is_refused():
    with pytest.raises(ValueError, match="max_real_probability: received 1.0"):
        MaliGAN.create((3,), {"units": 2}, {"filters": 2, "widths": (2,)}, vocabulary_size=5, max_real_probability=1.0)


def test_the_logged_reward_is_the_mean_ratio(monkeypatch):
    model = MaliGAN.create((3,), {"units": 2}, {"filters": 2, "widths": (2,)}, vocabulary_size=5)
    # The mean over several logits of a sequence.
    logits = tf.stack([LOGITS - 1, LOGITS + 1], axis=1)
    monkeypatch.setattr(model, "discriminate", lambda samples, batch, training: logits)
    _, logs = model.generator_objective({}, tf.ones((4, 3), tf.int32))
    assert set(logs) == {"reward", "entropy"}
    assert float(logs["reward"]) == pytest.approx(np.exp(np.minimum(LOGITS, np.log(19))).mean(), rel=1e-5)
