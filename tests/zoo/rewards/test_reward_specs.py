"""Rewards that are specified in recipes."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import SeqGAN
from ganzoo.zoo.rewards.reward import RewardSum
from ganzoo.zoo.rewards.reward_specs import build_reward

VOCABULARY = ["cat", "dog", "sun", "sea"]
# Texts of cats and dogs, texts of the sun and the sea, and one of unknown words.
CORPUS = np.array([[2, 3, 2, 3], [2, 3, 0, 0], [4, 5, 4, 0], [5, 4, 0, 0], [1, 1, 0, 0]], np.int32)
TOKENS = tf.constant([[2, 3, 0, 0], [4, 0, 0, 0]])


def built(specification, corpus=CORPUS, vocabulary=VOCABULARY):
    return build_reward(specification, corpus, 6, True, vocabulary)


def test_recipes_specify_rewards_and_weights():
    assert built("discriminator").transform == "probability"
    assert built({"kind": "discriminator", "transform": "log"}).transform == "log"
    parts = [{"kind": "placebo", "value": 2, "weight": 3}, "placebo", {"kind": "bleu", "order": 1, "weight": -1}]
    reward = built(parts)
    assert isinstance(reward, RewardSum)
    # One text is a reference. The other has one known word, and the nearest reference length is two.
    np.testing.assert_allclose(reward.compute_reward(TOKENS, None), [3 * 2 + 1 - 1, 3 * 2 + 1 - np.exp(-1)], atol=1e-6)
    np.testing.assert_allclose(built({"kind": "placebo", "weight": 0.25}).compute_reward(TOKENS, None), 0.25)


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("blue", "model.reward.kind: received 'blue', expected one of .*did you mean 'bleu'"),
        ({"transform": "log"}, "model.reward.kind: received None"),
        ({"kind": "discriminator", "transform": "odds"}, "model.reward.transform: received 'odds'"),
        ({"kind": "bleu", "ordre": 2}, "model.reward.ordre: unknown argument.*did you mean 'order'"),
        ({"kind": "bleu", "order": 5}, "model.reward.order: received 5"),
        ({"kind": "bleu", "corpus": []}, "model.reward.corpus: unknown argument"),
        ({"kind": "placebo", "weight": "much"}, "model.reward.weight: received 'much', expected a finite number"),
        ({"kind": "placebo", "weight": True}, "model.reward.weight: received True, expected a finite number"),
        ({"kind": "semantic"}, "model.reward.topic"),
        ({"kind": "semantic", "topic": "justice"}, "model.reward.topic: received 'justice', expected words"),
    ],
)
def test_invalid_rewards_are_refused_in_one_line(specification, message):
    with pytest.raises(ValueError, match=message) as caught:
        built(specification)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["bleu", "semantic"])
def test_rewards_computed_from_texts_need_texts(kind):
    specification = {"kind": kind} | ({"topic": "a"} if kind == "semantic" else {})
    with pytest.raises(ValueError, match=f"model.reward: received '{kind}' without training texts"):
        built(specification, corpus=None)
    with pytest.raises(ValueError, match="model.reward.topic: received 'cat', expected words"):
        built({"kind": "semantic", "topic": "cat"}, vocabulary=None)


def test_a_reward_is_saved_with_its_model(tmp_path):
    reward = ["discriminator", {"kind": "bleu", "weight": 0.5}, {"kind": "semantic", "topic": "cat", "weight": 2}]
    small = {"units": 4}, {"filters": 2, "widths": (2,)}
    model = SeqGAN.create((4,), *small, vocabulary=VOCABULARY, corpus=CORPUS, reward=reward, rollouts=1)
    model.compile()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    rewards = model.reward.compute_reward(TOKENS, model.logits_of_tokens)
    assert rewards[0] > rewards[1] + 1
    np.testing.assert_array_equal(loaded.reward.compute_reward(TOKENS, loaded.logits_of_tokens), rewards)


@pytest.mark.parametrize("wrong", [5, [], [5], True, {"kind": ["bleu"]}])
def test_invalid_specifications_are_refused(wrong):
    with pytest.raises(ValueError, match="model.reward.*received"):
        build_reward(wrong, None, 5, True, None)


def test_weights_must_be_finite_and_words_must_co_occur():
    with pytest.raises(ValueError, match="model.reward.weight: received nan"):
        build_reward({"kind": "placebo", "weight": float("nan")}, None, 5, True, None)
    alone = np.array([[2], [3]], np.int32)
    with pytest.raises(ValueError, match="no two known words co-occur"):
        build_reward({"kind": "semantic", "topic": "a"}, alone, 4, True, ["a", "b"])
