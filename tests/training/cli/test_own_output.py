"""Commands write nothing into data, and replace nothing but what ganzoo wrote."""

import json
import os
import shutil

import numpy as np
import pytest
from ganzoo.training import load, load_run
from ganzoo.training.cli import sample_command
from ganzoo.training.cli.command_line import main
from ganzoo.zoo.core.ownership import mark, read_marker
from PIL import Image


@pytest.fixture(scope="module")
def photo_run(image_run, tmp_path_factory):
    """A run whose data are the folder `photos` beside it."""
    home = tmp_path_factory.mktemp("home")
    (home / "photos").mkdir()
    for number in range(20):
        Image.new("L", (8, 8), number).save(home / "photos" / f"{number}.png")
    run = shutil.copytree(image_run, home / "demo")
    recipe = (run / "recipe.toml").read_text()
    assert 'source = "digits"' in recipe
    (run / "recipe.toml").write_text(recipe.replace('"digits"', f'"folder:{home / "photos"}"'))
    return run


@pytest.fixture
def photos(photo_run, monkeypatch):
    """The data of `photo_run` as the current folder, to which nothing may be added."""
    folder = photo_run.parent / "photos"
    before = sorted(os.listdir(folder))
    monkeypatch.chdir(folder)
    yield folder
    assert sorted(os.listdir(folder)) == before


@pytest.fixture(scope="module")
def model(image_run):
    return load_run(image_run)


@pytest.fixture
def sample(image_run, model, monkeypatch, capsys):
    """Runs `ganzoo sample` with a model that is loaded once. Returns the exit code and the messages."""
    monkeypatch.setattr(sample_command, "load_run", lambda *arguments: model)

    def call(*arguments):
        code = main(["sample", str(image_run), *map(str, arguments)])
        return code, capsys.readouterr().err

    return call


