"""A run that is killed at any moment and resumed ends bit-identical to an uninterrupted one."""

import json
import os
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
from ganzoo.training import load_run
from ganzoo.training.callbacks.metrics_logger import read_rows

RECIPES = {
    "gan": """
[model]
variant = "gan"
latent_dim = 4
label_smoothing = 0.1
""",
    "wgan": """
[model]
variant = "wgan"
latent_dim = 4
n_critic = 2
[optimizers.generator]
name = "rmsprop"
learning_rate = 1e-3
[optimizers.discriminator]
name = "rmsprop"
learning_rate = 1e-3
""",
}
COMMON = """
[data]
source = "digits"
[model.generator]
network = "dcgan"
width = 4
[model.discriminator]
network = "dcgan"
width = 4
dropout = 0.2
[train]
steps = 150
batch_size = 32
seed = 5
log_every = 10
sample_every = 60
save_every = 30
linear_decay = 0.5
"""
# Sends a signal to the process itself after a step, before anything of the step is written: SIGNAL STEP ARGUMENTS...
SIGNAL_AT_STEP = """
import os, sys
from ganzoo.training.callbacks import TerminateOnNonFinite
from ganzoo.training.cli.command_line import main
number, signal_step = int(sys.argv[1]), int(sys.argv[2])
check = TerminateOnNonFinite.on_step
def send(self, step, previous, logs):
    check(self, step, previous, logs)
    if step == signal_step:
        os.kill(os.getpid(), number)
TerminateOnNonFinite.on_step = send
sys.exit(main(sys.argv[3:]))
"""
# Kills the process in the middle of the third save: the file is written but not yet renamed.
KILL_IN_SAVE = """
import os, sys
from ganzoo.training.run import checkpointing
from ganzoo.training.cli.command_line import main
replace, saves = os.replace, []
def kill(source, target):
    if os.path.basename(source) == checkpointing.PART:
        saves.append(target)
        if len(saves) == 3:
            os.kill(os.getpid(), 9)
    replace(source, target)
checkpointing.os.replace = kill
sys.exit(main(sys.argv[1:]))
"""
# Limits the size of files from one save on, as a full disk does: root ignores file modes. 20 kB hold no checkpoint.
FULL_DISK_AT_SAVE = """
import resource, sys
from ganzoo.training.run import checkpointing
from ganzoo.training.cli.command_line import main
import ganzoo.training.callbacks.checkpoint as callback
save, saves = checkpointing.save_checkpoint, []
def limited(model, directory):
    saves.append(directory)
    if len(saves) == int(sys.argv[1]):
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    save(model, directory)
callback.save_checkpoint = limited
sys.exit(main(sys.argv[2:]))
"""


def ganzoo(*arguments, script=None, code=0):
    """Runs the command line in a process of its own and returns its stderr."""
    program = ["-c", script] if script else ["-m", "ganzoo.training.cli"]
    process = subprocess.run([sys.executable, *program, *map(str, arguments)], stderr=subprocess.PIPE, text=True)
    assert process.returncode == code, process.stderr
    return process.stderr


def kill_at(step, *arguments):
    """Runs the command line until the process is killed after a step."""
    ganzoo(signal.SIGKILL.value, step, *arguments, "--quiet", script=SIGNAL_AT_STEP, code=-signal.SIGKILL)


def variables(folder):
    model = load_run(folder)
    variables = [*model.variables, *model.generator_optimizer.variables, *model.discriminator_optimizer.variables]
    # Keras numbers the names of its objects from one in each process, so order identifies them.
    return [(variable.path, variable.numpy()) for variable in variables]


def rows(folder):
    return [{k: v for k, v in row.items() if k != "images_per_second"} for row in read_rows(folder / "metrics.jsonl")]


def assert_identical(one, other):
    """Compares the metrics, weights, optimizer states and sample grids of two runs bit by bit."""
    assert rows(one) == rows(other)
    for (name, expected), (_, actual) in zip(variables(one), variables(other), strict=True):
        np.testing.assert_array_equal(expected, actual, err_msg=name)
    grids = sorted(path.name for path in (one / "samples").iterdir())
    assert grids == sorted(path.name for path in (other / "samples").iterdir() if path.suffix == ".png")
    for name in grids:
        assert (one / "samples" / name).read_bytes() == (other / "samples" / name).read_bytes()


@pytest.fixture
def recipe(tmp_path):
    """Writes a recipe file: `recipe("gan", steps=60)`."""

    def write(variant, **settings):
        text = RECIPES[variant] + COMMON
        for key, value in settings.items():
            (line,) = [line for line in COMMON.splitlines() if line.startswith(f"{key} = ")]
            text = text.replace(line, f"{key} = {value}")
        path = tmp_path / f"{variant}.toml"
        path.write_text(text)
        return path

    return write


