"""Scores while a model learns, the checkpoint `best`, and the command `evaluate`."""

import json

import keras
import numpy as np
import pytest
from ganzoo.export.evaluation import Judge
from ganzoo.training import load, load_recipe, load_run, train
from ganzoo.training.callbacks import Checkpoint, Evaluate
from ganzoo.training.callbacks.metrics import read_rows
from ganzoo.training.cli import main
from ganzoo.training.recipe import RecipeError
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError
from PIL import Image


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.fixture
def recipe(eyes):
    def build(*overrides):
        return load_recipe(
            "gan_digits",
            [
                "data.resolution=8",
                "model.generator.width=4",
                "model.discriminator.width=4",
                "train.batch_size=16",
                "train.log_every=5",
                "train.save_every=10",
                "evaluate.every=10",
                "evaluate.num=200",
                'evaluate.metrics=["fid", "kid"]',
                f'evaluate.extractor="{eyes}"',
                *overrides,
            ],
        )

    return build


@pytest.fixture(scope="module")
def run(eyes, tmp_path_factory):
    """A finished run, evaluated at steps 0, 10 and 20."""
    folder = tmp_path_factory.mktemp("runs") / "judged"
    settings = ["data.resolution=8", "model.generator.width=4", "model.discriminator.width=4", "train.batch_size=16"]
    settings += ["train.steps=20", "train.save_every=10", "evaluate.every=10", "evaluate.num=200"]
    settings += [f'evaluate.extractor="{eyes}"']
    flags = [f"--set={setting}" for setting in settings]
    assert main(["train", "gan_digits", "--out", str(folder), "--quiet", *flags]) == 0
    return folder


class Planned:
    """A judge whose FIDs are known beforehand."""

    def __new__(cls, source, fids):
        judge = Judge(source, metrics=["fid"], num=100, extractor=_nothing())
        fids = iter(fids)
        judge.score = lambda *_: {"fid": next(fids)}
        return judge


def _nothing():
    return keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten()])


def scores(path):
    return [(row["step"], row["fid"]) for row in read_rows(path) if "fid" in row]


def test_a_run_is_judged_before_its_first_step_at_every_interval_and_at_its_end(recipe, tmp_path):
    outcome = train(recipe("train.steps=15"), tmp_path / "run", progress=False)
    rows = [row for row in read_rows(tmp_path / "run" / "metrics.jsonl") if "fid" in row]
    assert [row["step"] for row in rows] == [0, 10, 15]
    assert [row["kimg"] for row in rows] == [0, 0.16, 0.24]
    assert all({"fid", "kid", "evaluation_seconds"} <= set(row) for row in rows)
    assert outcome.best == min((row["fid"], row["step"]) for row in rows)


def test_what_the_callback_writes_is_what_the_judge_says(recipe, tmp_path, digits, eyes):
    outcome = train(recipe("train.steps=10"), tmp_path / "run", progress=False)
    judge = Judge(digits, eyes, ["fid"], 200)
    again = judge.score(outcome.model.generate(200, seed=1_000_000, batch_size=256), value_range=(-1, 1))
    assert scores(tmp_path / "run" / "metrics.jsonl")[-1] == (10, pytest.approx(again["fid"], rel=1e-9))


