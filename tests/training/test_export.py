"""`ganzoo export`: a run's files, and what is told of them."""

import dataclasses
import json
import shutil
import sys

import numpy as np
import pytest
from ganzoo.export import export_tflite, verification
from ganzoo.export.evaluation import Judge
from ganzoo.export.evaluation.judge import FIRST_SEED
from ganzoo.export.report import Entry
from ganzoo.export.sample import draw
from ganzoo.training import exporting, load, load_run
from ganzoo.training.cli import main
from ganzoo.zoo.errors import UserError

FIELDS = {field.name for field in dataclasses.fields(Entry)}


@pytest.fixture(scope="module")
def trained(eyes, tmp_path_factory):
    """A finished run of 8x8 digits with [evaluate]; its pictures are no longer grey all over."""
    folder = tmp_path_factory.mktemp("runs") / "digits"
    settings = ["data.resolution=8", "model.generator.width=4", "model.discriminator.width=4", "model.latent_dim=8"]
    settings += [
        "train.steps=30",
        "train.batch_size=16",
        "train.log_every=10",
        "optimizers.generator.learning_rate=0.01",
    ]
    settings += ["evaluate.every=30", "evaluate.num=120", f'evaluate.extractor="{eyes}"', 'evaluate.metrics=["fid"]']
    flags = [f"--set={setting}" for setting in settings]
    assert main(["train", "gan_digits", "--out", str(folder), "--quiet", *flags]) == 0
    return folder


@pytest.fixture
def run(trained, tmp_path):
    """The run, in a place where a test may change it."""
    return shutil.copytree(trained, tmp_path / "digits")


def read(folder):
    return json.loads((folder / "report.json").read_text())


def names(folder):
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_a_run_leaves_in_every_format_and_the_report_says_everything(trained, tmp_path, capsys):
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
        # Quantisation changes pictures; it is judged where the run is.
        assert (entry["fid"] is not None) == (entry["precision"] in ("int8", "dynamic"))
    found = draw(report["files"][1]["file"], 9, 40)
    expected = load_run(trained).generate(9, seed=40) / 2 + 0.5
    assert expected.std(axis=0).mean() > 0.01
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
    # A version that is there is not overwritten.
    assert main([*arguments, "--formats", "saved_model"]) == 2
    assert "version: received 3" in capsys.readouterr().err
    assert names(out / "mine") == ["3"]


def test_the_recipe_says_what_is_written_unless_the_command_does(run, capsys):
    text = (run / "recipe.toml").read_text()
    (run / "recipe.toml").write_text(
        text + '\n[export]\nformats = ["tflite"]\nprecisions = ["float32"]\nbatch_sizes = [1, 3]\n'
    )
    assert main(["export", str(run), "--checkpoint", "best"]) == 0
    told = capsys.readouterr().err
    out = run / "export"
    files = ["digits-float32-batch3.tflite", "digits-float32.tflite"]
    assert names(out) == [*files, "report.json", "sample.py"]
    table = next(line for line in told.splitlines() if line.startswith("file"))
    assert all(column in table for column in ("kB", "max diff", "mean diff", "PSNR dB", "images/s", "FID change"))
    rows = [line for line in told.splitlines() if line.startswith(str(out))]
    assert [line.split()[0] for line in rows] == [str(out / name) for name in reversed(files)]
    assert told.splitlines()[-1] == f"written to {out}"
    report = read(out)
    assert [entry["batch_size"] for entry in report["files"]] == [1, 3]
    assert report["checkpoint"] == "best"
    assert main(["export", str(run), "--precisions", "float16", "--batch-sizes", "2", "--out", str(run / "b")]) == 0
    assert names(run / "b") == ["digits-float16-batch2.tflite", "report.json", "sample.py"]


