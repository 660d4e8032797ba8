"""Callbacks in a plain `model.fit`."""

import json
import os
import signal

import numpy as np
import pytest
from ganzoo.export.visualization import overview
from ganzoo.training.callbacks import (
    Checkpoint,
    MetricsLogger,
    SampleGrid,
    TerminateOnNonFinite,
    TerminateOnSignal,
)
from ganzoo.training.callbacks.metrics_logger import append_row, read_rows, truncate_rows
from ganzoo.training.callbacks.stopping import DivergenceError
from ganzoo.training.run.checkpointing import load_checkpoint
from ganzoo.zoo import GAN


@pytest.fixture
def small(tiny):
    return tiny(GAN, network="mlp")


def test_rows_partition_the_steps_across_epochs_and_fits(small, images, tmp_path):
    log = MetricsLogger(tmp_path / "metrics.jsonl", every_n_steps=4, batch_size=8, also_every_n_steps=6)
    small.fit(images, batch_size=8, epochs=2, steps_per_epoch=5, callbacks=[log], verbose=0)
    small.fit(images, batch_size=8, steps_per_epoch=3, callbacks=[log], verbose=0)
    rows = read_rows(tmp_path / "metrics.jsonl")
    assert [row["step"] for row in rows] == [4, 6, 8, 10, 12, 13]
    assert sum(row["steps_averaged"] for row in rows) == 13


def test_steps_are_counted_correctly_with_several_steps_per_execution(tiny, images, tmp_path):
    model = tiny(GAN, network="mlp", compiled=False)
    model.compile(steps_per_execution=3)
    log = MetricsLogger(tmp_path / "metrics.jsonl", every_n_steps=3, batch_size=8)
    model.fit(images, batch_size=8, steps_per_epoch=9, callbacks=[log], verbose=0)
    assert [row["step"] for row in read_rows(tmp_path / "metrics.jsonl")] == [3, 6, 9]
    assert model.steps_done == 9


def test_means_are_computed_over_their_own_interval(small, images, tmp_path):
    """Compared with a run that logs every step: each mean equals the mean of its two steps."""
    means = []
    for every_n_steps in (1, 2):
        model = small if every_n_steps == 1 else type(small).from_config(small.get_config())
        model.compile()
        path = tmp_path / f"{every_n_steps}.jsonl"
        model.fit(images, batch_size=8, steps_per_epoch=6, callbacks=[MetricsLogger(path, every_n_steps, 8)], verbose=0)
        means.append([row["d_loss"] for row in read_rows(path)])
    np.testing.assert_allclose(np.reshape(means[0], (3, 2)).mean(1), means[1], rtol=1e-5)


def test_rows_after_the_checkpoint_and_truncated_lines_are_removed(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for step in (1, 2, 3):
        append_row(path, {"step": step})
    with open(path, "a") as file:
        file.write('{"step": 4, "d_lo')
    truncate_rows(path, 2)
    assert [json.loads(line) for line in path.read_text().splitlines()] == [{"step": 1}, {"step": 2}]


def test_grids_are_written_at_their_steps_and_show_the_same_latents(small, images, tmp_path, read_png):
    grid = SampleGrid(tmp_path, every_n_steps=4, real=images[:3], num_samples=5)
    small.fit(images, batch_size=8, steps_per_epoch=6, callbacks=[grid], verbose=0)
    assert sorted(os.listdir(tmp_path)) == ["step-000000.png", "step-000004.png", "step-000006.png"]
    expected = overview(small.generate(5, seed=0), images[:3])
    np.testing.assert_array_equal(read_png(tmp_path / "step-000006.png"), expected[..., 0])
    assert (read_png(tmp_path / "step-000000.png") != expected[..., 0]).any()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_non_finite_loss_stops_names_itself_and_keeps_the_checkpoint(small, images, tmp_path, bad):
    checkpoint = Checkpoint(tmp_path, every_n_steps=2)
    small.fit(images, batch_size=8, steps_per_epoch=2, callbacks=[checkpoint], verbose=0)
    small.discriminator.trainable_variables[0].assign(np.full(small.discriminator.trainable_variables[0].shape, bad))
    with pytest.raises(DivergenceError, match=r"is (nan|inf|-inf) at step 3"):
        small.fit(images, batch_size=8, steps_per_epoch=4, callbacks=[TerminateOnNonFinite(), checkpoint], verbose=0)
    model, _ = load_checkpoint(tmp_path)
    assert model.steps_done == 2
    assert all(np.isfinite(weight.numpy()).all() for weight in model.weights)


def test_non_finite_weights_are_never_saved(small, tmp_path):
    from ganzoo.training.run.checkpointing import CheckpointError, save_checkpoint

    save_checkpoint(small, tmp_path)
    before = (tmp_path / "last.keras").read_bytes()
    small.generator.trainable_variables[0].assign(np.full(small.generator.trainable_variables[0].shape, np.nan))
    with pytest.raises(CheckpointError, match="is NaN or infinite at step 0"):
        save_checkpoint(small, tmp_path)
    assert (tmp_path / "last.keras").read_bytes() == before


def test_a_signal_ends_fit_after_its_step_and_handlers_are_restored(small, images):
    class Raise(TerminateOnSignal):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                signal.raise_signal(signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    stop = Raise()
    small.fit(images, batch_size=8, steps_per_epoch=50, callbacks=[stop], verbose=0)
    assert stop.received is signal.SIGTERM
    assert small.steps_done == 3
    assert signal.getsignal(signal.SIGTERM) is before


def test_many_grids_trace_the_generator_once(small, images, tmp_path):
    grid = SampleGrid(tmp_path, every_n_steps=1, num_samples=3)
    small.fit(images, batch_size=8, steps_per_epoch=20, callbacks=[grid], verbose=0)
    assert small._sampler.experimental_get_tracing_count() == 1
