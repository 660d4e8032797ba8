"""Names of exported models, and the folders that they are exported from and to."""

import shutil

import pytest
from ganzoo.training.cli import export_command
from ganzoo.training.cli.command_line import main
from ganzoo.zoo.core.ownership import MARKER
from PIL import Image

FLOAT32 = ["--formats", "tflite", "--precisions", "float32"]


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != MARKER)


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("digits", "digits"),
        ("v1.2_b-c", "v1.2_b-c"),
        ("my run (1) 猫", "my_run_1"),
        ("Zürich", "Zurich"),
        ("猫", "model"),
        ("2024", "model_2024"),
        ("-run-", "run"),
        (".hidden", "hidden"),
        ("a/../b's", "a_.._b_s"),
        ("x" * 240, "x" * 100),
    ],
)
def test_a_model_has_a_name_that_servers_accept(folder, name, capsys):
    assert export_command.derive_name(folder) == name
    assert ("the model is named" in capsys.readouterr().err) == (folder != name)


@pytest.mark.parametrize("name", ["", "7", "a b", "a/b", "..", "-a", "猫", "x" * 101])
def test_a_given_name_is_checked(image_run, name, capsys):
    assert main(["export", str(image_run), f"--name={name}"]) == 2
    assert f"--name: received {name!r}, expected letters, digits" in capsys.readouterr().err


def test_a_run_in_a_folder_of_any_name_is_exported_and_sampled(image_run, tmp_path, capsys, monkeypatch):
    folder = shutil.copytree(image_run, tmp_path / "-my run (1) 猫 [a]")
    monkeypatch.chdir(tmp_path)
    run = f"./{folder.name}"
    assert main(["export", run, *FLOAT32]) == 0
    assert names(folder / "export") == ["my_run_1_a-float32.tflite", "report.json", "sample.py"]
    for source in (run, f"{run}/export/my_run_1_a-float32.tflite"):
        assert main(["sample", source, "--num-samples", "2", "--out", "猫 (1).png"]) == 0
    # TensorFlow reads the path of a SavedModel as a pattern.
    assert main(["export", run, "--formats", "saved_model"]) == 2
    assert "expected a path without [: TensorFlow cannot load a SavedModel from there" in capsys.readouterr().err
    Image.new("L", (8, 8)).save("a.png")
    assert main(["translate", run, "a.png", "b.png"]) == 2
    assert f"`ganzoo sample '{run}'`" in capsys.readouterr().err


@pytest.mark.thorough
def test_a_saved_model_is_exported_from_a_folder_of_any_name(image_run, tmp_path):
    folder = shutil.copytree(image_run, tmp_path / "-my run (1) 猫 #a *?]")
    assert main(["export", str(folder), "--formats", "saved_model"]) == 0
    assert names(folder / "export") == ["my_run_1_a", "report.json"]


@pytest.mark.thorough
def test_an_export_into_a_folder_of_its_own_can_be_repeated(image_run, tmp_path):
    for _ in range(2):
        assert main(["export", str(image_run), *FLOAT32, "--out", str(tmp_path / "o")]) == 0
    assert names(tmp_path / "o") == ["gan-float32.tflite", "report.json", "sample.py"]
