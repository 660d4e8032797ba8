"""A run folder from the command line: what a user loses, and what continues after a kill or a move."""

import importlib
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from ganzoo.training import load, load_run
from ganzoo.training.cli.command_line import main
from ganzoo.training.config.recipe import load_recipe
from ganzoo.training.run import training_run
from ganzoo.training.run.checkpointing import save_checkpoint
from ganzoo.training.run.folder.run_writer import RunWriter
from ganzoo.training.run.run_dir import RunDir
from ganzoo.zoo.errors import UserError
from PIL import Image

RECIPE = """
[data]
source = "folder:photos"
resolution = 8
[model]
variant = "gan"
generator = "mlp"
discriminator = "mlp"
[train]
steps = 4
batch_size = 2
"""


class Killed(BaseException):
    """Ends a run like a signal, without ending the process."""


def kill(*_, **__):
    raise Killed


@pytest.fixture
def save_without_training(monkeypatch):
    """Replaces the training by its first checkpoint; returns the models that would have been trained."""
    models = []

    def fit(model, source, evaluator, recipe, run_dir, *_):
        models.append(model)
        save_checkpoint(model, run_dir.checkpoints)
        return training_run.TrainingResult(model, 0, None)

    monkeypatch.setattr(training_run, "_fit", fit)
    return models


