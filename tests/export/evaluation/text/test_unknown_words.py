"""Unknown words: they match nothing in any metric, and texts that generators can sample have none."""

import math

import numpy as np
import pytest
from ganzoo.export.evaluation.text.local_encoder import LocalEncoder
from ganzoo.export.evaluation.text.metrics import NotComputableError, TextComparison, bleu, copies, frechet_local
from ganzoo.export.evaluation.text.ngrams import sentence_bleu
from ganzoo.export.evaluation.text.text_reference import TextReference, has_unknown, token_lists, unknown_share
from ganzoo.training.data.text_source import TextSource
from ganzoo.zoo.sequences.vocabulary import Vocabulary

WORDS = [f"w{number}" for number in range(8)]
LENGTH, SIZE = 6, len(WORDS) + 2


def random_texts(count, seed, first=1):
    """Random texts of one word or more; token 1 is an unknown word."""
    rng = np.random.default_rng(seed)
    tokens = rng.integers(first, SIZE, (count, LENGTH)).astype(np.int32)
    tokens[np.arange(LENGTH) >= rng.integers(1, LENGTH + 1, (count, 1))] = 0
    return tokens


@pytest.fixture(scope="module")
def source():
    return TextSource("words", random_texts(600, 1), random_texts(200, 2), Vocabulary(WORDS, LENGTH))


@pytest.fixture(scope="module")
def reference(source):
    return TextReference(source, 500)


def test_texts_of_unknown_words_match_neither_references_nor_each_other(reference):
    unknown = np.ones((100, LENGTH), np.int32)
    results = bleu.measure(TextComparison(unknown, reference))
    assert set(results.values()) == {0.0}
    # Half of the words are unknown: two of four unigrams match, and no n-gram has two known words.
    (score,) = sentence_bleu(
        token_lists(np.array([[2, 1, 3, 1]]), True, 1), token_lists(np.array([[2, 1, 3, 1]]), True, 1)
    )
    assert score[:2] == pytest.approx([2 / 4, math.sqrt(2 / 4 * 0.1 / 3)])


def test_without_words_token_1_is_a_token_like_any_other():
    tokens = np.ones((40, LENGTH), np.int32)
    reference = TextReference(TextSource("chain", tokens, tokens, vocabulary_size=3, has_eos=False), 40)
    assert reference.unknown is None
    assert len(reference.real) == 40
    comparison = TextComparison(tokens, reference)
    assert bleu.measure(comparison)["bleu_5"] == pytest.approx(1)
    assert copies.measure(comparison) == {"copied": 1, "distinct": 1 / 40, "empty": 0, "unknown": 0}


def test_a_text_with_an_unknown_word_is_no_copy(source, reference):
    known = source.tokens[~has_unknown(source.tokens, 1)][:30]
    unknown = source.tokens[has_unknown(source.tokens, 1)][:10]
    assert copies.measure(TextComparison(known, reference))["copied"] == 1
    both = copies.measure(TextComparison(np.concatenate([known, unknown]), reference))
    assert both["copied"] == 0.75
    new = np.array([[2, 3, 4, 5, 6, 7]], np.int32)
    assert not (source.tokens == new).all(axis=1).any()
    assert copies.measure(TextComparison(np.concatenate([known, new, new]), reference))["copied"] == 30 / 32
    assert both["unknown"] == pytest.approx((unknown == 1).sum() / ((known > 0).sum() + (unknown > 0).sum()))


@pytest.mark.parametrize(
    ("tokens", "has_eos", "unknown", "share"),
    [
        ([[1, 0], [0, 0]], True, 1, 1.0),
        ([[1, 2], [3, 0]], True, 1, 1 / 3),
        ([[1, 0], [0, 2]], False, 1, 1 / 4),
        ([[0, 0], [0, 0]], True, 1, 0.0),
        ([[1, 1], [1, 1]], True, None, 0.0),
    ],
)
def test_the_share_of_unknown_words(tokens, has_eos, unknown, share):
    assert unknown_share(np.array(tokens), has_eos, unknown) == pytest.approx(share)


def test_real_texts_compared_with_samples_have_no_unknown_words(source, reference):
    known = source.tokens[~has_unknown(source.tokens, 1)]
    assert 0 < len(known) < 500
    np.testing.assert_array_equal(np.unique(reference.real, axis=0), np.unique(known, axis=0))
    assert not (reference.baseline == 1).any()
    # BLEU compares with all words of its references, and likelihoods with all held-out texts.
    assert (reference.bleu_references == 1).any()
    assert (reference.held_out == 1).any()
    plain = TextSource("plain", random_texts(600, 1, first=2), random_texts(200, 2, first=2), Vocabulary(WORDS, LENGTH))
    with_words, without = (
        TextReference(plain, 500),
        TextReference(TextSource("plain", plain.tokens, plain.held_out, vocabulary_size=SIZE), 500),
    )
    for name in ("real", "held_out", "bleu_references", "baseline"):
        np.testing.assert_array_equal(getattr(with_words, name), getattr(without, name))


def test_n_grams_with_unknown_words_are_no_features(source, reference):
    unigrams, bigrams = (encoder.grams for encoder in reference.encoder.encoders)
    assert unigrams.tolist() == list(range(2, SIZE))
    assert not {1} & {*(bigrams // SIZE).tolist(), *(bigrams % SIZE).tolist()}
    assert 1 in LocalEncoder(source.tokens, SIZE, True).encoders[0].grams
    features = reference.encoder.encode(
        np.array([[1, 1, 1, 0, 0, 0], [2, 1, 3, 0, 0, 0], [3, 1, 2, 1, 1, 1]], np.int32)
    )
    assert not features[0].any()
    np.testing.assert_allclose(features[1], features[2])


def test_a_generator_of_unknown_words_is_far_from_the_data(reference):
    def distance(samples):
        return frechet_local.measure(TextComparison(samples, reference))["frechet_local"]

    real = distance(random_texts(500, 5, first=2))
    assert distance(np.ones((500, LENGTH), np.int32)) > 10 * real
    assert distance(random_texts(500, 5)) > real


def test_data_without_a_known_text_have_no_such_distance():
    tokens = np.ones((200, LENGTH), np.int32)
    reference = TextReference(TextSource("unknown", tokens, tokens, Vocabulary(WORDS, LENGTH)), 200)
    assert (len(reference.real), len(reference.baseline)) == (0, 0)
    with pytest.raises(NotComputableError, match="no word occurs in two training texts"):
        frechet_local.require(reference)


@pytest.mark.parametrize("text", [[], [2], [2, 2, 2]])
def test_a_text_alone_has_no_self_bleu(text):
    assert sentence_bleu([text]).tolist() == [[0] * 5]


def test_empty_texts_and_single_words():
    texts = [[], [2], [2], []]
    assert sentence_bleu(texts, [[], []]).tolist() == [[0] * 5] * 4
    # One word of a repeated text: orders above 1 have no n-gram, 0.1 of 1.
    expected = [0.1 ** ((n - 1) / n) for n in range(1, 6)]
    np.testing.assert_allclose(sentence_bleu(texts), [[0] * 5, expected, expected, [0] * 5])
