"""Wrong arguments of the programs beside exported files: one line on stderr and exit code 2, never a traceback."""

import json
import os
import sys

import keras
import numpy as np
import pytest
from ganzoo.export import export_tflite
from ganzoo.export.runtime import sample, translate
from ganzoo.zoo import TextToImageGAN
from keras import layers
from PIL import Image

CAPTIONS = ["Ein rotes Quadrat", "我爱猫"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Kind -> (model, path of its TFLite file)."""
    folder = tmp_path_factory.mktemp("files")
    inputs = [keras.Input((4,), name="latents"), keras.Input((), dtype="int32", name="labels")]
    points = layers.Dense(2)(layers.Concatenate()([inputs[0], layers.Embedding(3, 2)(inputs[1])]))
    models = {
        "labels": keras.Model(inputs, points),
        "captions": TextToImageGAN.create(
            (8, 8, 1), {"width": 4}, {"width": 4}, latent_dim=4, captions=CAPTIONS, tokenizer={"keep_case": True}
        ),
    }
    for kind, model in models.items():
        export_tflite(model, folder / f"{kind}.tflite", num_classes=3 if kind == "labels" else None, repeats=0)
    return {kind: (models[kind], folder / f"{kind}.tflite") for kind in models}


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Runs a program with arguments; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)

    def run(program, *arguments):
        monkeypatch.setattr(sys, "argv", [f"{program.__name__.rpartition('.')[2]}.py"])
        try:
            code = program.main(list(map(str, arguments)))
        except SystemExit as stop:
            code = stop.code
        return code or 0, *capsys.readouterr()

    return run


def assert_one_line(result, message):
    code, _, error = result
    lines = error.splitlines()
    assert (code, len(lines)) == (2, 1), error
    assert message in lines[0]
    assert lines[0].split(":")[1] == " error"


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        ("labels", [], "labels: received none, expected integers from 0 to 2"),
        ("labels", ["--labels", "x"], "labels: received ['x'], expected integers from 0 to 2"),
        ("labels", ["--labels", "1,3"], "labels: received ['1', '3'], expected integers from 0 to 2"),
        ("labels", ["--labels=-1"], "expected integers from 0 to 2"),
        ("labels", ["--labels", "1.0"], "expected integers from 0 to 2"),
        ("labels", ["--labels", "99999999999999999999"], "expected integers from 0 to 2"),
        ("labels", ["--labels", ""], "expected integers from 0 to 2"),
        ("labels", ["--labels", "1", "--text", "a"], "texts: received ['a'], expected none"),
        ("labels", ["--labels", "1", "--temperature", "1"], "the file generates no texts"),
        ("labels", ["--labels", "1", "--seed=-1"], "seeds from 0 to 2**31 - 1"),
        ("labels", ["--labels", "1", "--seed", "2147483648"], "seeds from 0 to 2**31 - 1"),
        ("labels", ["--labels", "1", "--seed", "a"], "argument --seed: invalid int value: 'a'"),
        ("labels", ["--labels", "1", "--num-samples", "0"], "expected at least 1"),
        ("labels", ["--labels", "1", "--threads", "0"], "threads: received 0, expected at least 1"),
        ("labels", ["--labels", "1", "--unknown"], "unrecognized arguments: --unknown"),
        ("captions", [], "texts: received none, expected a caption"),
        ("captions", ["--text", "Ein", "--labels", "1"], "labels: received ['1'], expected none"),
    ],
)
def test_wrong_arguments(files, run, kind, arguments, message, tmp_path):
    assert_one_line(run(sample, files[kind][1], *arguments), message)
    assert list(tmp_path.iterdir()) == []


def test_wrong_files(files, run, tmp_path):
    (tmp_path / "text.tflite").write_text("no model")
    assert_one_line(run(sample, "none.tflite"), "none.tflite: No such file or directory")
    assert_one_line(run(sample, tmp_path), "Is a directory")
    assert_one_line(run(sample, "text.tflite"), "text.tflite: received a file of another kind")
    content = files["captions"][1].read_bytes()
    (tmp_path / "alone.tflite").write_bytes(content)
    assert_one_line(run(sample, "alone.tflite", "--text", "a"), "alone.vocabulary.json: No such file or directory")
    for damaged in ("", "[]", "{}", "no JSON"):
        (tmp_path / "alone.vocabulary.json").write_text(damaged)
        assert_one_line(run(sample, "alone.tflite", "--text", "a"), "alone.vocabulary.json: received a damaged file")


def test_outputs_that_cannot_be_written(files, run, tmp_path):
    (tmp_path / "file").write_text("")
    path = files["labels"][1]
    assert_one_line(run(sample, path, "--labels", "1", "--out", "file"), "'file', a file that exists")
    assert_one_line(run(sample, path, "--labels", "1", "--out", "file/a.npz"), "file/a.npz: Not a directory")
    assert_one_line(run(sample, path, "--labels", "1", "--out", "none/a.npz"), "none/a.npz: No such file or directory")
    folder = files["captions"][1], "--text", "Ein", "--out", "file/folder"
    assert_one_line(run(sample, *folder), "file/folder: Not a directory")
    assert sorted(os.listdir(tmp_path)) == ["file"]


def test_unknown_words_are_named(files, run, tmp_path):
    model, path = files["captions"]
    code, output, error = run(sample, path, "--text", "Ein blaues Quadrat, 我", "--num-samples", 1, "--out", "a.npz")
    assert (code, output) == (0, "")
    assert error == "words outside the model's vocabulary, read as the unknown word: blaues\n"
    expected = model.generate(1, seed=0, texts="Ein blaues Quadrat, 我")
    with np.load(tmp_path / "a.npz") as content:
        np.testing.assert_allclose(content["samples"] * 2 - 1, expected, rtol=0, atol=1e-5)
    assert run(sample, path, "--text", "Ein rotes 猫", "--num-samples", 1)[2] == ""


def test_the_vocabulary_file_has_the_tokenizer(files):
    model, path = files["captions"]
    content = json.loads(path.with_suffix(".vocabulary.json").read_text(encoding="utf-8"))
    tokenizer = model.vocabulary.tokenizer
    assert (tokenizer.keep_case, content["keep_case"]) == (True, True)
    expected = {"length": model.vocabulary.length, "words": model.vocabulary.words, "patterns": tokenizer.patterns}
    assert content == expected | tokenizer.get_config()


class IdleTranslator:
    """In place of a file: returns images as they are."""

    shape = (8, 8, 3)

    def __init__(self, path, to, threads):
        pass

    def __call__(self, images):
        return images / np.float32(255)


def test_wrong_arguments_of_translations(files, run, tmp_path, monkeypatch):
    path = files["labels"][1]
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_text("no image")
    for arguments, message in (
        (["none.tflite", "a.png"], "none.tflite: No such file or directory"),
        (["a.png", "a.png"], "a.png: received a file of another kind"),
        ([path, "a.png"], "to: received 'y', expected one of []"),
        ([path, "a.png", "a.png"], "images of the same name"),
        ([path, "a.png", "--to", "z"], "argument --to: invalid choice: 'z'"),
        ([path, "a.png", "--threads", "-1"], "threads: received -1"),
        ([path], "the following arguments are required: images"),
    ):
        assert_one_line(run(translate, *arguments), message)
    monkeypatch.setattr(translate, "Translator", IdleTranslator)
    for arguments, message in (
        ([path, "none.png"], "none.png: No such file or directory"),
        ([path, "b.png"], "b.png: cannot be read as an image"),
        ([path, "a.png", "b.png"], "b.png: cannot be read as an image"),
        ([path, "a.png", "--out", "b.png/folder"], "b.png/folder: Not a directory"),
    ):
        assert_one_line(run(translate, *arguments), message)
    assert sorted(os.listdir(tmp_path)) == ["a.png", "b.png"]
    assert run(translate, path, "a.png") == (0, "", "")
    assert os.listdir(tmp_path / "translated") == ["a.png"]