def test_the_best_checkpoint_is_the_one_with_the_lowest_score(digits, tmp_path):
    model = GAN.create(digits.shape, {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4}, latent_dim=4)
    model.compile()
    kept = {}

    class Keep(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            kept[batch + 1] = self.model.generate(2, seed=0)

    # Of steps 0, 2, 4, 6: the third is the best.
    evaluate = Evaluate(Planned(digits, [9.0, 5.0, 3.0, 4.0]), every=2, path=tmp_path / "rows", best=tmp_path)
    model.fit(digits, batch_size=16, steps_per_epoch=6, callbacks=[Keep(), evaluate], verbose=0)
    assert (evaluate.lowest, evaluate.lowest_step) == (3.0, 4)
    best = keras.saving.load_model(tmp_path / "best.keras")
    assert best.steps_done == 4
    np.testing.assert_array_equal(best.generate(2, seed=0), kept[4])


def test_patience_ends_training_and_the_last_state_is_saved(digits, tmp_path):
    model = GAN.create(digits.shape, {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4}, latent_dim=4)
    model.compile()
    evaluate = Evaluate(Planned(digits, [5.0, 4.0, 6.0, 4.5, 1.0]), every=3, path=tmp_path / "rows", patience=2)
    checkpoint = Checkpoint(tmp_path / "checkpoints", every=100)
    model.fit(digits, batch_size=16, steps_per_epoch=90, callbacks=[evaluate, checkpoint], verbose=0)
    assert scores(tmp_path / "rows") == [(0, 5.0), (3, 4.0), (6, 6.0), (9, 4.5)]
    assert model.steps_done == 9
    assert checkpoint.saved == 9


def test_a_resumed_run_has_the_rows_and_the_best_of_one_never_stopped(recipe, tmp_path):
    train(recipe("train.steps=40"), tmp_path / "whole", progress=False)
    train(recipe("train.steps=20"), tmp_path / "parts", progress=False)
    train(recipe("train.steps=40"), tmp_path / "parts", resume=True, progress=False)
    whole, parts = (
        [
            {key: value for key, value in row.items() if key not in ("images_per_second", "evaluation_seconds")}
            for row in read_rows(tmp_path / name / "metrics.jsonl")
        ]
        for name in ("whole", "parts")
    )
    assert parts == whole
    best = [load_run(tmp_path / name, "best") for name in ("whole", "parts")]
    assert best[0].steps_done == best[1].steps_done
    for mine, theirs in zip(best[0].weights, best[1].weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_evaluation_changes_nothing_in_training(recipe, tmp_path):
    judged = train(recipe("train.steps=20"), tmp_path / "judged", progress=False).model
    alone = train(recipe("train.steps=20", "evaluate.every=0"), tmp_path / "alone", progress=False).model
    assert scores(tmp_path / "alone" / "metrics.jsonl") == []
    assert not (tmp_path / "alone" / "checkpoints" / "best.keras").exists()
    for mine, theirs in zip(judged.weights, alone.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy())


def test_data_without_a_score_are_noticed_before_the_first_step(recipe, eyes, tmp_path, digits):
    few = np.asarray(digits.samples[:40])
    judge = Judge(load(few), eyes, ["fid"], 100)
    model = GAN.create(digits.shape, {"network": "dcgan", "width": 4}, {"network": "dcgan", "width": 4}, latent_dim=4)
    model.compile()
    with pytest.raises(ArgumentError, match=r"54 features is singular.*evaluate.every=0"):
        model.fit(few, batch_size=16, callbacks=[Evaluate(judge, every=1)], verbose=0)
    assert model.steps_done == 0


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("evaluate.metrics=['kid']", "'fid' among them"),
        ("evaluate.metrics=['fid', 'ssim']", "expected: some of .*'fid'"),
        ("evaluate.extractor='vgg'", "'auto' or one of"),
        ("evaluate.evry=3", "did you mean 'every'"),
        ("evaluate.num=5", "greater than or equal to 100"),
        ("evaluate.patience=0", "greater than or equal to 1"),
    ],
)
def test_settings_that_make_no_sense_are_refused_by_name(setting, message):
    with pytest.raises(RecipeError, match=rf"evaluate\..*{message}"):
        load_recipe("gan_digits", [setting])


def test_a_judge_without_fid_is_refused(digits):
    with pytest.raises(ArgumentError, match="expected 'fid' among them"):
        Evaluate(Judge(digits, _nothing(), ["kid"], 100), every=1)