@pytest.mark.thorough
@pytest.mark.parametrize("variant", ["gan", "wgan"])
def test_a_run_killed_three_times_equals_an_uninterrupted_one(variant, recipe, tmp_path):
    uninterrupted, killed = tmp_path / "uninterrupted", tmp_path / "killed"
    ganzoo("train", recipe(variant), "--out", uninterrupted, "--quiet")

    kill_at(47, "train", recipe(variant), "--out", killed)
    ganzoo("train", "--resume", killed, "--quiet", script=KILL_IN_SAVE, code=-signal.SIGKILL)
    assert (killed / "checkpoints" / "part.keras").exists()
    # The metrics of step 120 are written before its checkpoint.
    assert rows(killed)[-1]["step"] == 120
    kill_at(130, "train", "--resume", killed)
    assert rows(killed)[-1]["step"] == 120
    ganzoo("train", "--resume", killed, "--quiet")

    assert_identical(uninterrupted, killed)


def test_a_killed_wgan_run_equals_an_uninterrupted_one(recipe, tmp_path):
    uninterrupted, killed = tmp_path / "uninterrupted", tmp_path / "killed"
    path = recipe("wgan", steps=24, save_every=8, log_every=4, sample_every=12)
    ganzoo("train", path, "--out", uninterrupted, "--quiet")
    kill_at(14, "train", path, "--out", killed)
    assert load_run(killed).steps_done == 8
    ganzoo("train", "--resume", killed, "--quiet")
    assert_identical(uninterrupted, killed)


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.thorough), signal.SIGTERM])
def test_signals_save_and_name_the_resume_command(number, recipe, tmp_path):
    folder = tmp_path / "run"
    path = recipe("gan", save_every=100000, steps=100000)
    arguments = ["train", path, "--out", folder, "--quiet"]
    errors = ganzoo(number.value, 25, *arguments, script=SIGNAL_AT_STEP, code=128 + number)
    assert f"ganzoo train --resume {folder}" in errors
    assert "Traceback" not in errors
    saved = load_run(folder).steps_done
    assert saved == read_rows(folder / "metrics.jsonl")[-1]["step"] >= 25
    assert (folder / "samples" / f"step-{saved:06d}.png").exists()


@pytest.mark.thorough
def test_a_run_with_a_damaged_last_checkpoint_continues_from_the_previous_one(recipe, tmp_path):
    folder = tmp_path / "run"
    ganzoo("train", recipe("gan", steps=60), "--out", folder, "--quiet")
    last = folder / "checkpoints" / "last.keras"
    last.write_bytes(last.read_bytes()[:1000])
    errors = ganzoo("train", "--resume", folder, "--set", "train.steps=70")
    assert "last.keras is damaged" in errors
    assert "resuming from step 30" in errors
    assert [row["step"] for row in read_rows(folder / "metrics.jsonl")] == [10, 20, 30, 40, 50, 60, 70]
    assert json.loads((folder / "checkpoints" / "state.json").read_text())["recipe"]["train"]["steps"] == 70


@pytest.mark.parametrize(("save", "last_good"), [pytest.param(1, None, marks=pytest.mark.thorough), (3, 30)])
def test_a_full_disk_keeps_the_previous_checkpoint(save, last_good, recipe, tmp_path):
    folder = tmp_path / "run"
    path = recipe("gan", steps=90)
    errors = ganzoo(save, "train", path, "--out", folder, "--quiet", script=FULL_DISK_AT_SAVE, code=1)
    assert "Traceback" not in errors
    assert "File too large" in errors
    if last_good is None:
        assert "nothing was saved" in errors
        assert not list((folder / "checkpoints").glob("*.keras"))
        return
    assert f"the last good checkpoint is step {last_good} in {folder / 'checkpoints'}" in errors
    assert f"ganzoo train --resume {folder}" in errors
    assert load_run(folder).steps_done == last_good
    ganzoo("train", "--resume", folder, "--quiet")
    assert load_run(folder).steps_done == 90


def test_too_little_disk_space_is_noticed_before_the_first_step(tmp_path, monkeypatch):
    from ganzoo.training.run import checkpointing

    class Full:
        free = 1000

    monkeypatch.setattr(checkpointing.shutil, "disk_usage", lambda directory: Full)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2000)])
    model.generator_optimizer = model.discriminator_optimizer = keras.optimizers.SGD()
    with pytest.raises(checkpointing.CheckpointError, match=r"1,000 bytes are free, expected at least 96,096"):
        checkpointing.check_space(model, os.fspath(tmp_path))