def refused(capsys, arguments, message):
    assert main([str(argument) for argument in arguments]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert lines[-1].startswith("ganzoo: ")
    assert message in lines[-1]


def test_no_command_writes_into_its_data(photos, photo_run, capsys):
    inside = "inside the data source 'folder:"
    for arguments in (
        ["data", "folder:."],
        ["data", f"folder:{photos}", "--out", "x.png"],
        ["data", "folder:../photos", "--out", photos / "new.png"],
        ["sample", photo_run],
        ["sample", photo_run, "--out", "."],
        ["sample", photo_run, "--out", photos],
        ["sample", photo_run, "--out", photos / "new"],
        ["sample", photo_run, "--out", "new/"],
        ["sample", photo_run, "--out", "x.npz"],
        ["evaluate", photo_run, "--out", "x.json"],
        ["evaluate", "--real", "folder:.", "--fake", "digits"],
        ["evaluate", "--real", "digits", "--fake", "."],
        ["evaluate", "--real", "digits", "--fake", photos, "--out", "x.json"],
        ["export", photo_run, "--out", "export"],
        ["train", "gan_digits", "--data", "folder:.", "--out", "run"],
        ["train", "gan_digits", "--data", f"folder:{photos}"],
    ):
        refused(capsys, arguments, inside)
    refused(capsys, ["data", "folder:."], "--out: received none, and the default 'data.png' is inside")


def test_a_link_into_the_data_is_inside(photos, photo_run, tmp_path, capsys):
    (tmp_path / "link").symlink_to(photos)
    refused(capsys, ["sample", photo_run, "--out", tmp_path / "link"], "inside the data source")
    refused(capsys, ["data", "folder:.", "--out", tmp_path / "link" / "a.png"], "inside the data source")


def test_output_that_got_into_the_data_leaves_the_run_usable(photo_run, tmp_path):
    """As versions did that wrote everywhere, or a move by the user."""
    photos = shutil.copytree(photo_run.parent / "photos", tmp_path / "photos")
    options = {"resolution": 8, "channels": 1}
    before = load(f"folder:{photos}", **options).fingerprint
    shutil.copytree(photo_run, photos / "demo")
    assert main(["sample", str(photo_run), "--num-samples", "3", "--out", str(tmp_path / "samples")]) == 0
    (tmp_path / "samples").rename(photos / "samples")
    assert main(["data", f"folder:{photos}", "--out", str(tmp_path / "data.png")]) == 0
    (tmp_path / "data.png").rename(photos / "data.png")
    assert load(f"folder:{photos}", **options).fingerprint == before


@pytest.mark.parametrize("name", ["photo.png", "data.npz", "thesis.txt", "notes"])
def test_files_of_others_are_never_replaced(sample, tmp_path, name):
    path = tmp_path / name
    if name.endswith(".png"):
        Image.new("L", (8, 8)).save(path)
    elif name.endswith(".npz"):
        np.savez(path, samples=np.zeros(3), seed=0)
    else:
        path.write_text("mine")
    content = path.read_bytes()
    code, message = sample("--out", path)
    assert code == 2
    assert f"--out: received {str(path)!r}" in message
    assert path.read_bytes() == content


def test_commands_refuse_files_of_others(image_run, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Image.new("L", (8, 8)).save("data.png")
    (tmp_path / "evaluation.json").write_text('{"mine": 1}')
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter.tex").write_text("mine")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    for arguments, message in (
        (["data", "digits"], "'data.png', a file that exists and that ganzoo did not write"),
        (["evaluate", "--real", "digits", "--fake", "digits"], "'evaluation.json', a file that exists"),
        (["evaluate", image_run, "--out", "thesis.json"], "'thesis', a folder that is not empty (chapter.tex)"),
        (["evaluate", image_run, "--out", "thesis"], "expected a .json file"),
        (["sample", image_run, "--out", "thesis"], "'thesis', a folder that is not empty (chapter.tex)"),
        (["export", image_run, "--out", "thesis"], "'thesis', a folder that is not empty (chapter.tex)"),
        (["export", image_run, "--out", "data.png"], "expected a folder"),
    ):
        refused(capsys, arguments, message)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_output_is_replaced_by_the_same_command(sample, tmp_path):
    for name in ("grid.png", "a.npz", "GRID.PNG"):
        assert sample("--num-samples", "2", "--out", tmp_path / name)[0] == 0
        first = (tmp_path / name).read_bytes()
        assert sample("--num-samples", "2", "--seed", "9", "--out", tmp_path / name)[0] == 0
        assert (tmp_path / name).read_bytes() != first
    assert sorted(path.name for path in tmp_path.iterdir()) == ["GRID.PNG", "a.npz", "grid.png"]


def test_a_folder_holds_the_samples_of_one_call(sample, tmp_path):
    out = tmp_path / "out"
    assert sample("--num-samples", "4", "--seed", "5", "--out", out)[0] == 0
    assert read_marker(out)["kind"] == "samples"
    (out / "notes.md").write_text("mine")
    (out / "index.jsonl").write_text("{}\n")
    code, message = sample("--num-samples", "2", "--out", out)
    assert code == 0
    assert "removed 4 samples of an earlier call" in message
    names = ["notes.md", "seed-0000000000.png", "seed-0000000001.png"]
    assert sorted(path.name for path in out.iterdir() if path.name != ".ganzoo") == names
    _, message = sample("--num-samples", "2", "--out", out)
    assert "removed" not in message
    # An image that was edited is no longer ganzoo's.
    Image.new("L", (8, 8), 3).save(out / "seed-0000000001.png")
    code, message = sample("--num-samples", "2", "--out", out)
    assert code == 2
    assert "with seed-0000000001.png, which ganzoo did not write" in message


@pytest.mark.parametrize("kind", ["run", "translations", "export"])
def test_a_folder_of_another_kind_is_refused(sample, tmp_path, kind):
    mark(tmp_path, kind)
    code, message = sample("--out", tmp_path)
    assert code == 2
    assert "expected a new one, or ganzoo's own (samples)" in message


def test_names_of_folders_may_have_dots_and_hidden_files(sample, tmp_path):
    (tmp_path / "v1.2").mkdir()
    (tmp_path / "v1.2" / ".DS_Store").touch()
    for out in (tmp_path / "v1.2", f"{tmp_path}/v1.3/"):
        assert sample("--num-samples", "1", "--out", out)[0] == 0
        assert os.path.exists(os.path.join(out, "seed-0000000000.png"))
    code, message = sample("--out", tmp_path / "a.jpg")
    assert code == 2
    assert "expected .png, .npz, or (for images) the name of a folder" in message


def test_samples_in_a_folder_are_read_when_they_are_named(sample, feature_extractor_path, tmp_path, monkeypatch):
    assert sample("--num-samples", "20", "--out", tmp_path / "out")[0] == 0
    assert len(load(f"folder:{tmp_path / 'out'}", 8)) == 18
    # A grid among them would be read as a sample.
    code, message = sample("--num-samples", "4", "--out", tmp_path / "out" / "grid.png")
    assert code == 2
    assert "in the folder of samples or translations" in message
    monkeypatch.chdir(tmp_path)
    options = ["--resolution", "8", "--metrics", "duplicates", "--extractor", feature_extractor_path]
    for _ in range(2):
        assert main(["evaluate", "--real", "digits", "--fake", "out", *options]) == 0
    reasons = json.loads((tmp_path / "evaluation.json").read_text())["not_computed"]
    assert "20 evaluated samples" in reasons["duplicates"]
