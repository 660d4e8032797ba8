"""Rewards of whole sequences, by hand and by nltk."""

import itertools
import json

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import DiscriminatorReward, PlaceboReward, SemanticReward, SeqGAN
from ganzoo.zoo.bleu_reward import make_bleu_reward
from ganzoo.zoo.rewards import RewardSum, build_reward
from ganzoo.zoo.semantic_reward import cooccurrence_vectors, make_semantic_reward
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

LOGITS = [[0.0, 2.0], [-1.0, 50.0]]
VOCABULARY = ["cat", "dog", "sun", "sea"]
# Cats and dogs, or the sun and the sea; a sequence of unknown words.
CORPUS = np.array([[2, 3, 2, 3], [2, 3, 0, 0], [4, 5, 4, 0], [5, 4, 0, 0], [1, 1, 0, 0]], np.int32)
TOKENS = tf.constant([[2, 3, 0, 0], [4, 0, 0, 0]])


def discriminate(tokens, training):
    assert not training, "dropout would be paid for"
    return tf.constant(LOGITS)


def built(specification, corpus=CORPUS, vocabulary=VOCABULARY):
    return build_reward(specification, corpus, 6, True, vocabulary)


# The discriminator's opinion, and sums.


@pytest.mark.parametrize(
    ("form", "of"),
    [
        ("probability", lambda d: d),
        ("log", np.log),
        ("jensen_shannon", lambda d: -np.log(1 - d)),
    ],
)
def test_forms_of_the_discriminators_opinion(form, of):
    logits = np.array(LOGITS)
    expected = np.log1p(np.exp(logits)) if form == "jensen_shannon" else of(1 / (1 + np.exp(-logits)))
    np.testing.assert_allclose(of(1 / (1 + np.exp(-logits[0]))), expected[0])
    worth = DiscriminatorReward(form).worth(TOKENS, discriminate)
    # 50 is where 1 - D is 0 in float32.
    np.testing.assert_allclose(worth, expected.mean(axis=1), rtol=1e-5)


def test_the_placebo_says_the_same_of_all():
    np.testing.assert_array_equal(PlaceboReward(-2.5).worth(TOKENS, discriminate), [-2.5, -2.5])


def test_rewards_are_added_and_multiplied():
    opinion = 1 / (1 + np.exp(-np.array(LOGITS)))
    reward = 0.5 * (DiscriminatorReward() + PlaceboReward(3.0)) + PlaceboReward() * 2
    np.testing.assert_allclose(reward.worth(TOKENS, discriminate), 0.5 * (opinion.mean(axis=1) + 3) + 2, rtol=1e-6)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(reward)))
    twin = keras.saving.deserialize_keras_object(config)
    np.testing.assert_array_equal(twin.worth(TOKENS, discriminate), reward.worth(TOKENS, discriminate))


# BLEU.


def random_texts(num, longest, words, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(1, words, rng.integers(0, longest + 1)).tolist() for _ in range(num)]


def padded(texts, length):
    return np.array([text + [0] * (length - len(text)) for text in texts], np.int32)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize(("longest", "words"), [(7, 4), (7, 30), (3, 4)])
def test_bleu_is_nltks(order, longest, words):
    references = [text for text in random_texts(40, longest, words, seed=0) if text]
    texts = [[], [1], [words - 1, 1], *references[:5], *random_texts(60, longest, words, seed=1)]
    smoothing = SmoothingFunction().method1
    expected = [sentence_bleu(references, text, [1 / order] * order, smoothing) if text else 0.0 for text in texts]
    reward = make_bleu_reward(padded(references, longest), words, True, order=order)
    found = reward.worth(tf.constant(padded(texts, longest)), None).numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert np.median(found) > 0
    assert found[0] == 0


def test_bleu_of_tokens_that_never_end_counts_token_0():
    corpus = np.random.default_rng(0).integers(0, 3, (6, 5))
    texts = np.random.default_rng(1).integers(0, 3, (20, 5)).astype("int32")
    smoothing = SmoothingFunction().method1
    expected = [sentence_bleu(corpus.tolist(), text, [1 / 3] * 3, smoothing) for text in texts.tolist()]
    found = make_bleu_reward(corpus, 3, False).worth(tf.constant(texts), None)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_bleu_without_longer_matches_is_low():
    # A missing n-gram that counts as 1 would make every text a good one. 4/4, 0.1/3, 0.1/2, 0.1/1.
    reward = make_bleu_reward(np.array([[2, 3, 4, 5]]), 6, True, order=4)
    (found,) = reward.worth(tf.constant([[5, 4, 3, 2]]), None).numpy()
    assert found == pytest.approx((0.1 / 3 * 0.1 / 2 * 0.1) ** 0.25, rel=1e-5)
    assert found < 0.2


@pytest.mark.parametrize("rows", [3, None])
def test_bleu_is_computed_in_the_graph_for_every_sequence_at_once(rows):
    reward = make_bleu_reward(CORPUS, 6, True, order=2)
    graph = tf.function(
        lambda tokens: reward.worth(tokens, None), input_signature=[tf.TensorSpec((rows, 4), tf.int32)], autograph=False
    )
    operations = {operation.type for operation in graph.get_concrete_function().graph.get_operations()}
    assert not operations & {"PyFunc", "EagerPyFunc", "NumpyFunction", "While", "StatelessWhile"}
    tokens = tf.constant([[2, 3, 2, 3], [4, 2, 0, 0], [0, 0, 0, 0]])
    assert graph(tokens).shape == (3,)
    np.testing.assert_allclose(graph(tokens), reward.worth(tokens, None), rtol=1e-6)
    assert float(graph(tokens)[0]) == pytest.approx(1)


