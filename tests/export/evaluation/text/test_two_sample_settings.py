"""How the classifier of the two-sample test is trained, and how many texts the text metrics count."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation.text.metrics import NotComputableError, TextComparison, frechet_local, likelihood, metric
from ganzoo.training.data import load

two_sample = metric("two_sample")


@pytest.fixture
def training(monkeypatch):
    """What a classifier is compiled and fitted with; it is not trained."""
    calls = {}
    monkeypatch.setattr(
        keras.Model, "compile", lambda model, optimizer, loss, **options: calls.update(optimizer=optimizer)
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
    # Each drawn text is a training text with its target.
    known = {(*text, target) for text, target in zip(texts.tolist(), (np.arange(num_texts) % 2).tolist(), strict=True)}
    drawn = {
        (*text, int(target))
        for text, (target,) in zip(batch_texts.numpy().tolist(), batch_targets.numpy(), strict=True)
    }
    assert drawn <= known


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