def test_the_command_judges_a_run_over_disjoint_seeds(run, capsys):
    assert main(["evaluate", str(run), "--num", "300", "--seeds", "2", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["seeds"] == [1_000_000, 1_000_300]
    assert printed["step"] == 20
    assert printed["reference"]["num"] == 300
    assert len(printed["results"]["fid"]["values"]) == 2
    assert printed["results"]["fid"]["held_out"] > 0
    assert "does not know" in printed["not_computed"]["modes"]
    assert json.loads((run / "evaluation.json").read_text())["results"] == printed["results"]
    with Image.open(run / "evaluation" / "neighbours.png") as picture:
        assert picture.width > 0


def test_best_and_last_are_different_models_where_the_last_is_not_the_best(run, capsys):
    steps = {}
    for checkpoint in ("best", "last"):
        assert (
            main(["evaluate", str(run), "--checkpoint", checkpoint, "--num", "100", "--metrics", "fid", "--json"]) == 0
        )
        steps[checkpoint] = json.loads(capsys.readouterr().out)["step"]
    fids = dict(scores(run / "metrics.jsonl"))
    assert steps == {"best": min(fids, key=fids.get), "last": 20}


def test_samples_in_a_file_and_as_pictures_score_as_the_generator_does(run, eyes, tmp_path, capsys):
    """What is drawn, however it was stored: 8 bits on every way."""
    found = {}
    for out in ("samples.npz", "pictures"):
        assert main(["sample", str(run), "--num", "200", "--seed", "9", "--out", str(tmp_path / out)]) == 0
        arguments = ["--real", "digits", "--fake", str(tmp_path / out), "--extractor", eyes, "--metrics", "fid,kid"]
        assert main(["evaluate", *arguments, "--num", "200", "--out", str(tmp_path / "e.json"), "--json"]) == 0
        found[out] = json.loads(capsys.readouterr().out.splitlines()[-1])["results"]["fid"]["mean"]
    model = Judge(load("digits"), eyes, ["fid"], 200).score(load_run(run).generate(200, seed=9), value_range=(-1, 1))
    assert found["samples.npz"] == pytest.approx(model["fid"], rel=1e-9)
    assert found["pictures"] == pytest.approx(model["fid"], rel=1e-6)


def test_two_folders_are_compared_and_what_was_done_to_them_is_told(tmp_path, capsys):
    random = np.random.default_rng(0)
    for name, mode, suffix, size in (("real", "L", "png", 16), ("fake", "RGB", "jpg", 20)):
        (tmp_path / name).mkdir()
        for index in range(120):
            pixels = random.integers(0, 255, (size, size), np.uint8)
            Image.fromarray(pixels).convert(mode).save(tmp_path / name / f"{index}.{suffix}")
    keras.utils.set_random_seed(1)
    network = keras.Sequential([keras.Input((16, 16, 1)), keras.layers.Conv2D(2, 4, 4), keras.layers.Flatten()])
    network.save(tmp_path / "eyes.keras")
    arguments = ["--real", f"folder:{tmp_path / 'real'}", "--fake", str(tmp_path / "fake"), "--resolution", "16"]
    arguments += ["--extractor", f"model:{tmp_path / 'eyes.keras'}", "--out", str(tmp_path / "evaluation.json")]
    assert main(["evaluate", *arguments]) == 0
    told = capsys.readouterr().err
    assert "20x20 were brought to 16x16 (pillow-bicubic-antialias)" in told
    assert "holds JPEG files" in told
    assert "fewer than 2048" in told
    written = json.loads((tmp_path / "evaluation.json").read_text())
    assert written["num"] == 120
    assert written["results"]["fid"]["mean"] > 0
    # Twelve held-out pictures have no covariance of 32 features, and that is said.
    assert written["results"]["fid"]["held_out"] is None
    assert "singular" in written["held_out_not_computed"]["fid"]
    assert (tmp_path / "evaluation" / "neighbours.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "expected either RUN, or --real SOURCE and --fake SAMPLES"),
        (["RUN", "--real", "digits", "--fake", "x.npz"], "expected either RUN"),
        (["--real", "digits"], "expected either RUN"),
        (["RUN", "--resolution", "8"], "--resolution: received 8 beside RUN"),
        (["RUN", "--checkpoint", "first"], "expected one of"),
        (["RUN", "--metrics", "fdi"], "did you mean 'fid'"),
        (["RUN", "--extractor", "vgg"], "expected 'auto' or one of"),
        (["RUN", "--num", "1"], "expected at least 2"),
        (["--real", "digits", "--fake", "x.npz", "--checkpoint", "best"], "--checkpoint: received 'best' beside"),
        (["--real", "digits", "--fake", "x.npz", "--seeds", "2"], "only a run draws more"),
        (["--real", "digits", "--fake", "missing.npz"], "cannot be read"),
        (["--real", "digits", "--fake", "digits", "--range", "0,1"], "for 8-bit images"),
        (["RUN", "--out", "/nowhere/e.json"], "--out: received '/nowhere/e.json'"),
        (["--real", "digits", "--fake", "x.npz", "--range", "0-1"], "expected LOW,HIGH"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_and_exit_code_2(run, arguments, message, capsys):
    assert main(["evaluate", *[str(run) if word == "RUN" else word for word in arguments]]) == 2
    told = [line for line in capsys.readouterr().err.splitlines() if line.startswith("ganzoo:")]
    assert len(told) == 1
    assert message in told[0]


def test_a_nan_in_a_file_is_named_by_its_index(eyes, tmp_path, capsys):
    samples = np.zeros((30, 8, 8, 1), np.float32) - 0.5
    samples[17, 3, 3, 0] = np.nan
    np.savez(tmp_path / "bad.npz", samples=samples)
    arguments = ["--real", "digits", "--fake", str(tmp_path / "bad.npz"), "--extractor", eyes]
    assert main(["evaluate", *arguments]) == 2
    told = capsys.readouterr().err
    assert "bad.npz" in told
    assert "sample 17" in told


@pytest.mark.parametrize("content", [b"PK\x03\x04 and then nothing", b"no array", b""])
def test_a_damaged_file_is_one_line(content, tmp_path, capsys):
    (tmp_path / "damaged.npz").write_bytes(content)
    assert main(["evaluate", "--real", "digits", "--fake", str(tmp_path / "damaged.npz")]) == 2
    assert "expected an intact NumPy file" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["data", "digits"], ["sample", "RUN"]])
def test_a_place_that_is_not_there_is_refused_before_anything_is_made_for_it(words, run, capsys):
    assert main([*[str(run) if word == "RUN" else word for word in words], "--out", "/nowhere/picture.png"]) == 2
    assert "--out: received '/nowhere/picture.png'" in capsys.readouterr().err


def test_a_finished_run_needs_no_judge_to_say_so(recipe, tmp_path, monkeypatch):
    from ganzoo.training import fit

    finished = recipe("train.steps=10")
    train(finished, tmp_path / "run", progress=False)
    monkeypatch.setattr(fit, "judge_of", None)
    assert train(finished, tmp_path / "run", resume=True, progress=False).step == 10
