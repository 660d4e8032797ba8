"""What ganzoo writes into a run folder is recognized, and nothing else is ever removed."""

import numpy as np
import pytest
from ganzoo.export.visualization import save_png
from ganzoo.training.run.folder.run_contents import list_contents, remove_contents
from PIL import Image

OWN = [
    ".ganzoo", ".ganzoo.lock", ".ganzoo.part", ".DS_Store", "recipe.toml", "recipe.toml.part", "environment.json",
    "metrics.jsonl", "metrics.jsonl.part", "evaluation.json", "checkpoints/last.keras", "checkpoints/previous.keras",
    "checkpoints/best.keras", "checkpoints/part.keras", "checkpoints/diverged.keras",
    "checkpoints/state.json", "checkpoints/state.json.part",
    "samples/step-000000.txt", "samples/step-1000000.txt", "samples/step-000500.png.part",
    "tensorboard/train/events.out.tfevents.1.host.1.0.v2", "export/.ganzoo", "export/report.json",
    "export/demo-int8.tflite", "export/demo-float32-batch64.tflite", "export/demo-int8.vocabulary.json",
    "export/.demo-float16.tflite.part", "export/demo.onnx", "export/demo-xy.onnx", "export/demo/1/saved_model.pb",
    "export/demo/12/variables/variables.index", "export/demo/1/assets.extra/vocabulary.json",
    "export/demo/1/fingerprint.pb", "export/demo/.part-x1/saved_model.pb",
]  # fmt: skip
FOREIGN = [
    "thesis.tex", "notes.txt", "recipe.toml~", "recipe-old.toml", "data.npz", "photo.png", "samples/mine.png",
    "samples/step-1.txt", "samples/step-000000.txt.bak", "samples/notes.txt", "checkpoints/favorite.keras",
    "checkpoints/last.keras.bak", "tensorboard/train/notes.txt", "export/mine.tflite", "export/README.md",
    "export/sample.py", "export/demo/readme.txt", "export/demo/1/weights.h5", "export/demo/1/assets.extra/more/a",
    "evaluation/table.csv", "photos/a.txt", "samples/more/b.txt", ".git/config",
]  # fmt: skip


def write(folder, names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (2, 2)).save(path) if path.suffix == ".png" else path.write_bytes(b"")


def files(folder):
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_a_run_is_removed_to_the_last_file_but_its_lock(tmp_path):
    write(tmp_path, OWN)
    for folder in ("samples", "evaluation"):
        (tmp_path / folder).mkdir(exist_ok=True)
        save_png(tmp_path / folder / "step-000500.png", np.zeros((2, 2, 1), np.uint8))
    save_png(tmp_path / "favorites.png", np.zeros((2, 2, 3), np.uint8))
    (tmp_path / "export" / "sample.py").write_text('"""Samples from a TFLite file exported by ganzoo."""\n')
    own, foreign = list_contents(tmp_path)
    assert foreign == []
    assert files(tmp_path) == {name for name in own if not name.endswith("/")}
    remove_contents(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".ganzoo.lock"]


@pytest.mark.parametrize("name", FOREIGN)
def test_a_foreign_file_is_named_and_stays(tmp_path, name):
    write(tmp_path, [*OWN, name])
    own, foreign = list_contents(tmp_path)
    # A folder that ganzoo does not write is named without what it holds.
    assert len(foreign) == 1
    assert name == foreign[0] or (foreign[0].endswith("/") and name.startswith(foreign[0]))
    assert name not in own
    remove_contents(tmp_path, keep=["recipe.toml"])
    assert files(tmp_path) == {".ganzoo.lock", "recipe.toml", name}


@pytest.mark.parametrize("name", ["recipe.toml", "samples", "checkpoints/last.keras", "samples/step-000001.txt"])
def test_symbolic_links_are_foreign_and_never_followed(tmp_path, name):
    other = tmp_path / "other"
    write(other, ["step-000000.txt", "kept"])
    path = tmp_path / "run" / name
    path.parent.mkdir(parents=True)
    path.symlink_to(other if name == "samples" else other / "kept")
    assert list_contents(tmp_path / "run")[1] == [name]
    remove_contents(tmp_path / "run")
    assert path.is_symlink()
    assert files(other) == {"step-000000.txt", "kept"}


def test_an_empty_foreign_folder_is_foreign(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "samples").mkdir()
    assert list_contents(tmp_path) == (["samples/"], ["photos/"])
