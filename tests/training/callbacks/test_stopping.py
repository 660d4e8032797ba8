"""Signals: training ends after its step, what has nothing to save ends at once, and both can be continued."""

import json
import signal
import threading

import pytest
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.training import load_recipe, load_run, train
from ganzoo.training.callbacks import Checkpoint, SampleGrid, TerminateOnSignal
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.callbacks.stopping import SignalReceived, interruptible
from ganzoo.training.cli.command_line import main
from ganzoo.zoo import GAN


@pytest.fixture(autouse=True)
def _handlers():
    """Whatever happens, the handlers of the test program are as before."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    yield
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_the_body_of_interruptible_ends_at_once():
    done = []
    with TerminateOnSignal() as terminate:
        with pytest.raises(SignalReceived, match="SIGTERM"), interruptible():
            done.append(signal.raise_signal(signal.SIGTERM))
        with pytest.raises(SignalReceived), interruptible():
            done.append("another body")
    assert done == []
    assert terminate.received is signal.SIGTERM


def test_elsewhere_the_signal_is_only_noted():
    with TerminateOnSignal() as terminate:
        signal.raise_signal(signal.SIGINT)
    assert terminate.received is signal.SIGINT


def test_without_a_callback_interruptible_changes_nothing():
    # A shell without job control starts background jobs with the signal ignored.
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with interruptible(), pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, inherited)


def test_where_everything_is_saved_the_signal_ends_fit_at_once(tiny, images, tmp_path):
    checkpoint = Checkpoint(tmp_path, every_n_steps=2)

    class Raise(SampleGrid):
        def render(self):
            signal.raise_signal(signal.SIGTERM)

    model, terminate = tiny(GAN, network="mlp"), TerminateOnSignal(checkpoint)
    callbacks = [terminate, checkpoint, Raise(tmp_path, every_n_steps=2)]
    with terminate, pytest.raises(SignalReceived):
        model.fit(images, batch_size=8, steps_per_epoch=2, callbacks=callbacks, verbose=0)
    assert model.steps_done == checkpoint.saved_step == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["last.keras"]


def test_what_is_abandoned_between_steps_ends_fit_and_the_step_is_saved(tiny, images, tmp_path):
    class Raise(SampleGrid):
        def render(self):
            if self.step:
                signal.raise_signal(signal.SIGTERM)
            return super().render()

    model, terminate = tiny(GAN, network="mlp"), TerminateOnSignal()
    callbacks = [terminate, Raise(tmp_path, 3, num_samples=2), Checkpoint(tmp_path, every_n_steps=100)]
    model.fit(images, batch_size=8, steps_per_epoch=9, callbacks=callbacks, verbose=0)
    assert terminate.received is signal.SIGTERM
    assert model.steps_done == callbacks[2].saved_step == 3
    assert [path.name for path in tmp_path.glob("*.png")] == ["step-000000.png"]


def test_another_thread_trains_without_handlers():
    errors = []

    def enter():
        with TerminateOnSignal():
            errors.append(TerminateOnSignal.active)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert errors == [None]


@pytest.fixture
def recipe(feature_extractor_path, tmp_path):
    """The path of a recipe file of 4 steps with evaluations at 0, 2 and 4."""
    path = tmp_path / "recipe.toml"
    settings = load_recipe(
        "gan_digits",
        [
            "data.resolution=8", "model.generator=mlp", "model.discriminator=mlp", "model.latent_dim=4",
            "train.batch_size=16", "train.steps=4", "train.log_every=1", "train.save_every=4", "train.sample_every=2",
            "evaluate.every=2", "evaluate.num_samples=100", 'evaluate.metrics=["fid"]',
            f'evaluate.extractor="{feature_extractor_path}"',
        ],
    )  # fmt: skip
    path.write_text(settings.dumps())
    return path


@pytest.fixture
def signal_in_evaluation(monkeypatch):
    """Sends SIGTERM in the evaluation of a step: `signal_in_evaluation(2)`."""
    sample = ImageEvaluator.sample

    def install(step):
        def interrupted(self, model, first_seed, name="samples"):
            if model.steps_done == step:
                signal.raise_signal(signal.SIGTERM)
            return sample(self, model, first_seed, name)

        monkeypatch.setattr(ImageEvaluator, "sample", interrupted)

    yield install
    monkeypatch.setattr(ImageEvaluator, "sample", sample)


def scores(folder):
    return [(row["step"], row["fid"]) for row in read_rows(folder / "metrics.jsonl") if "fid" in row]


@pytest.fixture(scope="module")
def uninterrupted():
    """Scores of an uninterrupted run by recipe text, so that it is trained once."""
    return {}


@pytest.mark.parametrize("step", [0, *(pytest.param(step, marks=pytest.mark.thorough) for step in (2, 4))])
def test_an_evaluation_is_abandoned_on_a_signal_and_repeated_on_resume(
    step, recipe, signal_in_evaluation, monkeypatch, tmp_path, capsys, uninterrupted
):
    if not uninterrupted:
        uninterrupted.update(scores=scores_of_run(recipe, tmp_path / "uninterrupted"))
    signal_in_evaluation(step)
    folder = tmp_path / "run"
    assert main(["train", str(recipe), "--out", str(folder), "--quiet"]) == 128 + signal.SIGTERM
    message = capsys.readouterr().err
    assert f"stopped by SIGTERM at step {step}; everything is saved, resume with `ganzoo train --resume" in message
    assert load_run(folder).steps_done == step
    assert [scored for scored, _ in scores(folder)] == [earlier for earlier in (0, 2) if earlier < step]
    monkeypatch.undo()
    assert main(["train", "--resume", str(folder), "--quiet"]) == 0
    assert scores(folder) == uninterrupted["scores"]
    assert (folder / "checkpoints" / "best.keras").exists()


def scores_of_run(recipe, folder):
    train(load_recipe(str(recipe)), folder, progress=False)
    return scores(folder)


def test_a_signal_while_data_are_read_leaves_nothing_and_says_how_to_start_again(recipe, tmp_path, monkeypatch, capsys):
    from ganzoo.training.run import training_run

    monkeypatch.setattr(training_run, "load", lambda **_: signal.raise_signal(signal.SIGTERM))
    folder = tmp_path / "run"
    assert main(["train", str(recipe), "--out", str(folder), "--json"]) == 128 + signal.SIGTERM
    assert json.loads(capsys.readouterr().out)["signal"] == "SIGTERM"
    assert not folder.exists()
    assert main(["train", str(recipe), "--out", str(folder), "--quiet"]) == 128 + signal.SIGTERM
    assert "before the run was created; start it again with the same command" in capsys.readouterr().err