@pytest.fixture
def project(tmp_path, monkeypatch):
    """The working directory of a user: a recipe, and a folder of images."""
    (tmp_path / "photos").mkdir()
    random = np.random.default_rng(0)
    for number in range(20):
        Image.fromarray(random.integers(0, 256, (8, 8), np.uint8)).save(tmp_path / "photos" / f"{number}.png")
    (tmp_path / "recipe.toml").write_text(RECIPE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def tree(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# What a new run must not destroy.


@pytest.mark.parametrize("flags", [[], ["--overwrite"]])
@pytest.mark.parametrize("out", ["project", "project/photos", ".", "~", "link", "file", "dangling"])
def test_folders_of_the_user_are_refused_before_anything_is_computed(
    project, tmp_path_factory, monkeypatch, capsys, out, flags
):
    outside = tmp_path_factory.mktemp("outside")
    project.rename(outside / "project")
    monkeypatch.chdir(outside)
    monkeypatch.setenv("HOME", str(outside / "project"))
    (outside / "project" / "thesis.tex").write_text("mine")
    (outside / "link").symlink_to("project")
    (outside / "dangling").symlink_to("missing")
    (outside / "file").write_text("mine")
    monkeypatch.setattr(training_run, "load", kill)
    before = tree(outside)
    arguments = ["--data", f"folder:{outside}/project/photos", "--out", out, *flags]
    assert main(["train", "project/recipe.toml", *arguments]) == 2
    (message,) = capsys.readouterr().err.splitlines()
    assert message.startswith("ganzoo: ")
    assert tree(outside) == before


def test_a_start_that_fails_keeps_the_old_run(project, capsys, save_without_training):
    assert main(["train", "recipe.toml", "--out", "run", "--quiet"]) == 0
    before = tree(project / "run")
    refused = ["--set", "train.batch_size=64"]
    assert main(["train", "recipe.toml", "--out", "run", "--overwrite", "--quiet", *refused]) == 2
    assert "received 64 for 18 images" in capsys.readouterr().err
    assert tree(project / "run") == before
    assert load_run("run").steps_done == 0


def test_a_run_is_not_written_by_two_processes(project, capsys, save_without_training, monkeypatch):
    """The second command comes while the first one trains."""
    fit, codes = training_run._fit, []

    def meanwhile(*arguments):
        monkeypatch.setattr(training_run, "_fit", fit)
        for command in (
            ["--resume", "run"],
            ["recipe.toml", "--out", "run"],
            ["recipe.toml", "--out", "run", "--overwrite"],
        ):
            codes.append(main(["train", *command]))
        return fit(*arguments)

    monkeypatch.setattr(training_run, "_fit", meanwhile)
    assert main(["train", "recipe.toml", "--out", "run", "--quiet"]) == 0
    assert codes == [2, 2, 2]
    assert capsys.readouterr().err.count(f"a run that process {os.getpid()} is writing") == 3
    assert len(save_without_training) == 1
    assert main(["train", "--resume", "run", "--quiet"]) == 0


# Kills before the first checkpoint.


@pytest.mark.parametrize(
    "command",
    [["--resume", "killed"], pytest.param(["../gan.toml", "--out", "killed"], marks=pytest.mark.thorough)],
)
def test_a_run_killed_before_its_first_checkpoint_equals_an_uninterrupted_one(
    image_run, train_toml, tmp_path, monkeypatch, capsys, command
):
    text = (image_run.parent / "gan.toml").read_text()
    (tmp_path / "gan.toml").write_text(text)
    (tmp_path / "runs").mkdir()
    monkeypatch.chdir(tmp_path / "runs")
    with monkeypatch.context() as patch:
        patch.setattr(training_run, "_fit", kill)
        with pytest.raises(Killed):
            main(["train", "../gan.toml", "--out", "killed", "--quiet"])
    assert main(["sample", "killed"]) == 2
    assert "train the run first, with `ganzoo train --resume killed`" in capsys.readouterr().err
    assert main(["train", *command]) == 0
    assert ("it starts from its recipe" in capsys.readouterr().err) == ("--resume" in command)
    for one, other in zip(load_run("killed").variables, load_run(image_run).variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


def test_a_run_killed_before_its_first_checkpoint_keeps_the_weights_that_it_was_to_start_from(
    image_run, tmp_path, monkeypatch, save_without_training
):
    fit = training_run._fit
    monkeypatch.setattr(training_run, "_fit", kill)
    recipe = str(image_run / "recipe.toml")
    with pytest.raises(Killed):
        main(["train", recipe, "--out", str(tmp_path / "run"), "--init-from", str(image_run), "--quiet"])
    monkeypatch.setattr(training_run, "_fit", fit)
    assert main(["train", "--resume", str(tmp_path / "run"), "--quiet"]) == 0
    (model,) = save_without_training
    for one, other in zip(model.generator.weights, load_run(image_run).generator.weights, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


@pytest.mark.parametrize("state", ["marked", "creating", "created"])
def test_benchmarks_continue_a_folder_without_a_step(project, monkeypatch, save_without_training, state):
    monkeypatch.syspath_prepend(str(Path(__file__).parents[3] / "benchmarks"))
    recipe, run_dir = load_recipe("recipe.toml"), RunDir("run")
    with RunWriter(run_dir) as writer:
        writer.create(recipe, load(**recipe.data).fingerprint)
    if state == "creating":
        content = run_dir.read_state() | {"creating": True}
        run_dir.state.write_text(json.dumps(content))
        run_dir.recipe.unlink()
    elif state == "marked":
        for path in ("recipe.toml", "environment.json", "checkpoints/state.json"):
            (run_dir.path / path).unlink()
    assert importlib.import_module("fashion_mnist").finish(recipe, run_dir) == 0
    assert len(save_without_training) == 1
    assert run_dir.load_recipe().content() == recipe.with_absolute_paths().content()
    assert not run_dir.read_state().get("creating")


# Data that move, and machines that change.


def test_data_are_identified_by_their_fingerprint(project, capsys, save_without_training, monkeypatch):
    assert main(["train", "recipe.toml", "--out", "run", "--quiet"]) == 0
    monkeypatch.chdir("photos")
    assert main(["train", "--resume", "../run", "--quiet"]) == 0
    monkeypatch.chdir(project)
    shutil.move("photos", "archive")
    for command in (["train", "--resume", "run"], ["evaluate", "run"]):
        assert main(command) == 2
        assert "--data" in capsys.readouterr().err
    assert main(["train", "--resume", "run", "--data", "folder:archive/"]) == 0
    note = f"data.source: 'folder:{project}/photos' -> 'folder:{project}/archive'; the data are the same"
    assert note in capsys.readouterr().err
    assert f'source = "folder:{project}/archive"' in (project / "run" / "recipe.toml").read_text()
    assert RunDir("run").load_data().name == f"folder:{project}/archive"
    # From now on the run finds them by itself.
    assert main(["train", "--resume", "run", "--quiet"]) == 0


def test_other_data_are_refused_by_every_command_that_reads_them(project, capsys, save_without_training):
    assert main(["train", "recipe.toml", "--out", "run", "--quiet"]) == 0
    shutil.copytree("photos", "fewer")
    (project / "fewer" / "3.png").unlink()
    before = (project / "run" / "recipe.toml").read_text()
    for command in (["train", "--resume"], ["evaluate"], ["export"]):
        assert main([*command, "run", "--data", "folder:fewer"]) == 2
        message = capsys.readouterr().err.splitlines()[-1]
        assert "received other data than the run was trained on (data.source: " in message
    assert main(["train", "--resume", "run", "--set", "data.resolution=16"]) == 2
    assert "(data.resolution: 8 -> 16; fingerprint " in capsys.readouterr().err
    assert (project / "run" / "recipe.toml").read_text() == before
    with pytest.raises(UserError, match="other data than the run was trained on"):
        RunDir("run").load_data(RunDir("run").load_recipe(source="folder:fewer"))


def test_data_of_a_run_are_an_option_of_runs_alone(capsys):
    assert main(["evaluate", "--real", "digits", "--fake", "digits", "--data", "digits"]) == 2
    assert "--data: received 'digits' with --real, expected none" in capsys.readouterr().err


def test_another_number_of_replicas_resumes_with_a_note(
    image_run, tmp_path, monkeypatch, capsys, two_replicas, save_without_training
):
    run = shutil.copytree(image_run, tmp_path / "run")
    monkeypatch.setattr(training_run, "make_strategy", lambda *_: two_replicas)
    options = ["--set", "train.strategy=mirrored", "--set", "train.steps=2"]
    assert main(["train", "--resume", str(run), *options]) == 0
    errors = capsys.readouterr().err
    assert "train.strategy: 'auto' -> 'mirrored'" in errors
    assert "replicas: 1 -> 2; the global batch, its order and its latents stay the same" in errors
    assert json.loads((run / "checkpoints" / "state.json").read_text())["replicas"] == 2
    (model,) = save_without_training
    for one, other in zip(model.variables, load_run(image_run).variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy(), err_msg=one.path)


def test_a_run_that_was_extended_keeps_its_new_length(image_run, tmp_path, capsys, save_without_training):
    run = shutil.copytree(image_run, tmp_path / "run")
    assert main(["train", "--resume", str(run), "--set", "train.steps=3", "--set", "train.save_every=1"]) == 0
    assert "train.save_every: 1000 -> 1" in capsys.readouterr().err
    assert main(["train", "--resume", str(run)]) == 0
    recipe = RunDir(run).load_recipe()
    assert (recipe.train.steps, recipe.train.save_every) == (3, 1)
