"""`DiscriminatorReward`, `PlaceboReward` and sums of rewards, compared with NumPy."""

import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import DiscriminatorReward, PlaceboReward

LOGITS = [[0.0, 2.0], [-1.0, 50.0]]
TOKENS = tf.constant([[2, 3, 0, 0], [4, 0, 0, 0]])


def discriminate(tokens, training):
    assert not training, "rewards must not depend on dropout"
    return tf.constant(LOGITS)


@pytest.mark.parametrize(
    ("transform", "function"),
    [
        ("probability", lambda d: d),
        ("log", np.log),
        ("jensen_shannon", lambda d: -np.log(1 - d)),
    ],
)
def test_transforms_of_the_discriminators_probability(transform, function):
    logits = np.array(LOGITS)
    expected = np.log1p(np.exp(logits)) if transform == "jensen_shannon" else function(1 / (1 + np.exp(-logits)))
    np.testing.assert_allclose(function(1 / (1 + np.exp(-logits[0]))), expected[0])
    rewards = DiscriminatorReward(transform).compute_reward(TOKENS, discriminate)
    # At a logit of 50, 1 - D is 0 in float32.
    np.testing.assert_allclose(rewards, expected.mean(axis=1), rtol=1e-5)


def test_a_reward_without_weights_counts_as_built():
    """Otherwise Keras warns that a model file with it is incomplete."""
    assert DiscriminatorReward().built


def test_the_placebo_is_constant():
    np.testing.assert_array_equal(PlaceboReward(-2.5).compute_reward(TOKENS, discriminate), [-2.5, -2.5])


def test_rewards_are_added_and_multiplied():
    probabilities = 1 / (1 + np.exp(-np.array(LOGITS)))
    reward = 0.5 * (DiscriminatorReward() + PlaceboReward(3.0)) + PlaceboReward() * 2
    np.testing.assert_allclose(
        reward.compute_reward(TOKENS, discriminate), 0.5 * (probabilities.mean(axis=1) + 3) + 2, rtol=1e-6
    )
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(reward)))
    copy = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(
        copy.compute_reward(TOKENS, discriminate), reward.compute_reward(TOKENS, discriminate)
    )