@pytest.mark.parametrize(
    ("arguments", "told"),
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
def test_what_cannot_be_exported_is_refused_in_a_line(arguments, told, trained, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["export", str(trained), "--out", str(out), *arguments]) == 2
    message = capsys.readouterr().err
    assert told in message
    assert message.count("\n") == 1
    assert names(out) == []


def test_a_folder_without_a_run_is_refused(tmp_path, capsys):
    assert main(["export", str(tmp_path)]) == 2
    assert "expected a run folder made by `ganzoo train" in capsys.readouterr().err
    assert names(tmp_path) == []


def test_a_missing_extra_is_told_and_no_file_is_without_a_report(trained, tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "tf2onnx", None)
    arguments = ["--formats", "tflite,onnx", "--precisions", "float32", "--out", str(tmp_path / "out")]
    assert main(["export", str(trained), *arguments]) in (1, 2)
    assert "pip install 'keras-ganzoo[onnx]'" in capsys.readouterr().err
    assert not names(tmp_path / "out") or "report.json" in names(tmp_path / "out")


def test_a_precision_that_fails_is_reported_and_the_others_are_written(run, monkeypatch, capsys):
    monkeypatch.setitem(verification.LEAST_PSNR, "int8", 1000.0)
    assert main(["export", str(run), "--formats", "tflite", "--precisions", "int8,float32"]) == 1
    told = capsys.readouterr().err
    out = run / "export"
    assert names(out) == ["digits-float32.tflite", "report.json", "sample.py"]
    failed, held = read(out)["files"]
    assert (failed["kind"], failed["precision"], failed["file"]) == ("tflite", "int8", str(out / "digits-int8.tflite"))
    assert "expected at least 1000 in int8" in failed["failure"]
    assert held["failure"] is None
    assert f"failed: {failed['file']}: {failed['failure']}" in told.splitlines()
    assert sum(line.startswith(str(out)) for line in told.splitlines()) == 1


def test_the_fid_is_that_of_the_files_own_samples(run, eyes, capsys):
    # What an evaluation took is taken here too.
    (run / "evaluation.json").write_text(json.dumps({"num": 150}))
    arguments = ["--formats", "tflite", "--precisions", "float32,int8", "--batch-sizes", "50", "--int8-io"]
    assert main(["export", str(run), *arguments]) == 0
    told = capsys.readouterr().err
    single, whole = read(run / "export")["files"]
    assert single["fid"] is None
    assert set(whole["quantisation"]) == {"latents", "images"}
    fid = whole["fid"]
    assert (fid["num"], fid["change"]) == (150, pytest.approx(fid["file"] - fid["keras"]))
    judge = Judge(load("digits", 8), eyes, ["fid"], 150)
    assert fid["extractor"] == judge.extractor.identity
    own = judge.score(draw(whole["file"], 150, FIRST_SEED), value_range=(0, 1))["fid"]
    kept = judge.score(load_run(run).generate(150, seed=FIRST_SEED))["fid"]
    assert (fid["file"], fid["keras"]) == (pytest.approx(own, rel=1e-4), pytest.approx(kept, rel=1e-4))
    assert 0 < abs(fid["change"]) < 0.1 * fid["keras"]
    assert f"{fid['change']:+.2f}" in told


def test_a_run_that_is_not_evaluated_has_no_fid(run):
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("every = 30\n", "every = 0\n"))
    assert main(["export", str(run), "--formats", "tflite", "--precisions", "dynamic"]) == 0
    assert read(run / "export")["files"][0]["fid"] is None


def test_files_that_cannot_be_judged_are_reported_all_the_same(run, monkeypatch, capsys):
    def none(*_, **__):
        raise UserError("extractor: cannot be had")

    monkeypatch.setattr(exporting, "Judge", none)
    assert main(["export", str(run), "--formats", "tflite", "--precisions", "int8"]) in (0, 1, 2)
    assert "extractor: cannot be had" in capsys.readouterr().err
    assert [entry["precision"] for entry in read(run / "export")["files"]] == ["int8"]


def test_an_export_section_does_not_make_it_another_run(run):
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
def test_a_translators_run_leaves_both_ways(tmp_path, monkeypatch, capsys):
    recipe, run = tmp_path / "fill.toml", tmp_path / "fill"
    recipe.write_text(TRANSLATOR)
    assert main(["train", str(recipe), "--out", str(run), "--quiet"]) == 0
    used = {}

    def watched(model, path, precision, calibration, **how):
        used[precision] = calibration
        return export_tflite(model, path, precision, calibration=calibration, **how)

    monkeypatch.setattr(exporting, "export_tflite", watched)
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
        ways = {"serving_default"} if entry["kind"] == "onnx" else {"serving_default", "translate_xy", "translate_yx"}
        assert set(entry["differences"]) == ways
        assert (entry["fid"], entry["failure"]) == (None, None)
        assert not any("random pictures" in note for note in entry["notes"])
    capsys.readouterr()
    # Where the data is no longer what it was, the exporter's own pictures do, and the report says so.
    (run / "recipe.toml").write_text((run / "recipe.toml").read_text().replace("count = 400", "count = 401"))
    files = ["tflite", "--precisions", "float32", "--out", str(tmp_path / "other")]
    assert main(["export", str(run), "--formats", *files]) == 0
    assert used["float32"] is None
    note = read(tmp_path / "other")["files"][0]["notes"][-1]
    assert note.startswith("compared and calibrated on random pictures, since the run's own are not to be had: ")
