"""Killed at any moment and resumed, a run ends bit-identical to one that was never stopped."""

import json
import os
import random
import signal
import subprocess
import sys
import time

import keras
import numpy as np
import pytest
from ganzoo.training import load_run
from ganzoo.training.callbacks.metrics import read_rows

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
steps = 240
batch_size = 32
seed = 5
log_every = 10
sample_every = 120
save_every = 30
linear_decay = 0.5
"""
# Kills the process in the middle of the third save: the file is written, its name not yet given.
KILL_IN_SAVE = """
import os, sys
from ganzoo.training import checkpoint
from ganzoo.training.cli import main
replace, saves = os.replace, []
def killing(source, target):
    if os.path.basename(source) == checkpoint.PART:
        saves.append(target)
        if len(saves) == 3:
            os.kill(os.getpid(), 9)
    replace(source, target)
checkpoint.os.replace = killing
sys.exit(main(sys.argv[1:]))
"""


def start(*arguments, script=None):
    program = ["-c", script] if script else ["-m", "ganzoo.training.cli"]
    return subprocess.Popen([sys.executable, *program, *arguments, "--quiet"], stderr=subprocess.PIPE, text=True)


def finish(process):
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return errors


def kill_after(process, folder, rows):
    """Waits until the run has written some rows, then kills it a random while later."""
    deadline = time.monotonic() + 180
    try:
        while len(read_rows(folder / "metrics.jsonl")) < rows:
            assert process.poll() is None, process.stderr.read()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.15))
    finally:
        # Also if it is too slow: nothing may go on beside the next test.
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL, "the run ended before it was killed: make it longer"


def state(folder):
    model = load_run(folder)
    variables = [*model.variables, *model.generator_optimizer.variables, *model.discriminator_optimizer.variables]
    # Keras numbers the names of its objects anew in each process.
    return [(variable.path, variable.numpy()) for variable in variables]


def rows(folder):
    return [{k: v for k, v in row.items() if k != "images_per_second"} for row in read_rows(folder / "metrics.jsonl")]


@pytest.mark.parametrize("variant", ["gan", pytest.param("wgan", marks=pytest.mark.thorough)])
def test_killed_three_times_and_resumed_equals_never_stopped(variant, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPES[variant] + COMMON)
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    finish(start("train", str(recipe), "--out", str(whole)))

    kill_after(start("train", str(recipe), "--out", str(broken)), broken, rows=4)
    in_save = start("train", "--resume", str(broken), script=KILL_IN_SAVE)
    in_save.communicate(timeout=120)
    assert in_save.returncode == -signal.SIGKILL
    assert (broken / "checkpoints" / "part.keras").exists()
    at = len(read_rows(broken / "metrics.jsonl"))
    kill_after(start("train", "--resume", str(broken)), broken, rows=at + 1)
    finish(start("train", "--resume", str(broken)))

    assert rows(whole) == rows(broken)
    expected, actual = state(whole), state(broken)
    for (name, value), (_, other) in zip(expected, actual, strict=True):
        np.testing.assert_array_equal(value, other, err_msg=name)
    pictures = sorted(path.name for path in (whole / "samples").iterdir())
    assert pictures == sorted(path.name for path in (broken / "samples").iterdir() if path.suffix == ".png")
    for name in pictures:
        assert (whole / "samples" / name).read_bytes() == (broken / "samples" / name).read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals_save_and_name_the_resume_command(number, tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPES["gan"] + COMMON.replace("save_every = 30", "save_every = 100000"))
    folder = tmp_path / "run"
    process = start("train", str(recipe), "--out", str(folder), "--set", "train.steps=100000")
    while len(read_rows(folder / "metrics.jsonl")) < 2:
        assert process.poll() is None, process.stderr.read()
        time.sleep(0.01)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert f"ganzoo train --resume {folder}" in errors
    assert "Traceback" not in errors
    saved = load_run(folder).steps_done
    assert saved == read_rows(folder / "metrics.jsonl")[-1]["step"] > 0
    assert (folder / "samples" / f"step-{saved:06d}.png").exists()


def test_a_run_without_a_whole_last_checkpoint_goes_on_from_the_one_before(tmp_path):
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPES["gan"] + COMMON.replace("steps = 240", "steps = 60"))
    folder = tmp_path / "run"
    finish(start("train", str(recipe), "--out", str(folder)))
    last = folder / "checkpoints" / "last.keras"
    last.write_bytes(last.read_bytes()[:1000])
    process = subprocess.run(
        [sys.executable, "-m", "ganzoo.training.cli", "train", "--resume", str(folder), "--set", "train.steps=70"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert process.returncode == 0, process.stderr
    assert "last.keras is not whole" in process.stderr
    assert "going on from step 30" in process.stderr
    assert [row["step"] for row in read_rows(folder / "metrics.jsonl")] == [10, 20, 30, 40, 50, 60, 70]
    assert json.loads((folder / "checkpoints" / "state.json").read_text())["recipe"]["train"]["steps"] == 70


@pytest.mark.thorough
def test_a_disk_that_fills_up_leaves_the_checkpoint_before(tmp_path):
    """RLIMIT_FSIZE stands for the full disk: root ignores file modes. 20 kB hold no checkpoint of this model."""
    script = """
import resource, sys
from ganzoo.training import checkpoint
from ganzoo.training.cli import main
save, saves = checkpoint.save_checkpoint, []
def limited(model, folder):
    saves.append(folder)
    if len(saves) == int(sys.argv[1]):
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
    save(model, folder)
import ganzoo.training.callbacks.checkpoint as callback
callback.save_checkpoint = limited
sys.exit(main(sys.argv[2:]))
"""
    recipe = tmp_path / "recipe.toml"
    recipe.write_text(RECIPES["gan"] + COMMON.replace("steps = 240", "steps = 90"))
    for at, kept in ((1, None), (3, 30)):
        folder = tmp_path / f"run{at}"
        process = start(str(at), "train", str(recipe), "--out", str(folder), script=script)
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 1, errors
        assert "Traceback" not in errors
        assert "File too large" in errors
        if kept is None:
            assert "nothing was saved" in errors
            assert not list((folder / "checkpoints").glob("*.keras"))
        else:
            assert f"the checkpoint of step {kept}" in errors
            assert f"ganzoo train --resume {folder}" in errors
            assert load_run(folder).steps_done == kept
            finish(start("train", "--resume", str(folder)))


def test_too_little_room_is_noticed_before_the_first_step(tmp_path, monkeypatch):
    from ganzoo.training import checkpoint

    class Full:
        free = 1000

    monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda folder: Full)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2000)])
    model.generator_optimizer = model.discriminator_optimizer = keras.optimizers.SGD()
    with pytest.raises(checkpoint.CheckpointError, match=r"1,000 bytes are free, expected at least 96,096"):
        checkpoint.check_space(model, os.fspath(tmp_path))
