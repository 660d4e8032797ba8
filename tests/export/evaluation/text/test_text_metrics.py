"""Text metrics against values by hand, SciPy and scikit-learn, and on texts with known defects."""

import numpy as np
import pytest
from ganzoo.export.evaluation.text.local_encoder import LocalEncoder, NGramEncoder
from ganzoo.export.evaluation.text.metrics import NotComputableError, TextComparison, metric, metric_names
from ganzoo.export.evaluation.text.text_reference import TextReference, trimmed
from ganzoo.training.data import load
from ganzoo.training.data.text_source import TextSource
from ganzoo.zoo.sequences.sequence_generator import SequenceGenerator
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy
from sklearn.feature_extraction.text import TfidfVectorizer

END = 0


class Model:
    """The attribute of a model that metrics use."""

    def __init__(self, generator):
        self.ema_generator = generator


def random_texts(count, seed, words=4, longest=7):
    rng = np.random.default_rng(seed)
    return [rng.integers(2, 2 + words, rng.integers(0, longest + 1)).tolist() for _ in range(count)]


def padded(texts, length):
    return np.array([text + [END] * (length - len(text)) for text in texts], np.int32)


def source_of(training, held_out, length=8, size=10):
    return TextSource("known", padded(training, length), padded(held_out, length), vocabulary_size=size)


@pytest.fixture(scope="module")
def random_source():
    """400 + 100 short random texts, including empty ones."""
    return source_of(random_texts(400, 1), random_texts(100, 2))


@pytest.fixture(scope="module")
def chain():
    """A Markov chain with 27 sequences."""
    return load("oracle:markov", vocabulary_size=3, length=3, count=400)


def measure(name, samples, source, model=None, num_samples=1000):
    return metric(name).measure(TextComparison(samples, TextReference(source, num_samples), model))


def test_bleu_references_and_baseline_are_disjoint_held_out_texts(random_source):
    reference = TextReference(random_source, 1000)
    parts = np.concatenate([reference.bleu_references, reference.baseline])
    assert sorted(map(bytes, parts)) == sorted(map(bytes, random_source.held_out))
    many = TextSource("many", random_source.tokens, np.tile(random_source.held_out, (13, 1)), vocabulary_size=10)
    assert len(TextReference(many, 1000).bleu_references) == 500
    assert len(TextReference(many, 300).baseline) == 300


