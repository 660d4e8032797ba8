"""How the classifier of the two-sample test is trained, and how many texts the text metrics count."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation.text.metrics import NotComputableError, TextComparison, frechet_local, likelihood, metric
from ganzoo.export.evaluation.text.text_reference import TextReference
from ganzoo.training.data import load
from ganzoo.training.data.text_source import TextSource

two_sample = metric("two_sample")


@pytest.fixture
def training(monkeypatch):
    """What a classifier is compiled and fitted with; it is not trained."""
    calls = {}
    monkeypatch.setattr(
        keras.Model, "compile", lambda model, optimizer, loss, **options: calls.update(optimizer=optimizer, loss=loss)
    )
    monkeypatch.setattr(keras.Model, "fit", lambda model, batches, **options: calls.update(options, batches=batches))
    return calls


@pytest.mark.parametrize(
    ("num_texts", "updates"),
    # Four fifths are for training, in batches of 128: within 20 and 100 updates per epoch, one pass each.
    [(1000, 20), (8000, 50), (40_000, 100)],
)
def test_an_epoch_is_one_pass_within_bounds(training, num_texts, updates):
    texts = np.arange(2 * num_texts, dtype=np.int32).reshape(num_texts, 2) % 7
    two_sample._trained_classifier(texts, np.arange(num_texts) % 2, 7)
    assert training["steps_per_epoch"] == updates
    assert training["epochs"] == 4000 // updates
    (stopping,) = training["callbacks"]
    assert (stopping.monitor, stopping.patience, stopping.restore_best_weights) == ("val_loss", 600 // updates, True)
    assert float(training["optimizer"].learning_rate) == pytest.approx(3e-3)
    assert training["validation_batch_size"] == 1000
    validation_texts, validation_targets = training["validation_data"]
    np.testing.assert_array_equal(validation_texts, texts[::5])
    np.testing.assert_array_equal(validation_targets[:, 0], (np.arange(num_texts) % 2)[::5])
    batch_texts, batch_targets = next(iter(training["batches"]))
    assert batch_texts.shape == (128, 2)
    assert len(training["batches"]) == 4000
    # Each sampled text is a training text with its target.
    known = {(*text, target) for text, target in zip(texts.tolist(), (np.arange(num_texts) % 2).tolist(), strict=True)}
    sampled = {
        (*text, int(target))
        for text, (target,) in zip(batch_texts.numpy().tolist(), batch_targets.numpy(), strict=True)
    }
    assert sampled <= known


def test_at_most_fifty_thousand_texts_of_each_side_count():
    for real, fake, used in ((60_000, 70_001, 50_000), (60_000, 41, 40), (31, 60_000, 30)):
        comparison = SimpleNamespace(reference=SimpleNamespace(real=np.zeros((real, 1))), samples=np.zeros((fake, 1)))
        assert two_sample.counts(comparison) == {"training texts": (used, real), "samples": (used, fake)}


@pytest.mark.parametrize(("num_texts", "batches"), [(999, 1), (1000, 1), (1001, 2)])
def test_a_thousand_texts_are_tested_at_a_time(monkeypatch, num_texts, batches):
    sizes = []
    monkeypatch.setattr(
        two_sample, "_trained_classifier", lambda *_: lambda texts: sizes.append(len(texts)) or np.ones((len(texts), 1))
    )
    texts = np.zeros((num_texts + num_texts % 2, 3), np.int32)
    source = SimpleNamespace(vocabulary_size=4)
    two_sample.measure(TextComparison(texts, SimpleNamespace(real=texts, source=source)))
    assert len(sizes) == batches
    assert sum(sizes) == len(texts)
    assert max(sizes) <= 1000


def test_twenty_texts_of_each_side_are_enough(monkeypatch):
    monkeypatch.setattr(two_sample, "_trained_classifier", lambda *_: lambda texts: np.ones((len(texts), 1)))
    source = SimpleNamespace(vocabulary_size=4)
    for count in (19, 20):
        texts = np.zeros((count, 3), np.int32)
        comparison = TextComparison(texts, SimpleNamespace(real=texts, source=source))
        if count == 19:
            with pytest.raises(NotComputableError, match="18 texts per side, at least 20 are needed"):
                two_sample.measure(comparison)
        else:
            assert two_sample.measure(comparison)["two_sample"] == 0.5


def test_held_out_texts_that_are_left_out_are_counted():
    reference = SimpleNamespace(held_out=np.zeros((30, 2)), source=SimpleNamespace(held_out=np.zeros((80, 2))))
    comparison = SimpleNamespace(reference=reference, samples=np.zeros((7, 2)))
    assert likelihood.counts(comparison) == {"samples": (7, 7), "held-out texts": (30, 80)}


def test_notes_on_few_texts_and_on_a_small_baseline():
    def notes(real, samples, baseline):
        reference = SimpleNamespace(real=range(real), baseline=range(baseline))
        return frechet_local.warnings(SimpleNamespace(reference=reference, samples=range(samples)))

    assert notes(1000, 1000, 1000) == []
    for real, samples in ((999, 1000), (1000, 999)):
        (few,) = notes(real, samples, 1000)
        assert few.startswith("frechet_local: computed from 999 texts; fewer than 1000 bias it upward")
    (small,) = notes(1000, 1000, 999)
    assert small.startswith("frechet_local: the held-out baseline has 999 texts, the samples are 1000")
    assert len(notes(10, 20, 5)) == 2


def test_too_many_sequences_are_refused_before_they_are_listed():
    source = load("oracle:markov", vocabulary_size=11, length=6, count=40)
    comparison = SimpleNamespace(reference=SimpleNamespace(source=source), model=SimpleNamespace(ema_generator=None))
    with pytest.raises(NotComputableError, match="too many sequences to enumerate"):
        metric("exact").measure(comparison)


def test_logits_above_zero_are_real(monkeypatch):
    # The classifier returns 1 for real texts and 0, the threshold, for samples.
    monkeypatch.setattr(two_sample, "_trained_classifier", lambda *_: lambda texts: texts[:, :1].astype("float32"))
    source = SimpleNamespace(vocabulary_size=4)
    real, samples = np.ones((40, 3), np.int32), np.zeros((40, 3), np.int32)
    for sides, share in (((real, samples), 1.0), ((samples, real), 0.0)):
        comparison = TextComparison(sides[1], SimpleNamespace(real=sides[0], source=source))
        assert two_sample.measure(comparison)["two_sample"] == share


def test_texts_are_shuffled_alike_in_every_evaluation():
    for seed in (0, 1):
        expected = np.random.default_rng((3, seed)).permutation(50)
        np.testing.assert_array_equal(two_sample._shuffled(np.arange(50), seed), expected)


def test_texts_without_a_common_word_are_not_encoded():
    tokens = np.arange(2, 8, dtype=np.int32)[:, np.newaxis]
    reference = TextReference(TextSource("disjoint", tokens, tokens, vocabulary_size=9), 6)
    with pytest.raises(NotComputableError, match="no word occurs in two training texts"):
        frechet_local.measure(TextComparison(tokens, reference))


@pytest.mark.parametrize(("length", "widths"), [(1, (1,)), (2, (1, 2)), (7, (1, 2, 3))])
def test_the_classifier_is_a_small_network_of_n_grams(training, monkeypatch, length, widths):
    arguments, build = {}, two_sample.text_cnn_discriminator
    monkeypatch.setattr(
        two_sample,
        "text_cnn_discriminator",
        lambda shape, size, **options: (
            arguments.update(options, shape=shape, size=size) or build(shape, size, **options)
        ),
    )
    texts = np.arange(40 * length, dtype=np.int32).reshape(40, length) % 9
    two_sample._trained_classifier(texts, np.arange(40) % 2, 9)
    expected = {"shape": (length,), "size": 9, "widths": widths, "filters": 32, "hidden": 32, "dtype": "float32"}
    assert arguments == expected
    # Logits, not probabilities.
    assert float(training["loss"]([[1.0]], [[0.0]])) == pytest.approx(np.log(2))


def test_training_texts_are_sampled_alike_in_every_evaluation(training):
    texts = np.arange(100, dtype=np.int32)[:, np.newaxis].repeat(2, axis=1)
    two_sample._trained_classifier(texts, np.arange(100) % 2, 100)
    rows = np.random.default_rng(5).choice(np.flatnonzero(np.arange(100) % 5), 128 * 4000)
    sampled, _ = next(iter(training["batches"]))
    np.testing.assert_array_equal(sampled[:, 0], rows[:128])
    # A static number of rows, so that the step is traced once.
    assert training["batches"].element_spec[0].shape == (128, 2)
