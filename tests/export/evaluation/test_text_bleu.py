"""BLEU and Self-BLEU against values from paper, nltk and sacrebleu."""

import math

import numpy as np
import pytest
import sacrebleu
from ganzoo.export.evaluation.ngrams import sentence_bleu
from ganzoo.export.evaluation.text_reference import TextReference
from ganzoo.export.evaluation.texts import Comparison, bleu
from ganzoo.training.data.texts import TextSource
from nltk.translate.bleu_score import SmoothingFunction
from nltk.translate.bleu_score import sentence_bleu as nltk_bleu


def random_texts(count, seed, words=4, longest=7):
    rng = np.random.default_rng(seed)
    return [rng.integers(2, 2 + words, rng.integers(0, longest + 1)).tolist() for _ in range(count)]


def padded(texts, length=8):
    return np.array([text + [0] * (length - len(text)) for text in texts], np.int32)


def by_nltk(texts, references, n):
    smoothing = SmoothingFunction().method1
    return [
        nltk_bleu(theirs, text, [1 / n] * n, smoothing) for text, theirs in zip(texts, references, strict=True)
    ]  # fmt: skip


def test_bleu_is_what_papineni_computes():
    # "the" seven times: no reference says it more than twice, and "the the" is in none.
    the, cat, is_, on, mat, there, a = range(2, 9)
    references = [[the, cat, is_, on, the, mat], [there, is_, a, cat, on, the, mat]]
    (found,) = sentence_bleu([[the] * 7], references, longest=2)
    assert found == pytest.approx([2 / 7, math.sqrt(2 / 7 * 0.1 / 6)])


def test_short_texts_pay_for_it_by_the_nearest_length():
    # Lengths 3 and 5 are as near to 4: the shorter counts, and nothing is paid. To 2 the nearer one is 3.
    references = [[2, 3, 4], [2, 3, 4, 5, 6]]
    found = sentence_bleu([[2, 3, 4, 5], [2, 3]], references, longest=1)[:, 0]
    assert found == pytest.approx([1, math.exp(1 - 3 / 2)])


def test_words_alone_in_common_are_worth_little():
    (found,) = sentence_bleu([[2, 3, 4, 5, 6]], [[6, 5, 4, 3, 2]])
    assert found[0] == pytest.approx(1)
    assert found[3] == pytest.approx((0.1 / 4 * 0.1 / 3 * 0.1 / 2) ** 0.25)
    assert found[3] < 0.2


@pytest.mark.parametrize(("seed", "longest"), [(0, 7), (1, 3), (2, 15)])
def test_bleu_is_nltks(seed, longest):
    texts, references = random_texts(40, seed, longest=longest), random_texts(30, seed + 100, longest=longest)
    assert [] in texts
    found = sentence_bleu(texts, references)
    for n in range(1, 6):
        np.testing.assert_allclose(found[:, n - 1], by_nltk(texts, [references] * len(texts), n), atol=1e-6)


@pytest.mark.parametrize(("seed", "longest"), [(0, 7), (1, 3), (2, 15)])
def test_self_bleu_is_nltks_with_all_others_as_references(seed, longest):
    texts = random_texts(30, seed, longest=longest)
    others = [texts[:number] + texts[number + 1 :] for number in range(len(texts))]
    found = sentence_bleu(texts)
    for n in range(1, 6):
        np.testing.assert_allclose(found[:, n - 1], by_nltk(texts, others, n), atol=1e-6)


def test_no_text_is_its_own_reference():
    assert sentence_bleu([[2, 3, 4, 5], [6, 7, 8, 9]]).tolist() == [[0] * 5] * 2
    # Said twice it is.
    assert sentence_bleu([[2, 3, 4, 5], [6, 7, 8, 9], [2, 3, 4, 5]], longest=4)[:, 3] == pytest.approx([1, 0, 1])


def test_bleu_is_sacrebleus_where_texts_have_four_words():
    texts = [text for text in random_texts(60, 3, longest=12) if len(text) >= 4]
    references = random_texts(8, 4, longest=12)
    assert len(texts) > 20

    def written(text):
        return " ".join(f"w{word}" for word in text)

    smoothed = {"smooth_method": "floor", "smooth_value": 0.1, "use_effective_order": False, "tokenize": "none"}
    theirs = [
        sacrebleu.sentence_bleu(written(text), [written(each) for each in references], **smoothed).score
        for text in texts
    ]
    np.testing.assert_allclose(100 * sentence_bleu(texts, references)[:, 3], theirs, atol=1e-6)


def test_a_fixed_corpus_keeps_its_numbers():
    texts = "a red cat sat on the mat|the cat sat|on the mat a cat sat|a dog sat on a red mat in the sun|the"
    references = "the cat sat on the mat|a red dog ran in the sun|the sun sat on a red mat"
    texts, references = ([text.split() for text in each.split("|")] for each in (texts, references))
    assert sentence_bleu(texts, references).mean(0)[1:].round(4).tolist() == [0.5664, 0.4728, 0.3444, 0.2748]
    assert sentence_bleu(texts).mean(0)[1:].round(4).tolist() == [0.5367, 0.3032, 0.1678, 0.1246]


def test_both_bleus_are_means_over_the_same_texts_and_their_numbers_are_told():
    texts = random_texts(80, 5)
    source = TextSource("known", padded([[2]]), padded(random_texts(100, 2)), vocabulary_size=10)
    comparison = Comparison(padded(texts), TextReference(source, 1000))
    # 100 held-out texts: half are references, and as many samples are judged as stand beside them.
    assert bleu.facts(comparison)["bleu"] == {
        "texts": 50, "references": 50, "split": "held out", "smoothing": "method1, epsilon 0.1",
    }  # fmt: skip
    found = bleu.measure(comparison)
    chosen = [texts[row] for row in np.sort(np.random.default_rng(0).permutation(80)[:50])]
    references = [[token for token in row if token] for row in comparison.reference.bleu.tolist()]
    for n in (2, 3, 4, 5):
        assert found[f"bleu_{n}"] == pytest.approx(np.mean(by_nltk(chosen, [references] * 50, n)))
        others = [chosen[:number] + chosen[number + 1 :] for number in range(50)]
        assert found[f"self_bleu_{n}"] == pytest.approx(np.mean(by_nltk(chosen, others, n)))
