"""BLEU and Self-BLEU against values of the paper, nltk and sacrebleu."""

import math

import numpy as np
import pytest
import sacrebleu
from ganzoo.export.evaluation.text.metrics import TextComparison, bleu
from ganzoo.export.evaluation.text.ngrams import sentence_bleu
from ganzoo.export.evaluation.text.text_reference import TextReference
from ganzoo.training.data.text_source import TextSource
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu


def random_texts(count, seed, words=4, longest=7):
    rng = np.random.default_rng(seed)
    return [rng.integers(2, 2 + words, rng.integers(0, longest + 1)).tolist() for _ in range(count)]


def padded(texts, length=8):
    return np.array([text + [0] * (length - len(text)) for text in texts], np.int32)


def by_nltk(texts, references, n):
    smoothing, weights = SmoothingFunction().method1, [1 / n] * n
    return [nltk_bleu(refs, text, weights, smoothing) for text, refs in zip(texts, references, strict=True)]


def test_bleu_equals_the_example_of_papineni():
    # "the" seven times: no reference contains it more than twice, or contains "the the".
    the, cat, is_, on, mat, there, a = range(2, 9)
    references = [[the, cat, is_, on, the, mat], [there, is_, a, cat, on, the, mat]]
    (actual,) = sentence_bleu([[the] * 7], references, max_order=2)
    assert actual == pytest.approx([2 / 7, math.sqrt(2 / 7 * 0.1 / 6)])


def test_the_brevity_penalty_uses_the_closest_reference_length():
    # Lengths 3 and 5 are equally close to 4: the shorter one counts, without a penalty. 3 is the closest to 2.
    references = [[2, 3, 4], [2, 3, 4, 5, 6]]
    actual = sentence_bleu([[2, 3, 4, 5], [2, 3]], references, max_order=1)[:, 0]
    assert actual == pytest.approx([1, math.exp(1 - 3 / 2)])


def test_common_words_in_another_order_score_low():
    (actual,) = sentence_bleu([[2, 3, 4, 5, 6]], [[6, 5, 4, 3, 2]])
    assert actual[0] == pytest.approx(1)
    assert actual[3] == pytest.approx((0.1 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25)
    assert actual[3] < 0.2


@pytest.mark.parametrize(("seed", "longest"), [(0, 7), (1, 3), (2, 15)])
def test_bleu_equals_that_of_nltk(seed, longest):
    texts, references = random_texts(40, seed, longest=longest), random_texts(30, seed + 100, longest=longest)
    assert [] in texts
    actual = sentence_bleu(texts, references)
    for n in range(1, 6):
        np.testing.assert_allclose(actual[:, n - 1], by_nltk(texts, [references] * len(texts), n), atol=1e-6)


@pytest.mark.parametrize(("seed", "longest"), [(0, 7), (1, 3), (2, 15)])
def test_self_bleu_equals_that_of_nltk_with_all_others_as_references(seed, longest):
    texts = random_texts(30, seed, longest=longest)
    others = [texts[:number] + texts[number + 1 :] for number in range(len(texts))]
    actual = sentence_bleu(texts)
    for n in range(1, 6):
        np.testing.assert_allclose(actual[:, n - 1], by_nltk(texts, others, n), atol=1e-6)


def test_no_text_is_its_own_reference():
    assert sentence_bleu([[2, 3, 4, 5], [6, 7, 8, 9]]).tolist() == [[0] * 5] * 2
    # A repeated text is.
    assert sentence_bleu([[2, 3, 4, 5], [6, 7, 8, 9], [2, 3, 4, 5]], max_order=4)[:, 3] == pytest.approx([1, 0, 1])


def test_bleu_equals_that_of_sacrebleu_for_texts_of_four_words_or_more():
    texts = [text for text in random_texts(60, 3, longest=12) if len(text) >= 4]
    references = random_texts(8, 4, longest=12)
    assert len(texts) > 20

    def written(text):
        return " ".join(f"w{word}" for word in text)

    smoothed = {"smooth_method": "floor", "smooth_value": 0.1, "use_effective_order": False, "tokenize": "none"}
    references_of_text = [
        sacrebleu.sentence_bleu(written(text), [written(each) for each in references], **smoothed).score
        for text in texts
    ]
    np.testing.assert_allclose(100 * sentence_bleu(texts, references)[:, 3], references_of_text, atol=1e-6)


def test_a_fixed_corpus_has_fixed_scores():
    texts = "a red cat sat on the mat|the cat sat|on the mat a cat sat|a dog sat on a red mat in the sun|the"
    references = "the cat sat on the mat|a red dog ran in the sun|the sun sat on a red mat"
    texts, references = ([text.split() for text in each.split("|")] for each in (texts, references))
    assert sentence_bleu(texts, references).mean(0)[1:].round(4).tolist() == [0.5664, 0.4728, 0.3444, 0.2748]
    assert sentence_bleu(texts).mean(0)[1:].round(4).tolist() == [0.5367, 0.3032, 0.1678, 0.1246]


def test_both_bleus_are_means_over_the_same_texts_whose_numbers_are_reported():
    texts = random_texts(80, 5)
    source = TextSource("known", padded([[2]]), padded(random_texts(100, 2)), vocabulary_size=10)
    comparison = TextComparison(padded(texts), TextReference(source, 1000))
    # 100 held-out texts: half are references, half the baseline; an equal number of samples is evaluated.
    assert bleu.facts(comparison)["bleu"] == {
        "texts": 50, "references": 50, "split": "held out", "smoothing": "method1, epsilon 0.1",
    }  # fmt: skip
    actual = bleu.measure(comparison)
    selected = [texts[row] for row in np.sort(np.random.default_rng(0).permutation(80)[:50])]
    references = [[token for token in row if token] for row in comparison.reference.bleu_references.tolist()]
    for n in (2, 3, 4, 5):
        assert actual[f"bleu_{n}"] == pytest.approx(np.mean(by_nltk(selected, [references] * 50, n)))
        others = [selected[:number] + selected[number + 1 :] for number in range(50)]
        assert actual[f"self_bleu_{n}"] == pytest.approx(np.mean(by_nltk(selected, others, n)))


@pytest.mark.parametrize(
    ("held_out", "references", "evaluated"),
    # Half of the held-out texts are references, at most 500; at least two others are a baseline to compare with.
    [(2, 1, 500), (4, 2, 2), (101, 50, 51), (1300, 500, 500)],
)
def test_evaluated_texts_are_as_many_as_the_held_out_baseline_has(held_out, references, evaluated):
    source = TextSource("known", padded([[2]]), padded(random_texts(held_out, 2)), vocabulary_size=10)
    comparison = TextComparison(padded(random_texts(900, 5)), TextReference(source, 1000))
    facts = bleu.facts(comparison)["bleu"]
    assert (facts["texts"], facts["references"]) == (evaluated, references)
    assert bleu.counts(comparison) == {"samples": (evaluated, 900), "references": (references, held_out)}


def test_empty_texts_are_counted_among_all_samples():
    source = TextSource("known", padded([[2]]), padded(random_texts(4, 2)), vocabulary_size=10)
    samples = padded([[], [2, 3], [2], [3]])
    assert bleu.measure(TextComparison(samples, TextReference(source, 10)))["empty"] == 1 / 4
