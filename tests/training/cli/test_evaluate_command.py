"""`ganzoo evaluate`: runs, files and folders."""

import json
import shutil

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation import ImageEvaluator
from ganzoo.training import load, load_recipe, load_run
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.cli.command_line import main
from ganzoo.training.config.recipe import RecipeError
from PIL import Image


@pytest.fixture(scope="module")
def run(feature_extractor_path, tmp_path_factory):
    """A finished run, evaluated at steps 0, 10 and 20."""
    folder = tmp_path_factory.mktemp("runs") / "evaluated"
    settings = ["data.resolution=8", "model.generator.width=4", "model.discriminator.width=4", "train.batch_size=16"]
    settings += ["train.steps=20", "train.save_every=10", "evaluate.every=10", "evaluate.num_samples=200"]
    settings += [f'evaluate.extractor="{feature_extractor_path}"']
    flags = [f"--set={setting}" for setting in settings]
    assert main(["train", "gan_digits", "--out", str(folder), "--quiet", *flags]) == 0
    return folder


def scores(path):
    return [(row["step"], row["fid"]) for row in read_rows(path) if "fid" in row]


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("evaluate.metrics=['kid']", "'fid' among them"),
        ("evaluate.metrics=['fid', 'ssim']", "expected: some of .*'fid'"),
        ("evaluate.extractor='vgg'", "'auto' or one of"),
        ("evaluate.evry=3", "did you mean 'every'"),
        ("evaluate.num_samples=5", "greater than or equal to 100"),
        ("evaluate.patience=0", "greater than or equal to 1"),
    ],
)
def test_invalid_settings_are_refused_by_name(setting, message):
    with pytest.raises(RecipeError, match=rf"evaluate\..*{message}"):
        load_recipe("gan_digits", [setting])


def test_the_command_evaluates_a_run_over_disjoint_seeds(run, capsys):
    assert main(["evaluate", str(run), "--num-samples", "300", "--seeds", "2", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["seeds"] == [1_000_000, 1_000_300]
    assert printed["step"] == 20
    assert printed["reference"]["num_samples"] == 300
    assert len(printed["results"]["fid"]["values"]) == 2
    assert printed["results"]["fid"]["held_out"] > 0
    assert "does not know" in printed["not_computed"]["modes"]
    assert json.loads((run / "evaluation.json").read_text())["results"] == printed["results"]
    with Image.open(run / "evaluation" / "neighbors.png") as grid:
        assert grid.width > 0


def test_each_row_of_scores_has_the_counts_it_was_computed_from(run):
    rows = [row for row in read_rows(run / "metrics.jsonl") if "fid" in row]
    assert [(row["num_samples"], row["num_real"]) for row in rows] == [(200, 200)] * 3


def test_best_and_last_are_different_models_where_the_last_is_not_the_best(run, capsys):
    steps = {}
    for checkpoint in ("best", "last"):
        assert (
            main(
                ["evaluate", str(run), "--checkpoint", checkpoint, "--num-samples", "100", "--metrics", "fid", "--json"]
            )
            == 0
        )
        steps[checkpoint] = json.loads(capsys.readouterr().out)["step"]
    fids = dict(scores(run / "metrics.jsonl"))
    assert steps == {"best": min(fids, key=fids.get), "last": 20}


def test_samples_in_a_file_and_in_a_folder_score_like_those_of_the_generator(
    run, feature_extractor_path, tmp_path, capsys
):
    """Samples have 8 bits in every format."""
    fids = {}
    for out in ("samples.npz", "folder"):
        assert main(["sample", str(run), "--num-samples", "200", "--seed", "9", "--out", str(tmp_path / out)]) == 0
        arguments = [
            "--real",
            "digits",
            "--fake",
            str(tmp_path / out),
            "--extractor",
            feature_extractor_path,
            "--metrics",
            "fid,kid",
        ]
        assert main(["evaluate", *arguments, "--num-samples", "200", "--out", str(tmp_path / "e.json"), "--json"]) == 0
        fids[out] = json.loads(capsys.readouterr().out.splitlines()[-1])["results"]["fid"]["mean"]
    model = ImageEvaluator(load("digits"), feature_extractor_path, ["fid"], 200, split="all").score(
        load_run(run).generate(200, seed=9), value_range=(-1, 1)
    )
    assert fids["samples.npz"] == pytest.approx(model["fid"], rel=1e-9)
    assert fids["folder"] == pytest.approx(model["fid"], rel=1e-6)


def test_two_folders_are_compared_and_resizing_is_reported(tmp_path, capsys):
    random = np.random.default_rng(0)
    for name, mode, suffix, size in (("real", "L", "png", 16), ("fake", "RGB", "jpg", 20)):
        (tmp_path / name).mkdir()
        for index in range(120):
            pixels = random.integers(0, 255, (size, size), np.uint8)
            Image.fromarray(pixels).convert(mode).save(tmp_path / name / f"{index}.{suffix}")
    keras.utils.set_random_seed(1)
    network = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(2, 4, 4), keras.layers.Flatten()])
    network.save(tmp_path / "extractor.keras")
    arguments = ["--real", f"folder:{tmp_path / 'real'}", "--fake", str(tmp_path / "fake"), "--resolution", "16"]
    arguments += ["--extractor", f"model:{tmp_path / 'extractor.keras'}", "--out", str(tmp_path / "evaluation.json")]
    assert main(["evaluate", *arguments]) == 0
    messages = capsys.readouterr().err
    assert "20x20 were resized to 16x16 (pillow-bicubic-antialias)" in messages
    assert "contains JPEG files" in messages
    assert "fewer than 2048" in messages
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert written["num_samples"] == written["reference"]["num_samples"] == 120
    assert written["results"]["fid"]["mean"] > 0
    assert written["results"]["fid"]["random_halves"] > 0
    assert "random halves (60 and 60)" in messages
    assert (tmp_path / "evaluation" / "neighbors.png").exists()


