"""Returns and losses, computed by hand."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ScratchGAN


def tiny(**arguments):
    return ScratchGAN.create((4,), {"units": 2}, {"units": 2}, vocabulary_size=5, **arguments)


def test_returns_are_discounted_sums_of_later_rewards():
    rewards = tf.constant([[1.0, -1.0, 0.5, 1.0]])
    model = tiny(discount=0.5, has_eos=False)
    # From the end: 1; 0.5 + 1/2; -1 + 1/2; 1 - 0.5/2.
    np.testing.assert_allclose(model.returns(rewards, tf.constant([[1, 2, 3, 4]])), [[0.75, -0.5, 1.0, 1.0]])
    np.testing.assert_allclose(tiny(discount=0.0, has_eos=False).returns(rewards, tf.zeros((1, 4), tf.int32)), rewards)


def test_tokens_after_eos_get_no_reward():
    rewards = tf.constant([[1.0, -1.0, 0.5, 1.0]])
    # The EOS token itself, at the second position, counts.
    returns = tiny(discount=0.5).returns(rewards, tf.constant([[3, 0, 0, 0]]))
    np.testing.assert_allclose(returns, [[0.5, -1.0, 0.0, 0.0]])


REAL, FAKES = tf.constant([[1, 2, 3, 4], [2, 0, 0, 0]]), tf.constant([[0, 0, 0, 0], [3, 3, 0, 0]])
# Logits of the tokens of real and of generated sequences, including arbitrary ones of padding.
LOGITS = {
    "real": np.array([[1.0, 2.0, -1.0, 0.5], [0.0, -2.0, 9.0, 9.0]], np.float32),
    "fakes": np.array([[-1.0, 9.0, 9.0, 9.0], [0.5, 1.5, -0.5, 9.0]], np.float32),
}
LOGITS_OF_TOKENS = {"real": np.array([1.0, 2.0, -1.0, 0.5, 0.0, -2.0]), "fakes": np.array([-1.0, 0.5, 1.5, -0.5])}


def with_logits(monkeypatch, **arguments):
    model = tiny(**arguments)
    monkeypatch.setattr(
        model,
        "discriminate",
        lambda samples, batch, training: tf.constant(LOGITS["real" if samples is REAL else "fakes"]),
    )
    return model


def test_the_discriminator_loss_averages_over_tokens_that_belong_to_their_sequence(monkeypatch):
    loss, logs = with_logits(monkeypatch).discriminator_objective({"tokens": REAL}, FAKES)
    expected = np.log1p(np.exp(-LOGITS_OF_TOKENS["real"])).mean() + np.log1p(np.exp(LOGITS_OF_TOKENS["fakes"])).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(logs["real_logits"]) == pytest.approx(LOGITS_OF_TOKENS["real"].mean())
    assert float(logs["fake_logits"]) == pytest.approx(LOGITS_OF_TOKENS["fakes"].mean())


def test_advantages_are_returns_minus_the_mean_of_all_returns(monkeypatch):
    model, results = with_logits(monkeypatch, discount=0.5), {}
    policy_loss = model.policy_loss
    monkeypatch.setattr(
        model,
        "policy_loss",
        lambda tokens, advantages: results.update(advantages=advantages) or policy_loss(tokens, advantages),
    )
    _, logs = model.generator_objective({}, FAKES)
    # 2 D - 1 is the hyperbolic tangent of half a logit.
    rewards = np.tanh(LOGITS_OF_TOKENS["fakes"] / 2)
    assert set(logs) == {"reward", "entropy"}
    assert float(logs["reward"]) == pytest.approx(rewards.mean(), rel=1e-5)
    first, second, third, last = rewards
    returns = np.array([first, second + third / 2 + last / 4, third + last / 2, last])
    advantages = results["advantages"].numpy()
    np.testing.assert_allclose(advantages[[0, 1, 1, 1], [0, 0, 1, 2]], returns - returns.mean(), atol=1e-6)


def test_one_logit_per_sequence_is_refused():
    with pytest.raises(ValueError, match=r"discriminator: received logits of shape \(None, 1\), expected \(None, 4\)"):
        ScratchGAN.create((4,), {"units": 2}, {"network": "text_cnn", "filters": 2}, vocabulary_size=5)
