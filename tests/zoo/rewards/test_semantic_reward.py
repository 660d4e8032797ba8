"""`SemanticReward` and its word vectors, compared with NumPy."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import SemanticReward
from ganzoo.zoo.rewards.semantic_reward import cooccurrence_vectors, make_semantic_reward

VOCABULARY = ["cat", "dog", "sun", "sea"]
# Texts of cats and dogs, texts of the sun and the sea, and one of unknown words.
CORPUS = np.array([[2, 3, 2, 3], [2, 3, 0, 0], [4, 5, 4, 0], [5, 4, 0, 0], [1, 1, 0, 0]], np.int32)


def test_the_reward_is_a_cosine_of_means():
    reward = SemanticReward(4, 2, True)
    reward.vectors.assign([[9, 9], [0, 0], [1, 0], [0, 1]])
    reward.topic.assign([2, 0])
    tokens = tf.constant([[2, 2, 2], [3, 3, 3], [2, 3, 2], [1, 1, 1]])
    np.testing.assert_allclose(reward.compute_reward(tokens, None), [1, 0, 2 / 5**0.5, 0], atol=1e-6)


def test_each_unknown_word_is_at_right_angles_to_everything():
    reward = SemanticReward(4, 2, True)
    reward.vectors.assign([[0, 0], [0, 0], [1, 0], [0, 1]])
    reward.topic.assign([3, 0])
    tokens = tf.constant([[2, 1, 1, 1], [2, 2, 1, 0], [3, 1, 0, 1], [2, 3, 1, 1], [1, 1, 1, 1], [2, 0, 1, 1]])
    # The topic's word with three unknown ones: 1 / sqrt(1 + 3); twice with one: 2 / sqrt(4 + 1); after the end: none.
    np.testing.assert_allclose(reward.compute_reward(tokens, None), [0.5, 2 / 5**0.5, 0, 0.5, 0, 1], atol=1e-6)


def test_eos_does_not_affect_the_topic():
    reward = make_semantic_reward(CORPUS, 6, True, VOCABULARY, topic="Cat")
    tokens = tf.constant([[2, 0, 4, 4], [2, 0, 0, 0], [0, 4, 4, 4]])
    np.testing.assert_allclose(reward.compute_reward(tokens, None), [1, 1, 0], atol=1e-5)


def test_co_occurring_words_are_similar():
    reward = make_semantic_reward(CORPUS, 6, True, VOCABULARY, topic="sun, sea!")
    rewards = reward.compute_reward(tf.constant([[4, 5, 4, 5], [5, 4, 0, 0], [2, 3, 0, 0], [1, 1, 1, 1]]), None)
    np.testing.assert_allclose(rewards, [1, 1, 0, 0], atol=1e-4)


def test_vectors_have_the_inner_products_of_pointwise_mutual_information():
    corpus = np.random.default_rng(0).integers(0, 7, (40, 8))
    counts = np.zeros((7, 7))
    for row in corpus.tolist():
        words = row[: row.index(0)] if 0 in row else row
        for first, second in itertools.permutations(range(len(words)), 2):
            if abs(first - second) <= 5 and words[first] > 1 and words[second] > 1:
                counts[words[first], words[second]] += 1 / abs(first - second)
    sums = counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        pmi = np.nan_to_num(np.log(counts * counts.sum() / np.outer(sums, sums)), nan=0, neginf=0).clip(0)
    products = pmi @ pmi
    norms = np.sqrt(np.diag(products)).clip(1e-9)
    vectors = cooccurrence_vectors(corpus, 7, True, 6)
    np.testing.assert_allclose(vectors @ vectors.T, products / np.outer(norms, norms), atol=1e-4)
    assert not vectors[:2].any()
    assert cooccurrence_vectors(corpus, 7, True, 10).shape == (7, 6)


def test_without_an_end_token_every_token_is_a_word():
    corpus = np.tile(np.array([[0, 1], [2, 3], [3, 2], [1, 0]]), (5, 1))
    vectors = cooccurrence_vectors(corpus, 5, False, 4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 1, 1, 0], atol=1e-5)
    # Tokens 0 and 1 occur only with each other, and so do 2 and 3.
    np.testing.assert_allclose(vectors[:2] @ vectors[2:].T, 0, atol=1e-5)
    reward = make_semantic_reward(corpus, 5, False, ["a", "b", "c"], topic="a", dim=4)
    # Token 0 is no end; token 1 stands for unknown words.
    rewards = reward.compute_reward(tf.constant([[2, 2], [0, 2], [1, 2]]), None)
    np.testing.assert_allclose(rewards, [1, 0.5**0.5, 1 / np.linalg.norm([*(vectors[1] + vectors[2]), 1])], atol=1e-5)


def test_vectors_have_32_dimensions_by_default_and_are_not_trained():
    corpus = np.random.default_rng(0).integers(2, 60, (200, 8))
    reward = make_semantic_reward(corpus, 60, True, [f"w{number}" for number in range(58)], topic="w3")
    assert reward.vectors.shape == (60, 32)
    assert not reward.trainable_variables


def test_unknown_words_of_a_topic_are_left_out():
    reward, other = (make_semantic_reward(CORPUS, 6, True, VOCABULARY, topic=topic) for topic in ("zebra cat", "cat"))
    np.testing.assert_array_equal(reward.topic, other.topic)
    for vocabulary, topic in ((VOCABULARY, "zebra"), (None, "cat")):
        with pytest.raises(ValueError, match=f"model.reward.topic: received '{topic}', expected words"):
            make_semantic_reward(CORPUS, 6, True, vocabulary, topic=topic)
