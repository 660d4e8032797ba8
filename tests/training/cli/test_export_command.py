"""`ganzoo export`: a run's files and their report."""

import dataclasses
import json
import shutil
import sys

import numpy as np
import pytest
from ganzoo.export import export_tflite
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.export.evaluation.image.image_evaluator import FIRST_SEED
from ganzoo.export.runtime.sample import sample_file
from ganzoo.export.verification import verify_file as verification
from ganzoo.export.verification.export_report import ExportedFile
from ganzoo.training import load, load_run
from ganzoo.training.cli import export_command
from ganzoo.training.cli.command_line import main
from ganzoo.zoo.core.ownership import MARKER
from ganzoo.zoo.errors import UserError

FIELDS = {field.name for field in dataclasses.fields(ExportedFile)}


@pytest.fixture(scope="module")
def trained(feature_extractor_path, tmp_path_factory):
    """A finished run of 8x8 digits with [evaluate]; its images are no longer uniformly gray."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    settings = ["data.resolution=8", "model.generator.width=4", "model.discriminator.width=4", "model.latent_dim=8"]
    settings += [
        "train.steps=30",
        "train.batch_size=16",
        "train.log_every=10",
        "optimizers.generator.learning_rate=0.01",
    ]
    settings += [
        "evaluate.every=30",
        "evaluate.num_samples=120",
        f'evaluate.extractor="{feature_extractor_path}"',
        'evaluate.metrics=["fid"]',
    ]
    flags = [f"--set={setting}" for setting in settings]
    assert main(["train", "gan_digits", "--out", str(folder), "--quiet", *flags]) == 0
    return folder


@pytest.fixture
def run(trained, tmp_path):
    """A copy of the run that a test may modify."""
    return shutil.copytree(trained, tmp_path / "digits")


def read(folder):
    return json.loads((folder / "report.json").read_text())


def names(folder):
    return sorted(path.name for path in folder.iterdir() if path.name != MARKER) if folder.is_dir() else []


def test_a_run_is_exported_in_every_format_and_the_report_is_complete(trained, tmp_path, capsys):
    out = tmp_path / "deep" / "export"
    arguments = ["export", str(trained), "--out", str(out), "--name", "mine", "--version", "3"]
    assert main([*arguments, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report == read(out)
    precisions = ["float32", "float16", "int8", "dynamic"]
    assert names(out) == sorted(["mine", "report.json", "sample.py", *(f"mine-{each}.tflite" for each in precisions)])
    assert names(out / "mine") == ["3"]
    assert (report["run"], report["folder"]) == (str(trained), str(out))
    assert (report["checkpoint"], report["step"]) == ("last", 30)
    assert {"keras-ganzoo", "tensorflow", "keras", "ai-edge-litert"} <= set(report["versions"])
    assert report["cores"] >= 1
    assert [(entry["kind"], entry["precision"]) for entry in report["files"]] == [
        ("saved_model", "float32"),
        *(("tflite", each) for each in precisions),
    ]
    for entry in report["files"]:
        assert set(entry) == FIELDS | {"images_per_second"}
        assert entry["bytes"] > 1000
        assert entry["failure"] is None
        assert {"sample", "serving_default"} <= set(entry["signatures"])
        for threads in ("1", "all"):
            assert entry["images_per_second"][threads] == pytest.approx(1000 / entry["milliseconds"][threads])
        for signature in ("sample", "serving_default"):
            measured = entry["differences"][signature]
            assert set(measured) == {"max_difference", "mean_difference", "psnr"}
            assert measured["mean_difference"] <= measured["max_difference"] < 0.2
        assert entry["operations"] or entry["kind"] == "saved_model"
        # The FID of quantized files is computed, since the run has been evaluated.
        assert (entry["fid"] is not None) == (entry["precision"] in ("int8", "dynamic"))
    actual = sample_file(report["files"][1]["file"], 9, 40)
    expected = load_run(trained).generate(9, seed=40) / 2 + 0.5
    assert expected.std(axis=0).mean() > 0.01
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)
    # An existing version is not overwritten.
    assert main([*arguments, "--formats", "saved_model"]) == 2
    assert "version: received 3" in capsys.readouterr().err
    assert names(out / "mine") == ["3"]


@pytest.mark.thorough
def test_the_command_overrides_the_recipe(run, capsys):
    text = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(
        text + '\n[export]\nformats = ["tflite"]\nprecisions = ["float32"]\nbatch_sizes = [1, 3]\n'
    )
    assert main(["export", str(run), "--checkpoint", "best"]) == 0
    message = capsys.readouterr().err
    out = run / "export"
    files = ["digits-float32-batch3.tflite", "digits-float32.tflite"]
    assert names(out) == [*files, "report.json", "sample.py"]
    table = next(line for line in message.splitlines() if line.startswith("file"))
    assert all(column in table for column in ("kB", "max diff", "mean diff", "PSNR dB", "images/s", "FID change"))
    rows = [line for line in message.splitlines() if line.startswith(str(out))]
    assert [line.split()[0] for line in rows] == [str(out / name) for name in reversed(files)]
    assert message.splitlines()[-1] == f"written to {out}"
    report = read(out)
    assert [entry["batch_size"] for entry in report["files"]] == [1, 3]
    assert report["checkpoint"] == "best"
    assert main(["export", str(run), "--precisions", "float16", "--batch-sizes", "2", "--out", str(run / "b")]) == 0
    assert names(run / "b") == ["digits-float16-batch2.tflite", "report.json", "sample.py"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--precisions", "int4"], "export.precisions.0: received 'int4'"),
        (["--precisions", "float32,"], "export.precisions.1: received ''"),
        (["--formats", "tflite,pytorch"], "export.formats.1: received 'pytorch'"),
        (["--batch-sizes", "0"], "export.batch_sizes.0: received 0"),
        (["--batch-sizes", "many"], "export.batch_sizes.0: received 'many'"),
        (["--name", "a/b"], "--name: received 'a/b'"),
        (["--name", "12"], "--name: received '12'"),
        (["--checkpoint", "first"], "checkpoint: received 'first'"),
        (["--version", "0", "--formats", "saved_model"], "version: received 0"),
    ],
)
def test_what_cannot_be_exported_is_refused_in_one_line(arguments, expected, trained, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["export", str(trained), "--out", str(out), *arguments]) == 2
    message = capsys.readouterr().err
    assert expected in message
    assert message.count("\n") == 1
    assert names(out) == []


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    assert main(["export", str(tmp_path)]) == 2
    assert "expected a run folder made by `ganzoo train" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_a_missing_extra_is_reported_and_no_file_is_without_a_report(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    arguments = ["--formats", "tflite,onnx", "--precisions", "float32", "--out", str(tmp_path / "out")]
    assert main(["export", str(trained), *arguments]) in (1, 2)
    assert "pip install 'keras-ganzoo[onnx]'" in capsys.readouterr().err
    assert not names(tmp_path / "out") or "report.json" in names(tmp_path / "out")


def test_a_precision_that_fails_is_reported_and_the_others_are_written(run, monkeypatch, capsys):
    monkeypatch.setitem(verification.MIN_PSNR, "int8", 1000.0)
    assert main(["export", str(run), "--formats", "tflite", "--precisions", "int8,float32"]) == 1
    message = capsys.readouterr().err
    out = run / "export"
    assert names(out) == ["digits-float32.tflite", "report.json", "sample.py"]
    failed, written = read(out)["files"]
    assert (failed["kind"], failed["precision"], failed["file"]) == ("tflite", "int8", str(out / "digits-int8.tflite"))
    assert "expected at least 1000 in int8" in failed["failure"]
    assert written["failure"] is None
    assert f"failed: {failed['file']}: {failed['failure']}" in message.splitlines()
    assert sum(line.startswith(str(out)) for line in message.splitlines()) == 1


def test_the_fid_is_that_of_the_files_own_samples(run, feature_extractor_path, capsys):
    # The number of samples is that of the evaluation.
    (run / "evaluation.json").write_text(json.dumps({"num_samples": 150}))
    arguments = ["--formats", "tflite", "--precisions", "float32,int8", "--batch-sizes", "50", "--int8-io"]
    assert main(["export", str(run), *arguments]) == 0
    message = capsys.readouterr().err
    float32, int8 = read(run / "export")["files"]
    assert float32["fid"] is None
    assert set(int8["quantization"]) == {"latents", "images"}
    fid = int8["fid"]
    assert (fid["num_samples"], fid["change"]) == (150, pytest.approx(fid["file"] - fid["keras"]))
    evaluator = ImageEvaluator(load("digits", 8), feature_extractor_path, ["fid"], 150)
    assert fid["extractor"] == evaluator.extractor.identity
    file_fid = evaluator.score(sample_file(int8["file"], 150, FIRST_SEED), value_range=(0, 1))["fid"]
    keras_fid = evaluator.score(load_run(run).generate(150, seed=FIRST_SEED))["fid"]
    assert (fid["file"], fid["keras"]) == (pytest.approx(file_fid, rel=1e-4), pytest.approx(keras_fid, rel=1e-4))
    assert 0 < abs(fid["change"]) < 0.1 * fid["keras"]
    assert f"{fid['change']:+.2f}" in message


@pytest.mark.thorough
def test_a_run_that_is_not_evaluated_has_no_fid(run):
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("every = 30\n", "every = 0\n"))
    assert main(["export", str(run), "--formats", "tflite", "--precisions", "dynamic"]) == 0
    assert read(run / "export")["files"][0]["fid"] is None


def test_files_that_cannot_be_evaluated_are_reported_nevertheless(run, monkeypatch, capsys):
    def fail(*_, **__):
        raise UserError("extractor: not available")

    monkeypatch.setattr(export_command, "ImageEvaluator", fail)
    assert main(["export", str(run), "--formats", "tflite", "--precisions", "int8"]) in (0, 1, 2)
    assert "extractor: not available" in capsys.readouterr().err
    assert [entry["precision"] for entry in read(run / "export")["files"]] == ["int8"]


@pytest.mark.thorough
def test_a_run_can_be_resumed_with_another_export_section(run):
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text() + '\n[export]\nprecisions = ["int8"]\n')
    assert main(["train", "--resume", str(run), "--quiet", "--set", "train.steps=31"]) == 0
    assert load_run(run).steps_done == 31


TRANSLATOR = """
[data]
source = "restyled:fill"
resolution = 16
count = 400
[model]
variant = "cyclegan"
pool_size = 4
[model.generator]
width = 4
blocks = 1
[model.discriminator]
width = 2
[train]
steps = 2
batch_size = 2
"""


@pytest.mark.thorough
def test_a_translation_run_is_exported_in_both_directions(tmp_path, monkeypatch, capsys):
    recipe, run = tmp_path / "fill.toml", tmp_path / "fill"
    recipe.write_text(TRANSLATOR)
    assert main(["train", str(recipe), "--out", str(run), "--quiet"]) == 0
    used = {}

    def recording_export(model, path, precision, calibration, **arguments):
        used[precision] = calibration
        return export_tflite(model, path, precision, calibration=calibration, **arguments)

    monkeypatch.setattr(export_command, "export_tflite", recording_export)
    files = ["tflite,onnx", "--precisions", "float32,int8"]
    assert main(["export", str(run), "--formats", *files]) == 0
    out = run / "export"
    written = ["fill-float32.tflite", "fill-int8.tflite", "fill-xy.onnx", "fill-yx.onnx"]
    assert names(out) == [*written, "report.json", "translate.py"]
    source = load("restyled:fill", 16, count=400)
    for precision in ("float32", "int8"):
        np.testing.assert_array_equal(used[precision]["x"], source.x.samples)
        np.testing.assert_array_equal(used[precision]["y"], source.y.samples)
    report = read(out)
    for entry in report["files"]:
        signatures = (
            {"serving_default"} if entry["kind"] == "onnx" else {"serving_default", "translate_xy", "translate_yx"}
        )
        assert set(entry["differences"]) == signatures
        assert (entry["fid"], entry["failure"]) == (None, None)
        assert not any("random images" in note for note in entry["notes"])
    capsys.readouterr()
    # If the data has changed, the exporter uses random images, and the report says so.
    (run / "recipe.toml").write_text((run / "recipe.toml").read_text().replace("count = 400", "count = 401"))
    files = ["tflite", "--precisions", "float32", "--out", str(tmp_path / "other")]
    assert main(["export", str(run), "--formats", *files]) == 0
    assert used["float32"] is None
    note = read(tmp_path / "other")["files"][0]["notes"][-1]
    assert note.startswith("compared and calibrated on random images, because the run's own are not available: ")
