"""Folders that no run is written to."""

import os

import pytest
from ganzoo.training.config.recipe import Recipe
from ganzoo.training.run.folder.target_checks import RunError, require_apart, require_replaceable, require_writable
from ganzoo.zoo.errors import UserError

MODEL = {"variant": "gan", "generator": "mlp", "discriminator": "mlp"}


def recipe(source="digits", origin="recipe", **sections):
    content = {"data": {"source": source}, "model": MODEL, "train": {"steps": 1}}
    return Recipe(content | sections, str(origin))


def test_files_and_dangling_links_are_no_folders(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "dangling").symlink_to(tmp_path / "missing")
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    for name in ("file", "file/run"):
        with pytest.raises(RunError, match=r"received .*file, which is a file, expected a folder"):
            require_writable(tmp_path / name)
    for name in ("dangling", "dangling/run"):
        with pytest.raises(RunError, match=r"received the symbolic link .*dangling, which leads nowhere"):
            require_writable(tmp_path / name)
    for name in ("new", "new/run", "link/run"):
        require_writable(tmp_path / name)


def test_links_the_current_folder_and_the_home_are_never_replaced(tmp_path, monkeypatch):
    run, home = tmp_path / "run", tmp_path / "home"
    (run / "samples").mkdir(parents=True)
    home.mkdir()
    (tmp_path / "link").symlink_to(run, target_is_directory=True)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.chdir(tmp_path)
    require_replaceable(run)
    with pytest.raises(RunError, match=r"--overwrite for a symbolic link, expected the folder itself: .*run"):
        require_replaceable(tmp_path / "link")
    with pytest.raises(RunError, match="--overwrite for the home folder or a folder above it"):
        require_replaceable(home)
    monkeypatch.chdir(run / "samples")
    for folder in (run, run / "samples", tmp_path):
        with pytest.raises(RunError, match="--overwrite for the current directory or a folder above it"):
            require_replaceable(folder)


@pytest.mark.parametrize("kind", ["folder", "captions", "paired", "unpaired", "idx"])
@pytest.mark.parametrize("relative", [False, True])
def test_a_run_and_its_data_are_apart(tmp_path, monkeypatch, kind, relative):
    data = tmp_path / "project" / "photos"
    data.mkdir(parents=True)
    (tmp_path / "link").symlink_to(data, target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    ours = recipe(f"{kind}:{'project/photos/' if relative else data}")
    for name in ("project/photos", "project/photos/run", "link/run", "project", "."):
        with pytest.raises(UserError, match="photos"):
            require_apart(tmp_path / name, ours)
    for name in ("project/run", "run", "project/photos2"):
        require_apart(tmp_path / name, ours)


def test_a_run_is_apart_from_files_that_it_reads(tmp_path):
    inputs = tmp_path / "inputs"
    inputs.mkdir()
    for name in ("texts.txt", "recipe.toml", "extractor.keras"):
        (inputs / name).write_text("")
    text_model = {"variant": "maligan"}
    evaluate = {"every": 1, "extractor": f"model:{inputs / 'extractor.keras'}#features"}
    cases = {
        "the data": recipe(f"lines:{inputs / 'texts.txt'}", model=text_model),
        "the recipe": recipe(origin=inputs / "recipe.toml"),
        "the feature extractor": recipe(evaluate=evaluate),
    }
    for name, ours in cases.items():
        with pytest.raises(RunError, match=f"a run folder that holds {name}, .*inputs"):
            require_apart(inputs, ours)
        require_apart(tmp_path / "run", ours)


@pytest.mark.parametrize("name", ["first", "first/samples", "."])
def test_a_run_is_apart_from_the_run_whose_weights_it_takes(tmp_path, name):
    (tmp_path / "first").mkdir()
    with pytest.raises(RunError, match="--init-from"):
        require_apart(tmp_path / name, recipe(), os.fspath(tmp_path / "first"))
    require_apart(tmp_path / "second", recipe(), tmp_path / "first")
