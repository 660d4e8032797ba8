"""Keras' callbacks on models with two optimizers."""

import csv

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.training.callbacks import Evaluate

from .models import family, images, tiny_gan

GAN_FAST = ["images"] + [pytest.param(name, marks=pytest.mark.thorough) for name in ("cyclegan", "seqgan")]


class Stop(keras.callbacks.Callback):
    """Ends a training after some steps as a crash would."""

    def __init__(self, steps):
        super().__init__()
        self.steps = steps

    def on_train_batch_end(self, batch, logs=None):
        self.steps -= 1
        if self.steps == 0:
            raise KeyboardInterrupt


class Scores:
    """An evaluator whose scores are given."""

    criterion, metrics, reasons = "fid", ("fid",), {}

    def __init__(self, scores):
        self.scores = list(scores)

    def sample(self, model, seed, description):
        return ()

    def score(self):
        return {"fid": self.scores.pop(0)}


def rates(model):
    return [float(each.learning_rate) for each in (model.generator_optimizer, model.discriminator_optimizer)]


def everything(model):
    """Returns the values of all variables but the counters of dropout, which each step sets anew."""
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    variables = (*model.variables, *(variable for each in optimizers for variable in each.variables))
    return [variable.numpy() for variable in variables if "seed_generator" not in variable.path]


def with_rates(model, generator=1e-3, discriminator=4e-3, **options):
    model.compile(keras.optimizers.Adam(generator), keras.optimizers.Adam(discriminator), **options)
    return model


