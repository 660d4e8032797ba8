"""`BLEUReward`, compared with NLTK."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.rewards.bleu_reward import make_bleu_reward
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

CORPUS = np.array([[2, 3, 2, 3], [2, 3, 0, 0], [4, 5, 4, 0], [5, 4, 0, 0], [1, 1, 0, 0]], np.int32)


def random_texts(num_samples, longest, words, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, words, rng.integers(0, longest + 1)).tolist() for _ in range(num_samples)]


def padded(texts, length):
    return np.array([text + [0] * (length - len(text)) for text in texts], np.int32)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(("longest", "words"), [(7, 4), (7, 30), (3, 4)])
def test_bleu_equals_nltk(order, longest, words):
    references = [text for text in random_texts(40, longest, words, seed=0) if text]
    texts = [[], [1], [words - 1, 1], *references[:5], *random_texts(60, longest, words, seed=1)]
    smoothing = SmoothingFunction().method1
    expected = [sentence_bleu(references, text, [1 / order] * order, smoothing) if text else 0.0 for text in texts]
    reward = make_bleu_reward(padded(references, longest), words, True, order=order)
    scores = reward.compute_reward(tf.constant(padded(texts, longest)), None).numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert np.median(scores) > 0
    assert scores[0] == 0


def test_bleu_without_eos_counts_token_0():
    corpus = np.random.default_rng(0).integers(0, 3, (6, 5))
    texts = np.random.default_rng(1).integers(0, 3, (20, 5)).astype("int32")
    smoothing = SmoothingFunction().method1
    expected = [sentence_bleu(corpus.tolist(), text, [1 / 3] * 3, smoothing) for text in texts.tolist()]
    scores = make_bleu_reward(corpus, 3, False).compute_reward(tf.constant(texts), None)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_bleu_without_longer_matches_is_low():
    # Counting a missing n-gram as 1 would give every text a high score. Precisions: 4/4, 0.1/3, 0.1/2, 0.1/1.
    reward = make_bleu_reward(np.array([[2, 3, 4, 5]]), 6, True, order=4)
    (score,) = reward.compute_reward(tf.constant([[5, 4, 3, 2]]), None).numpy()
    assert score == pytest.approx((0.1 / 3 * 0.1 / 2 * 0.1) ** 0.25, rel=1e-5)
    assert score < 0.2


@pytest.mark.parametrize("rows", [3, None])
def test_bleu_is_computed_in_the_graph_for_every_sequence_at_once(rows):
    reward = make_bleu_reward(CORPUS, 6, True, order=2)
    graph = tf.function(
        lambda tokens: reward.compute_reward(tokens, None),
        input_signature=[tf.TensorSpec((rows, 4), tf.int32)],
        autograph=False,
    )
    operations = {operation.type for operation in graph.get_concrete_function().graph.get_operations()}
    assert not operations & {"PyFunc", "EagerPyFunc", "NumpyFunction", "While", "StatelessWhile"}
    tokens = tf.constant([[2, 3, 2, 3], [4, 2, 0, 0], [0, 0, 0, 0]])
    assert graph(tokens).shape == (3,)
    np.testing.assert_allclose(graph(tokens), reward.compute_reward(tokens, None), rtol=1e-6)
    assert float(graph(tokens)[0]) == pytest.approx(1)


def test_bleu_uses_the_requested_number_of_references():
    corpus = np.arange(1, 31).reshape(10, 3)
    reward = make_bleu_reward(corpus, 31, True, references=4)
    scores = reward.compute_reward(tf.constant(corpus, tf.int32), None).numpy()
    assert np.sum(scores > 0.99) == 4


def test_bleu_refuses_n_grams_that_do_not_fit_into_63_bits():
    with pytest.raises(ValueError, match="model.reward.order: received 4 for 100000 tokens, expected fewer"):
        make_bleu_reward(CORPUS, 100_000, True, order=4)