@pytest.mark.parametrize("name", ["bleu", "copies", "frechet_local", "two_sample"])
def test_empty_texts_are_counted_and_all_results_are_finite(name, random_source, monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MAX_UPDATES", 20)
    samples = padded([[], [], [2, 3]] * 40, 8)
    results = measure(name, samples, random_source)
    assert all(np.isfinite(value) for value in results.values())
    assert results.get("empty", 2 / 3) == pytest.approx(2 / 3)
    empty = measure(name, samples * 0, random_source)
    assert empty.get("empty", 1) == 1
    assert empty.get("bleu_2", 0) == 0


# Likelihood.


def by_hand(generator, tokens):
    """Log probabilities (num_samples, length) of a generator without memory, computed from its weights."""
    embedding, kernel, bias = (weight.numpy().astype(np.float64) for weight in generator.weights)
    last = np.concatenate([np.full((len(tokens), 1), len(embedding) - 1), tokens[:, :-1]], axis=1)
    logits = embedding[last] @ kernel + bias
    logits -= np.log(np.exp(logits).sum(-1, keepdims=True))
    return np.take_along_axis(logits, tokens[..., np.newaxis], axis=2)[..., 0]


def test_likelihoods_equal_a_softmax_by_hand_over_the_tokens_of_each_text(random_source):
    generator = SequenceGenerator(10, 8, cell="none", embedding_dim=4, initializer_stddev=1.0, seed=5)
    samples = padded([[5, 6], [], [2, 3, 4, 5, 6, 7, 8, 9]], 8)
    results = measure("likelihood", samples, random_source, Model(generator))
    logs = by_hand(generator, samples)
    # Two words and the end token; only the end token; eight words without one.
    assert results["entropy"] == pytest.approx(-(logs[0, :3].sum() + logs[1, 0] + logs[2].sum()) / 12, rel=1e-5)
    real = by_hand(generator, random_source.held_out)
    own = (np.cumsum(random_source.held_out == END, axis=1) - (random_source.held_out == END)) == 0
    assert results["nll_held_out"] == pytest.approx(-real[own].sum() / own.sum(), rel=1e-5)


def test_padding_does_not_change_likelihoods(random_source):
    generator = SequenceGenerator(10, 5, cell="none", embedding_dim=4, initializer_stddev=1.0, seed=5)
    longer = SequenceGenerator(10, 8, cell="none", embedding_dim=4, initializer_stddev=1.0, seed=5)
    source = source_of([[2]] * 20, [[3]] * 4, length=5)
    padded_texts = (
        trimmed(np.array([[5, 6, END, END, END]]), has_eos=True),
        trimmed(np.array([[5, 6, END, 7, 9]]), has_eos=True),
    )
    results = [measure("likelihood", tokens, source, Model(generator))["entropy"] for tokens in padded_texts]
    results.append(measure("likelihood", padded([[5, 6]], 8), random_source, Model(longer))["entropy"])
    assert results == pytest.approx([results[0]] * 3, rel=1e-6)


def test_nll_oracle_is_in_nats_per_token(chain):
    samples = chain.tokens[:7]
    expected = -np.log(chain.oracle.probabilities())[samples @ [9, 3, 1]].mean() / 3
    assert measure("nll_oracle", samples, chain) == {"nll_oracle": pytest.approx(expected)}


def test_exact_divergences_equal_those_of_scipy(chain):
    generator = SequenceGenerator(3, 3, has_eos=False, cell="none", embedding_dim=4, initializer_stddev=1.0, seed=2)
    results = measure("exact", chain.tokens[:2], chain, Model(generator))
    sequences = chain.oracle.sequences()
    real, fake = chain.oracle.probabilities(), np.exp(by_hand(generator, sequences).sum(1))
    assert fake.sum() == pytest.approx(1)
    assert results["js"] == pytest.approx(jensenshannon(real, fake) ** 2, rel=1e-4)
    assert results["kl_forward"] == pytest.approx(entropy(real, fake), rel=1e-4)
    assert results["kl_reverse"] == pytest.approx(entropy(fake, real), rel=1e-4)


def test_a_model_that_equals_the_oracle_has_no_divergence():
    source = load("oracle:lstm", vocabulary_size=3, length=4, count=40)
    results = measure("exact", source.tokens[:2], source, Model(source.oracle.generator))
    assert results == pytest.approx({"js": 0, "kl_forward": 0, "kl_reverse": 0}, abs=1e-6)


@pytest.mark.parametrize("name", ["exact", "likelihood"])
def test_likelihoods_need_a_model(name, chain):
    with pytest.raises(NotComputableError, match="require the model"):
        measure(name, chain.tokens[:20], chain)


@pytest.mark.parametrize("name", ["exact", "nll_oracle"])
def test_metrics_of_the_oracle_need_one(name, random_source):
    with pytest.raises(NotComputableError, match="the distribution that known was sampled from is unknown"):
        measure(name, random_source.tokens[:20], random_source)


def test_too_many_sequences_are_not_enumerated():
    source = load("oracle:markov", vocabulary_size=11, length=6, count=40)
    with pytest.raises(NotComputableError, match="too many sequences to enumerate"):
        metric("exact").require(TextReference(source, 10))


# Copies, the classifier, the local encoder.


def test_copies_of_training_texts_are_counted(random_source):
    training = {tuple(row) for row in random_source.tokens.tolist()}
    copied = random_source.tokens[:60]
    assert measure("copies", copied, random_source)["copied"] == 1
    new = padded([[2, 3, 4, 5, 2, 3, 4, n] for n in (6, 7, 8, 9)], 8)
    assert not {tuple(row) for row in new.tolist()} & training
    results = measure("copies", np.concatenate([random_source.tokens[:4], new, new, new]), random_source)
    different = len({tuple(row) for row in random_source.tokens[:4].tolist()}) + 4
    assert results["copied"] == 0.25
    assert results["distinct"] == different / 16


def test_one_repeated_text_has_the_best_bleu_and_the_worst_diversity(random_source):
    reference = TextReference(random_source, 1000)
    best = max(reference.bleu_references.tolist(), key=lambda row: np.count_nonzero(row))
    results = measure("bleu", np.tile(np.int32(best), (100, 1)), random_source)
    assert results["bleu_5"] == pytest.approx(1)
    assert results["self_bleu_5"] == pytest.approx(1)
    assert results["self_bleu_2"] > measure("bleu", reference.baseline, random_source)["self_bleu_2"]
    assert measure("copies", np.tile(np.int32(best), (100, 1)), random_source)["distinct"] == 0.01


def test_the_classifier_separates_degraded_texts_but_not_real_ones_from_real_ones(monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MAX_UPDATES", 400)
    source = load("oracle:markov", vocabulary_size=4, length=4, count=1200)
    real = source.oracle.sample(1000, 9)
    results = measure("two_sample", real, source)
    assert results["two_sample_low"] < 0.5 < results["two_sample_high"]
    assert measure("two_sample", real, source) == results
    # In half of the samples all words are the same.
    degraded = measure("two_sample", np.where(np.arange(1000)[:, np.newaxis] % 2, real, 3), source)
    assert degraded["two_sample_low"] > 0.6


@pytest.mark.thorough
def test_the_classifier_is_trained_until_it_no_longer_improves(monkeypatch):
    real, fakes = np.random.default_rng(0).integers(0, 12, (2, 4000, 3)).astype("int32")
    # The last token of real texts is the sum of the others: neither single tokens nor pairs are informative.
    real[:, 2] = real[:, :2].sum(axis=1) % 12
    source = TextSource("sums", real, real[:100], vocabulary_size=12, has_eos=False)
    results = measure("two_sample", fakes, source, num_samples=4000)["two_sample"]
    assert results > 0.85
    monkeypatch.setattr(metric("two_sample"), "MAX_UPDATES", 300)
    assert measure("two_sample", fakes, source, num_samples=4000)["two_sample"] < results - 0.05


@pytest.mark.thorough
def test_an_overfitting_classifier_is_stopped_and_its_best_weights_are_restored():
    module, rng = metric("two_sample"), np.random.default_rng(0)
    texts, real = rng.integers(0, 9, (400, 6)).astype("int32"), np.tile([1, 0, 0, 1], 100)
    classifier = module._trained_classifier(texts, real, 9)
    losses = classifier.history.history["val_loss"]
    best = int(np.argmin(losses))
    # Epochs of 20 updates, and 600 updates of patience.
    assert len(losses) == best + 1 + 600 // 20 < 4000 // 20
    logits = np.asarray(classifier(texts[::5]))[:, 0]
    assert np.logaddexp(0, np.where(real[::5], -logits, logits)).mean() == pytest.approx(losses[best], rel=1e-4)
    assert losses[-1] > losses[best] + 0.05


def test_the_interval_is_the_binomial_one(monkeypatch):
    module = metric("two_sample")
    source = load("oracle:markov", vocabulary_size=4, length=4, count=200)
    # Classifies all texts as real: correct in half of 100 cases; 0.398 to 0.602 by Clopper and Pearson's tables.
    monkeypatch.setattr(module, "_trained_classifier", lambda *_: lambda texts: np.ones((len(texts), 1)))
    results = measure("two_sample", source.tokens[:100], source)
    assert results["two_sample"] == 0.5
    assert (results["two_sample_low"], results["two_sample_high"]) == pytest.approx((0.3983, 0.6017), abs=1e-4)


def test_texts_of_two_tokens_have_a_classifier_too(monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MAX_UPDATES", 20)
    source = load("oracle:markov", vocabulary_size=3, length=2, count=60)
    assert 0 <= measure("two_sample", source.tokens[:20], source)["two_sample"] <= 1
    with pytest.raises(NotComputableError, match="18 texts per side, at least 20"):
        measure("two_sample", source.tokens[:19], source)


@pytest.mark.parametrize("order", [1, 2])
def test_features_equal_tf_idf_of_scikit_learn_up_to_a_rotation(order, random_source):
    encoder = NGramEncoder(random_source.tokens, order, 10, has_eos=True)
    texts = [" ".join(f"w{token}" for token in row if token) for row in random_source.tokens.tolist()]
    expected = TfidfVectorizer(ngram_range=(order, order), min_df=2).fit_transform(texts).toarray()
    assert encoder.dim == expected.shape[1] == {1: 4, 2: 16}[order]
    results = encoder.encode(random_source.tokens)
    np.testing.assert_allclose(results @ results.T, expected @ expected.T, atol=1e-6)


def test_frechet_local_increases_with_the_share_of_wrong_texts(random_source):
    rng = np.random.default_rng(3)
    assert measure("frechet_local", random_source.tokens, random_source)["frechet_local"] == pytest.approx(0, abs=1e-6)
    distances = []
    for share in (0, 0.3, 1):
        samples = padded(random_texts(300, 7), 8)
        samples[rng.random(300) < share] = padded([[2, 2, 2, 3]], 8)
        distances.append(measure("frechet_local", samples, random_source)["frechet_local"])
    assert distances[1] > 3 * distances[0]
    assert distances[2] > 3 * distances[1]


def test_frechet_local_depends_on_the_order_of_words():
    source = load("oracle:markov", count=3000)
    real = source.oracle.sample(1000, 9)
    shuffled = np.random.default_rng(0).permuted(real, axis=1)
    results = [measure("frechet_local", samples, source)["frechet_local"] for samples in (real, shuffled)]
    assert results[1] > 5 * results[0]


def test_too_few_texts_have_no_covariance(random_source):
    with pytest.raises(NotComputableError, match="20 evaluated texts, at least 21 are needed: .* 20 features"):
        measure("frechet_local", random_source.tokens[:20], random_source)
    with pytest.raises(NotComputableError, match="12 real texts"):
        metric("frechet_local").require(TextReference(random_source, 12))
    disjoint = source_of([[2], [3], [4]], [[5]])
    with pytest.raises(NotComputableError, match="no word occurs in two training texts"):
        metric("frechet_local").require(TextReference(disjoint, 10))


def test_the_encoder_has_at_most_32_directions_per_order():
    tokens = np.arange(2, 82, dtype=np.int32).reshape(40, 2).repeat(2, axis=0)
    encoder = LocalEncoder(tokens, 82, has_eos=True)
    assert encoder.dim == 64
    assert encoder.identity["grams"] == [80, 40]
    assert encoder.encode(tokens[:3]).shape == (3, 64)


def test_metrics_return_their_declared_results(chain, monkeypatch):
    monkeypatch.setattr(metric("two_sample"), "MAX_UPDATES", 20)
    generator = SequenceGenerator(3, 3, has_eos=False, cell="none", embedding_dim=4)
    for name in metric_names():
        assert set(measure(name, chain.tokens[:100], chain, Model(generator))) == set(metric(name).RESULTS)
