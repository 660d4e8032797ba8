"""Metrics of texts against values by hand, SciPy and scikit-learn, and on texts of known faults."""

import numpy as np
import pytest
from ganzoo.export.evaluation.local_encoder import GramEncoder, LocalEncoder
from ganzoo.export.evaluation.text_reference import TextReference, trimmed
from ganzoo.export.evaluation.texts import Comparison, NotComputableError, metric, metric_names
from ganzoo.training.data import load
from ganzoo.training.data.texts import TextSource
from ganzoo.zoo.sequence_generator import SequenceGenerator
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.feature_extraction.text import TfidfVectorizer

END = 0


class Model:
    """What metrics need of a model."""

    def __init__(self, generator):
        self.averaged_generator = generator


def random_texts(count, seed, words=4, longest=7):
    rng = np.random.default_rng(seed)
    return [rng.integers(2, 2 + words, rng.integers(0, longest + 1)).tolist() for _ in range(count)]


def padded(texts, length):
    return np.array([text + [END] * (length - len(text)) for text in texts], np.int32)


def source_of(training, held_out, length=8, size=10):
    return TextSource("known", padded(training, length), padded(held_out, length), vocabulary_size=size)


@pytest.fixture(scope="module")
def known():
    """400 + 100 short random texts, empty ones among them."""
    return source_of(random_texts(400, 1), random_texts(100, 2))


@pytest.fixture(scope="module")
def chain():
    """A chain of which all 27 sequences can be listed."""
    return load("oracle:markov", vocabulary_size=3, length=3, count=400)


def measure(name, samples, source, model=None, num=1000):
    return metric(name).measure(Comparison(samples, TextReference(source, num), model))


def test_references_are_held_out_and_never_those_that_are_judged(known):
    reference = TextReference(known, 1000)
    parts = np.concatenate([reference.bleu, reference.beside])
    assert sorted(map(bytes, parts)) == sorted(map(bytes, known.held_out))
    many = TextSource("many", known.tokens, np.tile(known.held_out, (13, 1)), vocabulary_size=10)
    assert len(TextReference(many, 1000).bleu) == 500
    assert len(TextReference(many, 300).beside) == 300


