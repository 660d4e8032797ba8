"""The baseline, the policy loss and means over tokens, by hand."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import ScratchGAN, SeqGAN

# Three sequences of 2, 4 and 1 tokens: the end token counts, padding does not.
TOKENS = tf.constant([[3, 0, 0, 0], [2, 3, 2, 4], [0, 0, 0, 0]])
MASK = np.array([[1, 1, 0, 0], [1, 1, 1, 1], [1, 0, 0, 0]], np.float32)
REWARDS = np.array([[1.0, -2.0, 9.0, 9.0], [3.0, 0.5, 4.0, -1.0], [-4.0, 9.0, 9.0, 9.0]], np.float32)


def build(cls=SeqGAN, length=4, **arguments):
    discriminator = {"units": 2} if cls is ScratchGAN else {"filters": 2, "widths": (2,)}
    return cls.create((length,), {"units": 2}, discriminator, vocabulary_size=5, baseline_decay=0.75, **arguments)


def test_the_baseline_is_a_moving_average_per_position_without_its_bias():
    model = build()
    means = (REWARDS * MASK).sum(0) / MASK.sum(0)
    np.testing.assert_allclose(model.advantages(REWARDS, TOKENS), REWARDS - means, atol=1e-5)
    np.testing.assert_allclose(model.mean_rewards, 0.25 * means, atol=1e-6)
    np.testing.assert_allclose(model.reward_weights, [0.25] * 4)
    # The second batch reaches the first two positions only; the others keep their average.
    tokens = tf.constant([[2, 0, 0, 0]])
    advantages = model.advantages(tf.fill((1, 4), 6.0), tokens).numpy()
    averages = (0.75 * 0.25 * means + 0.25 * 6) / (0.75 * 0.25 + 0.25)
    np.testing.assert_allclose(advantages[0], 6 - np.where([1, 1, 0, 0], averages, means), atol=1e-5)


def test_a_shared_baseline_averages_all_tokens():
    model = build(ScratchGAN)
    mean = (REWARDS * MASK).sum() / MASK.sum()
    np.testing.assert_allclose(model.advantages(REWARDS, TOKENS), REWARDS - mean, atol=1e-5)
    assert float(model.mean_rewards.value) == pytest.approx(0.25 * mean)


def test_without_a_baseline_advantages_are_the_rewards():
    model = build(baseline=False)
    np.testing.assert_array_equal(model.advantages(tf.constant(REWARDS), TOKENS), REWARDS)
    assert float(model.reward_weights.value[0]) == 0.25


def test_positions_that_no_sequence_has_reached_have_no_baseline():
    model = build()
    advantages = model.advantages(tf.fill((1, 4), 6.0), tf.constant([[0, 0, 0, 0]])).numpy()
    np.testing.assert_allclose(advantages, [[0, 6, 6, 6]], atol=1e-5)


def test_the_policy_loss_weights_log_probabilities_and_passes_no_gradient_to_advantages():
    model, advantages = build(), tf.constant(REWARDS)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(advantages)
        logs = model.generator.log_probabilities(TOKENS)
        loss, scalars = model.policy_loss(TOKENS, advantages)
    assert float(loss) == pytest.approx(-(REWARDS * logs.numpy() * MASK).sum() / 3, rel=1e-5)
    assert float(scalars["entropy"]) == pytest.approx(-(logs.numpy() * MASK).sum() / MASK.sum(), rel=1e-5)
    assert tape.gradient(loss, advantages) is None
    variables = [variable.value for variable in model.generator.trainable_variables]
    assert tape.gradient(scalars["entropy"], variables) == [None] * len(variables)


def test_means_are_over_tokens():
    assert float(build().mean_of(REWARDS, TOKENS)) == pytest.approx((REWARDS * MASK).sum() / 7)


def test_the_contributions_of_replicas_average_to_the_mean_over_all_tokens(monkeypatch):
    model = build()
    monkeypatch.setattr(SeqGAN, "_num_replicas", 2)
    # The other replica has 13 tokens.
    monkeypatch.setattr(model, "all_reduce_sum", lambda count: count + 13)
    assert float(model.mean_of(REWARDS, TOKENS)) == pytest.approx((REWARDS * MASK).sum() / (20 / 2))
