"""Returns by hand."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ScratchGAN


def tiny(**arguments):
    return ScratchGAN.create((4,), {"units": 2}, {"units": 2}, vocabulary_size=5, **arguments)


def test_returns_are_discounted_sums_of_later_rewards():
    rewards = tf.constant([[1.0, -1.0, 0.5, 1.0]])
    model = tiny(discount=0.5, ends=False)
    # From the end: 1; 0.5 + 1/2; -1 + 1/2; 1 - 0.5/2.
    np.testing.assert_allclose(model.returns(rewards, tf.constant([[1, 2, 3, 4]])), [[0.75, -0.5, 1.0, 1.0]])
    np.testing.assert_allclose(tiny(discount=0.0, ends=False).returns(rewards, tf.zeros((1, 4), tf.int32)), rewards)


def test_what_comes_after_an_end_earns_nothing():
    rewards = tf.constant([[1.0, -1.0, 0.5, 1.0]])
    # The end itself, at the second position, is a token like others.
    found = tiny(discount=0.5).returns(rewards, tf.constant([[3, 0, 0, 0]]))
    np.testing.assert_allclose(found, [[0.5, -1.0, 0.0, 0.0]])


REAL, FAKES = tf.constant([[1, 2, 3, 4], [2, 0, 0, 0]]), tf.constant([[0, 0, 0, 0], [3, 3, 0, 0]])
# What the discriminator says of the tokens of real and of generated sequences; of padding it says what it likes.
SAID = {
    "real": np.array([[1.0, 2.0, -1.0, 0.5], [0.0, -2.0, 9.0, 9.0]], np.float32),
    "fakes": np.array([[-1.0, 9.0, 9.0, 9.0], [0.5, 1.5, -0.5, 9.0]], np.float32),
}
OWN = {"real": np.array([1.0, 2.0, -1.0, 0.5, 0.0, -2.0]), "fakes": np.array([-1.0, 0.5, 1.5, -0.5])}


def spoken(monkeypatch, **arguments):
    model = tiny(**arguments)
    monkeypatch.setattr(
        model, "discriminate", lambda tokens, training=True: tf.constant(SAID["real" if tokens is REAL else "fakes"])
    )
    return model


def test_the_discriminator_learns_from_each_token_that_belongs_to_its_sequence(monkeypatch):
    loss, logs = spoken(monkeypatch).discriminator_objective({"tokens": REAL}, FAKES)
    expected = np.log1p(np.exp(-OWN["real"])).mean() + np.log1p(np.exp(OWN["fakes"])).mean()
    assert float(loss) == pytest.approx(expected, rel=1e-5)
    assert float(logs["real_logits"]) == pytest.approx(OWN["real"].mean())
    assert float(logs["fake_logits"]) == pytest.approx(OWN["fakes"].mean())


def test_the_generator_earns_by_tokens_less_one_mean_of_all_returns(monkeypatch):
    model, found = spoken(monkeypatch, discount=0.5), {}
    usual = model.policy_loss
    monkeypatch.setattr(
        model, "policy_loss", lambda tokens, gained: found.update(gained=gained) or usual(tokens, gained)
    )
    _, logs = model.generator_objective({}, FAKES)
    # 2 D - 1 is the hyperbolic tangent of half a logit.
    rewards = np.tanh(OWN["fakes"] / 2)
    assert float(logs["reward"]) == pytest.approx(rewards.mean(), rel=1e-5)
    first, second, third, last = rewards
    returns = np.array([first, second + third / 2 + last / 4, third + last / 2, last])
    gained = found["gained"].numpy()
    np.testing.assert_allclose(gained[[0, 1, 1, 1], [0, 0, 1, 2]], returns - returns.mean(), atol=1e-6)


def test_one_logit_a_sequence_is_refused():
    with pytest.raises(ValueError, match=r"discriminator: received one of logits \(None, 1\), expected \(None, 4\)"):
        ScratchGAN.create((4,), {"units": 2}, {"network": "text_cnn", "filters": 2}, vocabulary_size=5)
