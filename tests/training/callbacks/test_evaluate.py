"""Scores during training, and the checkpoint `best`."""

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.training import load, load_recipe, load_run, train
from ganzoo.training.callbacks import Checkpoint, Evaluate
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture
def recipe(feature_extractor_path):
    def build(*overrides):
        return load_recipe(
            "gan_digits",
            [
                "data.resolution=8",
                "model.generator.width=4",
                "model.discriminator.width=4",
                "train.batch_size=16",
                "train.log_every=5",
                "train.save_every=10",
                "evaluate.every=10",
                "evaluate.num_samples=200",
                'evaluate.metrics=["fid", "kid"]',
                f'evaluate.extractor="{feature_extractor_path}"',
                *overrides,
            ],
        )

    return build


class FixedScores:
    """An evaluator that returns the given FIDs."""

    def __new__(cls, source, fids):
        evaluator = ImageEvaluator(source, metrics=["fid"], num_samples=100, extractor=_identity_network())
        fids = iter(fids)
        evaluator.score = lambda *_: {"fid": next(fids)}
        return evaluator


def _identity_network():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])


def scores(path):
    return [(row["step"], row["fid"]) for row in read_rows(path) if "fid" in row]


def test_a_run_is_evaluated_before_its_first_step_at_every_interval_and_at_its_end(recipe, tmp_path):
    result = train(recipe("train.steps=15"), tmp_path / "run", progress=False)
    rows = [row for row in read_rows(tmp_path / "run" / "metrics.jsonl") if "fid" in row]
    assert [row["step"] for row in rows] == [0, 10, 15]
    assert [row["kimg"] for row in rows] == [0, 0.16, 0.24]
    assert all({"fid", "kid", "evaluation_seconds"} <= set(row) for row in rows)
    assert result.best == min((row["fid"], row["step"]) for row in rows)


def test_the_callback_writes_the_scores_of_the_evaluator(recipe, tmp_path, digits, feature_extractor_path):
    result = train(recipe("train.steps=10"), tmp_path / "run", progress=False)
    evaluator = ImageEvaluator(digits, feature_extractor_path, ["fid"], 200)
    expected = evaluator.score(result.model.generate(200, seed=1_000_000, batch_size=256), value_range=(-1, 1))
    assert scores(tmp_path / "run" / "metrics.jsonl")[-1] == (10, pytest.approx(expected["fid"], rel=1e-9))


def test_the_best_checkpoint_is_the_one_with_the_lowest_score(digits, tmp_path):
    model = GAN.create(digits.shape, {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4}, latent_dim=4)
    model.compile()
    images = {}

    class Record(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            images[batch + 1] = self.model.generate(2, seed=0)

    # Of steps 0, 2, 4, 6: the third is the best.
    evaluate = Evaluate(
        FixedScores(digits, [9.0, 5.0, 3.0, 4.0]), every_n_steps=2, path=tmp_path / "rows", best=tmp_path
    )
    model.fit(digits, batch_size=16, steps_per_epoch=6, callbacks=[Record(), evaluate], verbose=0)
    assert (evaluate.best_score, evaluate.best_step) == (3.0, 4)
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert best.steps_done == 4
    np.testing.assert_array_equal(best.generate(2, seed=0), images[4])


def test_patience_ends_training_and_the_last_state_is_saved(digits, tmp_path):
    model = GAN.create(digits.shape, {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4}, latent_dim=4)
    model.compile()
    evaluate = Evaluate(
        FixedScores(digits, [5.0, 4.0, 6.0, 4.5, 1.0]), every_n_steps=3, path=tmp_path / "rows", patience=2
    )
    checkpoint = Checkpoint(tmp_path / "checkpoints", every_n_steps=100)
    model.fit(digits, batch_size=16, steps_per_epoch=90, callbacks=[evaluate, checkpoint], verbose=0)
    assert scores(tmp_path / "rows") == [(0, 5.0), (3, 4.0), (6, 6.0), (9, 4.5)]
    assert model.steps_done == 9
    assert checkpoint.saved_step == 9


@pytest.mark.thorough
def test_a_resumed_run_has_the_rows_and_the_best_of_an_uninterrupted_one(recipe, tmp_path):
    train(recipe("train.steps=40"), tmp_path / "uninterrupted", progress=False)
    train(recipe("train.steps=20"), tmp_path / "resumed", progress=False)
    train(recipe("train.steps=40"), tmp_path / "resumed", resume=True, progress=False)
    uninterrupted, resumed = (
        [
            {key: value for key, value in row.items() if key not in ("images_per_second", "evaluation_seconds")}
            for row in read_rows(tmp_path / name / "metrics.jsonl")
        ]
        for name in ("uninterrupted", "resumed")
    )
    assert resumed == uninterrupted
    best = [load_run(tmp_path / name, "best") for name in ("uninterrupted", "resumed")]
    assert best[0].steps_done == best[1].steps_done
    for one, other in zip(best[0].weights, best[1].weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_evaluation_changes_nothing_in_training(recipe, tmp_path):
    evaluated = train(recipe("train.steps=20"), tmp_path / "evaluated", progress=False).model
    not_evaluated = train(
        recipe("train.steps=20", "evaluate.every=0"), tmp_path / "not_evaluated", progress=False
    ).model
    assert scores(tmp_path / "not_evaluated" / "metrics.jsonl") == []
    assert not (tmp_path / "not_evaluated" / "checkpoints" / "best.keras").exists()
    for one, other in zip(evaluated.weights, not_evaluated.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())


def test_data_without_a_score_are_noticed_before_the_first_step(recipe, feature_extractor_path, tmp_path, digits):
    few = np.asarray(digits.samples[:40])
    evaluator = ImageEvaluator(load(few), feature_extractor_path, ["fid"], 100)
    model = GAN.create(digits.shape, {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4}, latent_dim=4)
    model.compile()
    with pytest.raises(ArgumentError, match=r"54 features is singular.*evaluate.every=0"):
        model.fit(few, batch_size=16, callbacks=[Evaluate(evaluator, every_n_steps=1)], verbose=0)
    assert model.steps_done == 0


def test_an_evaluator_without_fid_is_refused(digits):
    with pytest.raises(ArgumentError, match="expected 'fid' among them"):
        Evaluate(ImageEvaluator(digits, _identity_network(), ["kid"], 100), every_n_steps=1)


def test_a_finished_run_builds_no_evaluator(recipe, tmp_path, monkeypatch):
    from ganzoo.training.run import training_run

    finished = recipe("train.steps=10")
    train(finished, tmp_path / "run", progress=False)
    monkeypatch.setattr(training_run, "make_evaluator", None)
    assert train(finished, tmp_path / "run", resume=True, progress=False).step == 10