@pytest.mark.parametrize("name", GAN_FAST)
@pytest.mark.parametrize("save_freq", [2, pytest.param("epoch", marks=pytest.mark.thorough)])
def test_a_restored_fit_ends_like_an_uninterrupted_one(name, save_freq, tmp_path):
    def train(*callbacks):
        model, rows = family(name, run_eagerly=True)
        model.fit(*rows(14), batch_size=4, epochs=3, verbose=0, callbacks=list(callbacks))
        return model

    def backup():
        return keras.callbacks.BackupAndRestore(tmp_path / "backup", save_freq=save_freq)

    complete = train()
    with pytest.raises(KeyboardInterrupt):
        # Epochs have 3 steps: the last backup is that of step 3, or that of step 4 inside the second epoch.
        train(backup(), Stop(5))
    restored = train(backup())
    assert complete.steps_done == restored.steps_done == 9
    for a, b in zip(everything(complete), everything(restored), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.thorough
@pytest.mark.parametrize("known", [True, False])
def test_a_restored_fit_reads_the_rest_of_a_dataset(known, tmp_path):
    def train(*callbacks):
        model = tiny_gan(run_eagerly=True)
        dataset = tf.data.Dataset.from_tensor_slices(images(14)).batch(4)
        dataset = dataset if known else dataset.filter(lambda _: True)
        model.fit(dataset, epochs=3, verbose=0, callbacks=list(callbacks))
        return model

    complete = train()
    with pytest.raises(KeyboardInterrupt):
        train(keras.callbacks.BackupAndRestore(tmp_path / "backup"), Stop(5))
    restored = train(keras.callbacks.BackupAndRestore(tmp_path / "backup"))
    assert restored.steps_done == complete.steps_done == 9
    for a, b in zip(everything(complete), everything(restored), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.thorough
def test_a_second_fit_after_a_restored_one_begins_with_its_first_epoch(tmp_path):
    def train(model, *callbacks):
        return model.fit(images(8), batch_size=4, epochs=2, verbose=0, callbacks=list(callbacks)).epoch

    with pytest.raises(KeyboardInterrupt):
        train(tiny_gan(run_eagerly=True), keras.callbacks.BackupAndRestore(tmp_path / "backup"), Stop(3))
    model = tiny_gan(run_eagerly=True)
    assert train(model, keras.callbacks.BackupAndRestore(tmp_path / "backup")) == [1]
    assert train(model) == [0, 1]


@pytest.mark.parametrize("name", GAN_FAST)
def test_schedules_and_plateaus_change_both_rates(name, tmp_path):
    model, rows = family(name, run_eagerly=True)
    with_rates(model, run_eagerly=True)
    data = rows(4)
    arguments = {"batch_size": 2, "steps_per_epoch": 1, "verbose": 0}
    halve = keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    log = keras.callbacks.CSVLogger(tmp_path / "log.csv")
    history = model.fit(*data, epochs=2, callbacks=[halve, log], **arguments).history
    assert rates(model) == pytest.approx([2.5e-4, 1e-3])
    assert history["learning_rate_generator_adam"] == pytest.approx([5e-4, 2.5e-4])
    assert history["learning_rate_discriminator_adam"] == pytest.approx([2e-3, 1e-3])
    with open(tmp_path / "log.csv") as file:
        logged = list(csv.DictReader(file))
    assert [float(row["g_loss"]) for row in logged] == pytest.approx(history["g_loss"], rel=1e-5)
    plateau = keras.callbacks.ReduceLROnPlateau("val_g_loss", factor=0.1, patience=1, min_delta=1e9, mode="min")
    held_out = data if len(data) == 2 else data[0]
    model.fit(*data, epochs=2, callbacks=[plateau], validation_data=held_out, **arguments)
    assert rates(model) == pytest.approx([2.5e-5, 1e-4])


def test_early_stopping_restores_the_weights_of_the_best_validation():
    model = tiny_gan(run_eagerly=True)
    seen = []

    class Worse(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert np.isfinite(logs["val_g_loss"])
            logs["val_g_loss"] = [3.0, 1.0, 2.0, 4.0, 0.0][epoch]
            seen.append(self.model.get_weights())

    stop = keras.callbacks.EarlyStopping("val_g_loss", mode="min", patience=2, restore_best_weights=True)
    x = images(4)
    model.fit(x, batch_size=4, epochs=5, validation_data=x, verbose=0, callbacks=[Worse(), stop])
    assert len(seen) == 4
    for best, weight in zip(seen[1], model.get_weights(), strict=True):
        np.testing.assert_array_equal(best, weight)


def test_early_stopping_reads_the_scores_of_an_evaluation(tmp_path):
    model = tiny_gan(run_eagerly=True)
    evaluate = Evaluate(Scores([9.0, 5.0, 4.0, 6.0, 7.0, 1.0]), every_n_steps=1)
    stop = keras.callbacks.EarlyStopping("fid", mode="min", patience=2)
    history = model.fit(images(4), batch_size=4, epochs=5, verbose=0, callbacks=[evaluate, stop]).history
    assert history["fid"] == [5.0, 4.0, 6.0, 7.0]


@pytest.mark.parametrize("name", GAN_FAST)
def test_checkpoints_by_epoch_and_by_step_and_tensorboard(name, tmp_path):
    model, rows = family(name, run_eagerly=True)
    by_epoch = keras.callbacks.ModelCheckpoint(tmp_path / "epoch-{epoch}.keras")
    by_step = keras.callbacks.ModelCheckpoint(tmp_path / "step-{batch}.weights.h5", save_freq=2, save_weights_only=True)
    best = keras.callbacks.ModelCheckpoint(tmp_path / "best.keras", "g_loss", mode="min", save_best_only=True)
    board = keras.callbacks.TensorBoard(tmp_path / "board", update_freq=1)
    model.fit(*rows(12), batch_size=4, epochs=1, verbose=0, callbacks=[by_epoch, by_step, best, board])
    loaded = keras.saving.load_model(tmp_path / "epoch-1.keras")
    assert loaded.steps_done == 3
    for a, b in zip(everything(model), everything(loaded), strict=True):
        np.testing.assert_array_equal(a, b)
    loaded.load_weights(tmp_path / "step-2.weights.h5")
    assert loaded.steps_done == 2
    assert (tmp_path / "best.keras").exists()
    assert list((tmp_path / "board").rglob("events*"))


def test_a_loss_that_is_not_a_number_ends_the_training():
    model = with_rates(tiny_gan(run_eagerly=True), 1e30, 1e30, run_eagerly=True)
    losses = []

    class LossOfKeras(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            logs["loss"] = logs["d_loss"] + logs["g_loss"]
            losses.append(logs["loss"])

    callbacks = [LossOfKeras(), keras.callbacks.TerminateOnNaN()]
    model.fit(images(40), batch_size=4, verbose=0, callbacks=callbacks)
    assert len(losses) < 10
    assert not np.isfinite(losses[-1])


@pytest.mark.thorough
@pytest.mark.parametrize("options", [{"steps_per_execution": 2}, {"jit_compile": True}])
def test_ways_of_execution_train_and_evaluate_alike(options):
    results = []
    for each in ({"run_eagerly": True}, options):
        model = tiny_gan(**each)
        history = model.fit(images(12), batch_size=4, validation_data=images(6), verbose=0).history
        results.append({name: values[0] for name, values in history.items()})
    assert results[1] == pytest.approx(results[0], rel=1e-4, abs=1e-5)