@pytest.mark.parametrize("name", ["bleu", "copies", "frechet_local", "two_sample"])
def test_empty_texts_are_counted_and_nothing_breaks(name, known, monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MOST_UPDATES", 20)
    samples = padded([[], [], [2, 3]] * 40, 8)
    found = measure(name, samples, known)
    assert all(np.isfinite(value) for value in found.values())
    assert found.get("empty", 2 / 3) == pytest.approx(2 / 3)
    nothing = measure(name, samples * 0, known)
    assert nothing.get("empty", 1) == 1
    assert nothing.get("bleu_2", 0) == 0


# Likelihood.


def by_hand(generator, tokens):
    """Log probabilities (num, length) of a chain whose next token hangs on the last one, from its weights."""
    embedding, kernel, bias = (weight.numpy().astype(np.float64) for weight in generator.weights)
    last = np.concatenate([np.full((len(tokens), 1), len(embedding) - 1), tokens[:, :-1]], axis=1)
    logits = embedding[last] @ kernel + bias
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    return np.take_along_axis(logits, tokens[..., np.newaxis], axis=2)[..., 0]


def test_likelihoods_are_those_of_a_softmax_by_hand_over_each_texts_own_tokens(known):
    generator = SequenceGenerator(10, 8, cell="none", embedding_dim=4, scale=1.0, seed=5)
    samples = padded([[5, 6], [], [2, 3, 4, 5, 6, 7, 8, 9]], 8)
    found = measure("likelihood", samples, known, Model(generator))
    logs = by_hand(generator, samples)
    # Two words and their end; an end alone; eight words and no place for an end.
    assert found["entropy"] == pytest.approx(-(logs[0, :3].sum() + logs[1, 0] + logs[2].sum()) / 12, rel=1e-5)
    real = by_hand(generator, known.held_out)
    own = (np.cumsum(known.held_out == END, axis=1) - (known.held_out == END)) == 0
    assert found["nll_held_out"] == pytest.approx(-real[own].sum() / own.sum(), rel=1e-5)


def test_what_fills_a_text_changes_nothing(known):
    generator = SequenceGenerator(10, 5, cell="none", embedding_dim=4, scale=1.0, seed=5)
    longer = SequenceGenerator(10, 8, cell="none", embedding_dim=4, scale=1.0, seed=5)
    source = source_of([[2]] * 20, [[3]] * 4, length=5)
    filled = trimmed(np.array([[5, 6, END, END, END]]), ends=True), trimmed(np.array([[5, 6, END, 7, 9]]), ends=True)
    found = [measure("likelihood", tokens, source, Model(generator))["entropy"] for tokens in filled]
    found.append(measure("likelihood", padded([[5, 6]], 8), known, Model(longer))["entropy"])
    assert found == pytest.approx([found[0]] * 3, rel=1e-6)


def test_nats_under_the_oracle_are_a_token(chain):
    samples = chain.tokens[:7]
    expected = -np.log(chain.oracle.probabilities())[samples @ [9, 3, 1]].mean() / 3
    assert measure("nll_oracle", samples, chain) == {"nll_oracle": pytest.approx(expected)}


def test_exact_divergences_are_scipys(chain):
    generator = SequenceGenerator(3, 3, ends=False, cell="none", embedding_dim=4, scale=1.0, seed=2)
    found = measure("exact", chain.tokens[:2], chain, Model(generator))
    sequences = chain.oracle.sequences()
    real, fake = chain.oracle.probabilities(), np.exp(by_hand(generator, sequences).sum(1))
    assert fake.sum() == pytest.approx(1)
    assert found["js"] == pytest.approx(jensenshannon(real, fake) ** 2, rel=1e-4)
    assert found["kl_forward"] == pytest.approx(entropy(real, fake), rel=1e-4)
    assert found["kl_reverse"] == pytest.approx(entropy(fake, real), rel=1e-4)


def test_a_model_that_is_the_oracle_lies_at_no_distance():
    source = load("oracle:lstm", vocabulary_size=3, length=4, count=40)
    found = measure("exact", source.tokens[:2], source, Model(source.oracle.generator))
    assert found == pytest.approx({"js": 0, "kl_forward": 0, "kl_reverse": 0}, abs=1e-6)


@pytest.mark.parametrize("name", ["exact", "likelihood"])
def test_likelihoods_need_a_model(name, chain):
    with pytest.raises(NotComputableError, match="it takes a model"):
        measure(name, chain.tokens[:20], chain)


@pytest.mark.parametrize("name", ["exact", "nll_oracle"])
def test_what_asks_the_oracle_needs_one(name, known):
    with pytest.raises(NotComputableError, match="nobody knows the distribution that known was drawn from"):
        measure(name, known.tokens[:20], known)


def test_too_many_sequences_are_not_listed():
    source = load("oracle:markov", vocabulary_size=11, length=6, count=40)
    with pytest.raises(NotComputableError, match="too many to be listed"):
        metric("exact").require(TextReference(source, 10))


# Copies, the classifier, the local encoder.


def test_a_generator_that_copies_is_told(known):
    training = {tuple(row) for row in known.tokens.tolist()}
    copied = known.tokens[:60]
    assert measure("copies", copied, known)["copied"] == 1
    new = padded([[2, 3, 4, 5, 2, 3, 4, n] for n in (6, 7, 8, 9)], 8)
    assert not {tuple(row) for row in new.tolist()} & training
    found = measure("copies", np.concatenate([known.tokens[:4], new, new, new]), known)
    different = len({tuple(row) for row in known.tokens[:4].tolist()}) + 4
    assert found["copied"] == 0.25
    assert found["distinct"] == different / 16


def test_one_text_over_and_over_wins_bleu_and_loses_everything_else(known):
    reference = TextReference(known, 1000)
    best = max(reference.bleu.tolist(), key=lambda row: np.count_nonzero(row))
    found = measure("bleu", np.tile(np.int32(best), (100, 1)), known)
    assert found["bleu_5"] == pytest.approx(1)
    assert found["self_bleu_5"] == pytest.approx(1)
    assert found["self_bleu_2"] > measure("bleu", reference.beside, known)["self_bleu_2"]
    assert measure("copies", np.tile(np.int32(best), (100, 1)), known)["distinct"] == 0.01


def test_a_classifier_cannot_tell_real_from_real_but_real_from_a_favourite_word(monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MOST_UPDATES", 400)
    source = load("oracle:markov", vocabulary_size=4, length=4, count=1200)
    real = source.oracle.draw(1000, 9)
    found = measure("two_sample", real, source)
    assert found["two_sample_low"] < 0.5 < found["two_sample_high"]
    assert measure("two_sample", real, source) == found
    # Of a half of the samples every word is the same one.
    worse = measure("two_sample", np.where(np.arange(1000)[:, np.newaxis] % 2, real, 3), source)
    assert worse["two_sample_low"] > 0.6


def test_a_classifier_learns_until_it_gets_no_better(monkeypatch):
    drawn, fakes = np.random.default_rng(0).integers(0, 12, (2, 4000, 3)).astype("int32")
    # The last token of real texts is the sum of the others: no single token tells, and no pair of them.
    drawn[:, 2] = drawn[:, :2].sum(axis=1) % 12
    source = TextSource("sums", drawn, drawn[:100], vocabulary_size=12, ends=False)
    found = measure("two_sample", fakes, source, num=4000)["two_sample"]
    assert found > 0.85
    monkeypatch.setattr(metric("two_sample"), "MOST_UPDATES", 300)
    assert measure("two_sample", fakes, source, num=4000)["two_sample"] < found - 0.05


def test_a_classifier_that_learns_by_heart_is_stopped_and_taken_back():
    module, rng = metric("two_sample"), np.random.default_rng(0)
    texts, real = rng.integers(0, 9, (400, 6)).astype("int32"), np.tile([1, 0, 0, 1], 100)
    pupil = module._taught(texts, real, 9)
    losses = pupil.history.history["val_loss"]
    best = int(np.argmin(losses))
    # Rounds of 20 updates, of which 600 make it no better.
    assert len(losses) == best + 1 + 600 // 20 < 4000 // 20
    logits = np.asarray(pupil(texts[::5]))[:, 0]
    assert np.logaddexp(0, np.where(real[::5], -logits, logits)).mean() == pytest.approx(losses[best], rel=1e-4)
    assert losses[-1] > losses[best] + 0.05


def test_the_interval_is_the_binomial_one(monkeypatch):
    module = metric("two_sample")
    source = load("oracle:markov", vocabulary_size=4, length=4, count=200)
    # Takes every text for a real one: right in half of 100 cases; 0.398 to 0.602 by Clopper and Pearson's tables.
    monkeypatch.setattr(module, "_taught", lambda *_: lambda texts: np.ones((len(texts), 1)))
    found = measure("two_sample", source.tokens[:100], source)
    assert found["two_sample"] == 0.5
    assert (found["two_sample_low"], found["two_sample_high"]) == pytest.approx((0.3983, 0.6017), abs=1e-4)


def test_short_texts_without_words_have_a_classifier_too(monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MOST_UPDATES", 20)
    source = load("oracle:markov", vocabulary_size=3, length=2, count=60)
    assert 0 <= measure("two_sample", source.tokens[:20], source)["two_sample"] <= 1
    with pytest.raises(NotComputableError, match="18 texts a side, at least 20"):
        measure("two_sample", source.tokens[:19], source)


@pytest.mark.parametrize("order", [1, 2])
def test_features_are_scikit_learns_tf_idf_but_for_a_rotation(order, known):
    mine = GramEncoder(known.tokens, order, 10, ends=True)
    texts = [" ".join(f"w{token}" for token in row if token) for row in known.tokens.tolist()]
    theirs = TfidfVectorizer(ngram_range=(order, order), min_df=2).fit_transform(texts).toarray()
    assert mine.dim == theirs.shape[1] == {1: 4, 2: 16}[order]
    found = mine.encode(known.tokens)
    np.testing.assert_allclose(found @ found.T, theirs @ theirs.T, atol=1e-6)


def test_the_local_distance_grows_with_what_is_wrong(known):
    rng = np.random.default_rng(3)
    assert measure("frechet_local", known.tokens, known)["frechet_local"] == pytest.approx(0, abs=1e-6)
    course = []
    for share in (0, 0.3, 1):
        samples = padded(random_texts(300, 7), 8)
        samples[rng.random(300) < share] = padded([[2, 2, 2, 3]], 8)
        course.append(measure("frechet_local", samples, known)["frechet_local"])
    assert course[1] > 3 * course[0]
    assert course[2] > 3 * course[1]


def test_the_local_distance_sees_the_order_of_words():
    source = load("oracle:markov", count=3000)
    real = source.oracle.draw(1000, 9)
    shuffled = np.random.default_rng(0).permuted(real, axis=1)
    found = [measure("frechet_local", samples, source)["frechet_local"] for samples in (real, shuffled)]
    assert found[1] > 5 * found[0]


def test_few_texts_have_no_covariance(known):
    with pytest.raises(NotComputableError, match="20 judged texts, at least 21 are needed: .* 20 features"):
        measure("frechet_local", known.tokens[:20], known)
    with pytest.raises(NotComputableError, match="12 real texts"):
        metric("frechet_local").require(TextReference(known, 12))
    strangers = source_of([[2], [3], [4]], [[5]])
    with pytest.raises(NotComputableError, match="no word occurs in two training texts"):
        metric("frechet_local").require(TextReference(strangers, 10))


def test_an_encoder_has_the_directions_that_its_texts_have():
    tokens = np.arange(2, 82, dtype=np.int32).reshape(40, 2).repeat(2, axis=0)
    encoder = LocalEncoder(tokens, 82, ends=True)
    assert encoder.dim == 64
    assert encoder.identity["grams"] == [80, 40]
    assert encoder.encode(tokens[:3]).shape == (3, 64)


def test_metrics_give_what_they_announce(chain, monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MOST_UPDATES", 20)
    generator = SequenceGenerator(3, 3, ends=False, cell="none", embedding_dim=4)
    for name in metric_names():
        assert set(measure(name, chain.tokens[:100], chain, Model(generator))) == set(metric(name).RESULTS)