@pytest.fixture
def photos(tmp_path):
    """A folder of 70 gray images of 8 pixels."""
    random = np.random.default_rng(0)
    folder = tmp_path / "photos"
    folder.mkdir()
    for index in range(70):
        Image.fromarray(random.integers(0, 255, (8, 8), np.uint8)).save(folder / f"{index:02}.png")
    return folder


def evaluated(real, fake, extractor, capsys, *options):
    """The content of the report on two sets, from the command."""
    arguments = ["--real", str(real), "--fake", str(fake), "--extractor", str(extractor), "--json", *options]
    assert main(["evaluate", *arguments]) == 0
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize("spelling", ["folder:{}", "{}"])
def test_a_folder_and_its_copy_are_equal_and_all_their_images_count(
    spelling, photos, feature_extractor_path, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(photos, tmp_path / "copy")
    (tmp_path / "copy" / "notes.png").write_text("no image")
    names = ["--resolution", "8"]
    content = evaluated(spelling.format(photos), spelling.format("copy"), feature_extractor_path, capsys, *names)
    results = content["results"]
    assert content["num_samples"] == content["reference"]["num_samples"] == 70
    assert results["precision"]["mean"] == results["recall"]["mean"] == results["coverage"]["mean"] == 1
    assert results["fid"]["mean"] == pytest.approx(0, abs=1e-3)
    assert results["fid"]["counts"]["real images"] == {"used": 70, "given": 70}
    (note,) = [note for note in content["warnings"] if "could not be read" in note]
    assert note.endswith("copy: 1 files could not be read and do not count")


def test_arrays_are_compared_completely_in_both_orders(feature_extractor_path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    random = np.random.default_rng(0)
    np.savez("first.npz", samples=random.integers(0, 255, (90, 8, 8, 1), np.uint8))
    np.save("second.npy", random.random((75, 8, 8, 1)).astype(np.float32))
    options = ["--range", "0,1", "--metrics", "fid,kid"]
    forth = evaluated("first.npz", "second.npy", feature_extractor_path, capsys, *options)
    back = evaluated("second.npy", "first.npz", feature_extractor_path, capsys, *options)
    assert (forth["reference"]["num_samples"], forth["num_samples"]) == (90, 75)
    assert (back["reference"]["num_samples"], back["num_samples"]) == (75, 90)
    # The extractor is trained on neither set.
    assert back["results"]["fid"]["mean"] == pytest.approx(forth["results"]["fid"]["mean"], rel=1e-6)
    np.savez("points.npz", samples=random.standard_normal((60, 2)))
    points = evaluated("points.npz", "points.npz", "auto", capsys)
    assert (points["reference"]["num_samples"], points["num_samples"]) == (60, 60)
    assert points["results"]["fid"]["mean"] == pytest.approx(0, abs=1e-6)


def test_a_data_source_counts_with_its_held_out_rows(feature_extractor_path, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--metrics", "fid", "--num-samples", "1700"]
    content = evaluated("digits", "digits", feature_extractor_path, capsys, *options)
    assert content["available"] == content["reference"]["available"] == 1797
    assert content["num_samples"] == content["reference"]["num_samples"] == 1700
    assert content["results"]["fid"]["mean"] == pytest.approx(0, abs=1e-3)
    assert len([note for note in content["warnings"] if "of 1797" in note]) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected either RUN, or --real SOURCE and --fake SAMPLES"),
        (["RUN", "--real", "digits", "--fake", "x.npz"], "expected either RUN"),
        (["--real", "digits"], "expected either RUN"),
        (["RUN", "--resolution", "8"], "--resolution: received 8 with RUN"),
        (["RUN", "--checkpoint", "first"], "expected one of"),
        (["RUN", "--metrics", "fdi"], "did you mean 'fid'"),
        (["RUN", "--extractor", "vgg"], "expected 'auto' or one of"),
        (["RUN", "--num-samples", "1"], "expected at least 2"),
        (["--real", "digits", "--fake", "x.npz", "--checkpoint", "best"], "--checkpoint: received 'best' with"),
        (["--real", "digits", "--fake", "x.npz", "--seeds", "2"], "only a run generates more"),
        (["--real", "digits", "--fake", "missing.npz"], "cannot be read"),
        (["--real", "missing.npz", "--fake", "digits"], "cannot be read"),
        (["--real", "digits", "--fake", "digits", "--num-samples", "0"], "expected at least 2"),
        (["--real", "unpaired:digits,digits", "--fake", "digits"], "has two domains, expected one set of images"),
        (["--real", "digits", "--fake", "unpaired:digits,digits"], "has two domains, expected one set of images"),
        (["--real", "digits", "--fake", "oracle:markov"], "has texts, expected images or points"),
        (["--real", "digits", "--fake", "digits", "--range", "0,1"], "for 8-bit images"),
        (["RUN", "--out", "/nowhere/e.json"], "--out: received '/nowhere/e.json'"),
        (["--real", "digits", "--fake", "x.npz", "--range", "0-1"], "expected LOW,HIGH"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(run, arguments, message, capsys):
    assert main(["evaluate", *[str(run) if word == "RUN" else word for word in arguments]]) == 2
    messages = [line for line in capsys.readouterr().err.splitlines() if line.startswith("ganzoo:")]
    assert len(messages) == 1
    assert message in messages[0]


def test_a_nan_in_a_file_is_named_by_its_index(feature_extractor_path, tmp_path, capsys):
    samples = np.zeros((30, 8, 8, 1), np.float32) - 0.5
    samples[17, 3, 3, 0] = np.nan
    np.savez(tmp_path / "bad.npz", samples=samples)
    arguments = ["--real", "digits", "--fake", str(tmp_path / "bad.npz"), "--extractor", feature_extractor_path]
    assert main(["evaluate", *arguments]) == 2
    messages = capsys.readouterr().err
    assert "bad.npz" in messages
    assert "sample 17" in messages


@pytest.mark.parametrize("content", [b"PK\x03\x04 and then nothing", b"no array", b""])
def test_a_damaged_file_is_one_line(content, tmp_path, capsys):
    (tmp_path / "damaged.npz").write_bytes(content)
    assert main(["evaluate", "--real", "digits", "--fake", str(tmp_path / "damaged.npz")]) == 2
    assert "expected an intact NumPy file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["data", "digits"], ["sample", "RUN"]])
def test_a_path_that_cannot_be_written_is_refused_before_anything_is_computed(words, run, capsys):
    assert main([*[str(run) if word == "RUN" else word for word in words], "--out", "/nowhere/picture.png"]) == 2
    assert "--out: received '/nowhere/picture.png'" in capsys.readouterr().err