def test_bleu_takes_as_many_references_as_it_is_told():
    corpus = np.arange(1, 31).reshape(10, 3)
    worth = make_bleu_reward(corpus, 31, True, references=4).worth(tf.constant(corpus, tf.int32), None).numpy()
    assert np.sum(worth > 0.99) == 4


def test_bleu_refuses_n_grams_that_have_no_numbers():
    with pytest.raises(ValueError, match="model.reward.order: received 4 for 100000 tokens, expected fewer"):
        make_bleu_reward(CORPUS, 100_000, True, order=4)


# Closeness to a topic.


def test_closeness_is_a_cosine_of_means():
    reward = SemanticReward(4, 2, True)
    reward.vectors.assign([[9, 9], [0, 0], [1, 0], [0, 1]])
    reward.topic.assign([2, 0])
    tokens = tf.constant([[2, 2, 2], [3, 3, 3], [2, 3, 2], [1, 1, 1]])
    np.testing.assert_allclose(reward.worth(tokens, None), [1, 0, 2 / 5**0.5, 0], atol=1e-6)


def test_the_end_says_nothing_about_a_topic():
    reward = make_semantic_reward(CORPUS, 6, True, VOCABULARY, topic="Cat")
    tokens = tf.constant([[2, 0, 4, 4], [2, 0, 0, 0], [0, 4, 4, 4]])
    np.testing.assert_allclose(reward.worth(tokens, None), [1, 1, 0], atol=1e-5)


def test_words_that_stand_together_are_alike():
    reward = make_semantic_reward(CORPUS, 6, True, VOCABULARY, topic="sun, sea!")
    worth = reward.worth(tf.constant([[4, 5, 4, 5], [5, 4, 0, 0], [2, 3, 0, 0], [1, 1, 1, 1]]), None)
    np.testing.assert_allclose(worth, [1, 1, 0, 0], atol=1e-4)


def test_vectors_have_the_products_of_pointwise_mutual_information():
    corpus = np.random.default_rng(0).integers(0, 7, (40, 8))
    counts = np.zeros((7, 7))
    for row in corpus.tolist():
        said = row[: row.index(0)] if 0 in row else row
        for first, second in itertools.permutations(range(len(said)), 2):
            if abs(first - second) <= 5 and said[first] > 1 and said[second] > 1:
                counts[said[first], said[second]] += 1 / abs(first - second)
    sums = counts.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.nan_to_num(np.log(counts * counts.sum() / np.outer(sums, sums)), nan=0, neginf=0).clip(0)
    products = information @ information
    norms = np.sqrt(np.diag(products)).clip(1e-9)
    vectors = cooccurrence_vectors(corpus, 7, True, 6)
    np.testing.assert_allclose(vectors @ vectors.T, products / np.outer(norms, norms), atol=1e-4)
    assert not vectors[:2].any()


# From recipes.


def test_recipes_name_rewards_and_weigh_them():
    assert built("discriminator").form == "probability"
    assert built({"kind": "discriminator", "form": "log"}).form == "log"
    parts = [{"kind": "placebo", "value": 2, "weight": 3}, "placebo", {"kind": "bleu", "order": 1, "weight": -1}]
    reward = built(parts)
    assert isinstance(reward, RewardSum)
    # One text is a reference; the other's word is known, but the nearest reference has two.
    np.testing.assert_allclose(reward.worth(TOKENS, None), [3 * 2 + 1 - 1, 3 * 2 + 1 - np.exp(-1)], atol=1e-6)
    np.testing.assert_allclose(built({"kind": "placebo", "weight": 0.25}).worth(TOKENS, None), 0.25)


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("blue", "model.reward.kind: received 'blue', expected one of .*did you mean 'bleu'"),
        ({"form": "log"}, "model.reward.kind: received None"),
        ({"kind": "discriminator", "form": "odds"}, "model.reward.form: received 'odds'"),
        ({"kind": "bleu", "ordre": 2}, "model.reward.ordre: unknown argument.*did you mean 'order'"),
        ({"kind": "bleu", "order": 5}, "model.reward.order: received 5"),
        ({"kind": "bleu", "corpus": []}, "model.reward.corpus: unknown argument"),
        ({"kind": "placebo", "weight": "much"}, "model.reward.weight: received 'much', expected a finite number"),
        ({"kind": "placebo", "weight": True}, "model.reward.weight: received True, expected a finite number"),
        ({"kind": "semantic"}, "model.reward.topic"),
        ({"kind": "semantic", "topic": "justice"}, "model.reward.topic: received 'justice', expected words"),
    ],
)
def test_what_is_no_reward_is_refused_in_one_line(specification, message):
    with pytest.raises(ValueError, match=message) as caught:
        built(specification)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("kind", ["bleu", "semantic"])
def test_rewards_made_of_texts_need_texts(kind):
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
    worth = model.reward.worth(TOKENS, model.discriminate)
    assert worth[0] > worth[1] + 1
    np.testing.assert_array_equal(loaded.reward.worth(TOKENS, loaded.discriminate), worth)


@pytest.mark.parametrize("wrong", [5, [], [5], True, {"kind": ["bleu"]}])
def test_what_names_no_reward_is_refused(wrong):
    with pytest.raises(ValueError, match="model.reward.*received"):
        build_reward(wrong, None, 5, True, None)


def test_weights_are_finite_and_words_have_neighbours():
    with pytest.raises(ValueError, match="model.reward.weight: received nan"):
        build_reward({"kind": "placebo", "weight": float("nan")}, None, 5, True, None)
    alone = np.array([[2], [3]], np.int32)
    with pytest.raises(ValueError, match="no two known words stand together"):
        build_reward({"kind": "semantic", "topic": "a"}, alone, 4, True, ["a", "b"])
