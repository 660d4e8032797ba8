"""`BLEUReward`, compared with NLTK."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.rewards.bleu_reward import BLEUReward, make_bleu_reward
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


@pytest.mark.parametrize("lengths", [(2, 6), (3,), (7,), (1, 4, 5)])
def test_the_brevity_penalty_equals_that_of_nltk(lengths):
    """References of few lengths: shorter texts are penalized, a tie is resolved in favor of the shorter reference."""
    rng = np.random.default_rng(4)
    references = [rng.integers(2, 5, length).tolist() for length in lengths * 3]
    texts = [rng.integers(2, 5, length).tolist() for length in range(1, 8) for _ in range(3)]
    smoothing = SmoothingFunction().method1
    expected = [sentence_bleu(references, text, [0.5, 0.5], smoothing) for text in texts]
    reward = make_bleu_reward(padded(references, 7), 5, True, order=2)
    np.testing.assert_allclose(reward.compute_reward(tf.constant(padded(texts, 7)), None), expected, atol=1e-5)


def test_bleu_without_eos_counts_token_0():
    corpus = np.random.default_rng(0).integers(0, 3, (6, 5))
    texts = np.random.default_rng(1).integers(0, 3, (20, 5)).astype("int32")
    smoothing = SmoothingFunction().method1
    expected = [sentence_bleu(corpus.tolist(), text, [1 / 3] * 3, smoothing) for text in texts.tolist()]
    scores = make_bleu_reward(corpus, 3, False).compute_reward(tf.constant(texts), None)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_tokens_after_the_end_of_a_text_do_not_count():
    reward = make_bleu_reward(np.array([[2, 3, 4, 4, 4]]), 5, True, order=2)
    scores = reward.compute_reward(tf.constant([[2, 3, 0, 2, 3], [2, 3, 0, 0, 0], [2, 0, 4, 2, 2]]), None).numpy()
    assert scores[0] == scores[1] == pytest.approx(np.exp(1 - 5 / 2))
    assert scores[2] == pytest.approx(0.1**0.5 * np.exp(1 - 5))


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


def test_by_default_500_texts_are_references_chosen_by_a_fixed_permutation():
    corpus = np.arange(2, 503)[:, np.newaxis]
    scores = make_bleu_reward(corpus, 503, True, order=1).compute_reward(tf.constant(corpus, tf.int32), None).numpy()
    assert np.flatnonzero(scores == 0).tolist() == [np.random.default_rng(0).permutation(501)[500]]
    assert np.sum(scores == 1) == 500


def test_bleu_refuses_n_grams_that_do_not_fit_into_63_bits():
    with pytest.raises(ValueError, match="model.reward.order: received 4 for 100000 tokens, expected fewer"):
        make_bleu_reward(CORPUS, 100_000, True, order=4)


def with_own_unknowns(texts, numbers):
    """Replaces each unknown word, token 1, by a word that occurs nowhere else."""
    return [[next(numbers) if token == 1 else token for token in text] for text in texts]


@pytest.mark.parametrize("order", [1, 2, 4])
def test_an_unknown_word_matches_nothing_but_counts(order):
    references = [text for text in random_texts(40, 6, 5, seed=2) if text]
    texts = [[1], [1, 1, 1], [2, 1, 3], [1, 2, 3, 1], *references[:5], *random_texts(40, 6, 5, seed=3)]
    smoothing, weights = SmoothingFunction().method1, [1 / order] * order
    numbers = itertools.count(1000)
    known, compared = with_own_unknowns(references, numbers), with_own_unknowns(texts, numbers)
    expected = [sentence_bleu(known, text, weights, smoothing) if text else 0.0 for text in compared]
    reward = make_bleu_reward(padded(references, 6), 5, True, ["a", "b", "c"], order=order)
    scores = reward.compute_reward(tf.constant(padded(texts, 6)), None).numpy()
    np.testing.assert_allclose(scores, expected, atol=1e-5)
    assert scores[:2].tolist() == [0, 0]
    assert 0 < scores[2] < 1


def test_without_a_vocabulary_token_1_is_a_word_like_any_other():
    reward = make_bleu_reward(np.array([[1, 1, 1]]), 4, True)
    assert float(reward.compute_reward(tf.constant([[1, 1, 1]]), None)[0]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("corpus", "vocabulary"),
    [([[1, 1, 1], [1, 0, 0]], ["a", "b"]), ([[0, 0, 0], [0, 0, 0]], ["a", "b"]), ([[0, 0, 0]], None)],
    ids=["unknown", "empty", "empty, no words"],
)
def test_references_without_a_known_word_reward_nothing(corpus, vocabulary):
    reward = make_bleu_reward(np.array(corpus), 4, True, vocabulary)
    texts = tf.constant([[1, 1, 1], [1, 0, 0], [0, 0, 0], [2, 3, 2]])
    assert reward.compute_reward(texts, None).numpy().tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("order", [1, 2, 3])
def test_texts_of_one_position(order):
    # Orders above 1 have no n-gram: 0.1 of 1, as in NLTK.
    reward = make_bleu_reward(np.array([[2], [2], [0], [1]]), 4, True, ["a", "b"], order=order)
    scores = reward.compute_reward(tf.constant([[2], [3], [1], [0]]), None).numpy()
    np.testing.assert_allclose(scores, [0.1 ** ((order - 1) / order), 0, 0, 0], atol=1e-6)


def test_repeated_references_and_texts_change_nothing():
    once = make_bleu_reward(CORPUS, 6, True, ["a", "b", "c", "d"])
    twice = make_bleu_reward(np.tile(CORPUS, (2, 1)), 6, True, ["a", "b", "c", "d"])
    scores = once.compute_reward(tf.constant(CORPUS), None).numpy()
    np.testing.assert_allclose(twice.compute_reward(tf.constant(np.tile(CORPUS, (2, 1))), None), [*scores, *scores])


def test_the_order_is_3_by_default_and_from_1_to_4():
    text = tf.constant([[2, 3, 2, 5]])
    default, three = make_bleu_reward(CORPUS, 6, True), make_bleu_reward(CORPUS, 6, True, order=3)
    np.testing.assert_array_equal(default.compute_reward(text, None), three.compute_reward(text, None))
    assert BLEUReward(6, True, [1, 1, 1, 1]).order == 3
    for wrong in (0, 5):
        with pytest.raises(ValueError, match=f"order: received {wrong}"):
            make_bleu_reward(CORPUS, 6, True, order=wrong)


def test_references_are_no_weights_that_a_training_changes():
    assert not make_bleu_reward(CORPUS, 6, True).trainable_variables
