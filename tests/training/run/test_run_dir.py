"""The run directory: one object serves a command from start to end."""

from collections import Counter

import pytest
from ganzoo.training import load_run
from ganzoo.training.cli.command_line import main
from ganzoo.training.run import run_dir as module
from ganzoo.training.run import training_run
from ganzoo.training.run.folder.run_writer import RunWriter
from ganzoo.training.run.run_dir import RunDir, RunError, as_run_dir

NETWORKS = ["--set=data.resolution=8", "--set=model.generator.width=4", "--set=model.discriminator.width=4"]


@pytest.fixture
def calls(monkeypatch):
    """Counts the calls of methods of `RunDir`, and how often the recipe of a run is parsed."""
    counter = Counter()

    def count(owner, name):
        function = getattr(owner, name)

        def counted(*arguments, **options):
            counter[name] += 1
            return function(*arguments, **options)

        monkeypatch.setattr(owner, name, counted)

    count(RunDir, "__init__")
    for name in ("require_empty", "create", "record"):
        count(RunWriter, name)
    count(module, "load_recipe")
    return counter


def test_train_builds_one_run_dir_checks_it_before_it_computes_and_before_it_writes(calls, tmp_path, monkeypatch):
    monkeypatch.setattr(training_run, "_fit", lambda model, *_: training_run.TrainingResult(model, 0, None))
    options = [*NETWORKS, "--set=evaluate.every=0", "--quiet"]
    assert main(["train", "gan_digits", "--out", str(tmp_path / "run"), *options]) == 0
    assert calls == {"__init__": 1, "require_empty": 2, "create": 1}


def test_resume_parses_the_recipe_once_and_writes_the_state_once(calls, image_run, monkeypatch):
    monkeypatch.setattr(training_run, "_fit", lambda model, *_: training_run.TrainingResult(model, 0, None))
    assert main(["train", "--resume", str(image_run), "--quiet"]) == 0
    assert calls == {"__init__": 1, "load_recipe": 1, "record": 1}


def test_sample_builds_one_run_dir_and_parses_the_recipe_once(calls, image_run, tmp_path):
    assert main(["sample", str(image_run), "--num-samples", "2", "--out", str(tmp_path / "grid.png")]) == 0
    assert calls == {"__init__": 1, "load_recipe": 1}


def test_functions_accept_a_path_or_a_run_dir(image_run):
    run_dir = RunDir(image_run)
    assert as_run_dir(run_dir) is run_dir
    assert as_run_dir(str(image_run)).path == image_run
    assert load_run(run_dir).steps_done == load_run(image_run).steps_done == 1


def test_a_folder_without_a_run_has_no_recipe(tmp_path):
    with pytest.raises(RunError, match="expected a run folder made by `ganzoo train"):
        RunDir(tmp_path).load_recipe()
