"""`SemanticReward` and its word vectors, compared with NumPy."""

import itertools

import numpy as np
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
