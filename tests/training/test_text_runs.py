"""Runs of text models: the files they leave, the commands that read them, and what recipes may say of them."""

import json
import re

import numpy as np
import pytest
from ganzoo.training import load, load_recipe, load_run, train
from ganzoo.training.callbacks import SampleTexts
from ganzoo.training.callbacks.metrics import read_rows
from ganzoo.training.cli import main
from ganzoo.training.fit import build_model
from ganzoo.training.recipe import Recipe, RecipeError
from ganzoo.training.rundir import RunFolder
from ganzoo.training.shelf import recipes
from ganzoo.zoo.errors import ArgumentError

TINY = [
    "--set=model.generator.embedding_dim=4",
    "--set=model.discriminator={network='text_cnn', widths=[2], filters=4, embedding_dim=4, hidden=4}",
    "--set=model.rollouts=1",
    "--set=model.n_critic=1",
    "--set=model.head_start=0",
    "--set=optimizers.generator.learning_rate=0.5",
    "--set=pretrain.steps=9",
    "--set=pretrain.learning_rate=0.1",
    "--set=pretrain.batch_size=8",
    "--set=train.batch_size=8",
    "--set=train.steps=2",
    "--set=train.sample_every=1",
    "--set=evaluate.every=0",
]
WORDS = ["red", "green", "blue", "grey"]


def run_of(folder, recipe, *arguments):
    assert main(["train", recipe, "--out", str(folder), "--quiet", *TINY, *arguments]) == 0
    return folder


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A run whose tokens are no words."""
    return run_of(tmp_path_factory.mktemp("runs") / "numbers", "seqgan_oracle", "--set=data.count=200")


@pytest.fixture(scope="module")
def lines(tmp_path_factory):
    """A file of 60 texts."""
    path = tmp_path_factory.mktemp("data") / "texts.txt"
    path.write_text("".join(f"A {WORDS[n % 4]} car, the {WORDS[n % 3]} one\n" for n in range(60)))
    return path


@pytest.fixture(scope="module")
def words(tmp_path_factory, lines):
    """A run whose tokens are words."""
    folder = tmp_path_factory.mktemp("runs") / "words"
    return run_of(folder, "seqgan_lines", f"--set=data.source=lines:{lines}", "--set=model.generator.units=4")


def test_a_run_folder_holds_texts_of_fixed_seeds(words):
    names = {path.name for path in (words / "samples").iterdir()}
    assert names == {"step-000000.txt", "step-000001.txt", "step-000002.txt"}
    written = (words / "samples" / "step-000002.txt").read_text().splitlines()
    assert written == load_run(words).texts(16, seed=0)
    assert (words / "samples" / "step-000000.txt").read_text().splitlines() != written


def test_the_vocabulary_is_part_of_the_checkpoint(words, lines):
    source, model = load(f"lines:{lines}"), load_run(words)
    assert model.vocabulary.known == source.vocabulary.known
    assert set(" ".join(model.texts(50, seed=0)).split()) <= {*source.vocabulary.known, "<unk>"}


def test_rows_count_sequences(words):
    pretrained, row = read_rows(words / "metrics.jsonl")
    assert (pretrained["phase"], row["step"]) == ("pretrain", 2)
    assert row["sequences_per_second"] > 0
    assert "images_per_second" not in row
    assert {"d_loss", "g_loss", "reward", "entropy"} <= set(row)


def test_tensorboard_shows_the_texts(words):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(words / "tensorboard" / "train"))
    events.Reload()
    assert {"samples", "sequences_per_second"} <= set(events.Tags()["tensors"])
    (shown,) = events.Tensors("samples")[-1].tensor_proto.string_val
    first, *_ = load_run(words).texts(1, seed=0)
    assert shown.decode().startswith(f"    {first}\n    ")


def test_texts_of_steps_that_will_be_taken_again_are_removed(words, tmp_path):
    folder = RunFolder(tmp_path)
    folder.samples.mkdir()
    for name in ("step-000000.txt", "step-000002.txt", "step-000002.png", "notes.txt"):
        (folder.samples / name).write_text("")
    folder.rewind(1)
    assert {path.name for path in folder.samples.iterdir()} == {"step-000000.txt", "notes.txt"}


def test_the_callback_writes_at_its_steps(numbers, tmp_path):
    model, source = load_run(numbers), load("oracle:markov", count=200)
    shown = SampleTexts(tmp_path, every=2, num=3, seed=7)
    model.fit(source, batch_size=8, steps_per_epoch=3, callbacks=[shown], verbose=0)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["step-000004.txt", "step-000005.txt"]
    assert (tmp_path / "step-000005.txt").read_text().splitlines() == model.texts(3, seed=7)


# Sampling.


def test_texts_are_printed_one_a_line_text_i_being_that_of_seed_plus_i(words, capsys):
    assert main(["sample", str(words)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 20
    assert main(["sample", str(words), "--num", "5", "--seed", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == load_run(words).texts(5, seed=3)
    assert "samples in" not in err
    assert main(["sample", str(words), "--num", "1", "--seed", "5"]) == 0
    assert capsys.readouterr().out.splitlines() == out.splitlines()[2:3]


def test_a_temperature_is_the_models(words, capsys):
    assert main(["sample", str(words), "--num", "4", "--temperature", "0.2", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    expected = load_run(words).texts(4, seed=0, temperature=0.2)
    assert told == {"num": 4, "seed": 0, "temperature": 0.2, "texts": expected}
    assert expected != load_run(words).texts(4, seed=0)


def test_texts_go_into_a_file(numbers, tmp_path, capsys):
    out = tmp_path / "texts.txt"
    assert main(["sample", str(numbers), "--num", "3", "--out", str(out)]) == 0
    streams = capsys.readouterr()
    assert streams.out == ""
    assert f"3 samples in {out}" in streams.err
    texts = out.read_text().splitlines()
    assert texts == load_run(numbers).texts(3, seed=0)
    assert all(re.fullmatch(r"[0-5]( [0-5]){4}", text) for text in texts)
    assert main(["sample", str(numbers), "--num", "3", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"num": 3, "seed": 0, "texts": texts, "out": str(out)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "x.png"], "--out: received 'x.png', expected a .txt file: .* makes texts"),
        (["--out", "x.npz"], "expected a .txt file"),
        (["--out", "folder"], "expected a .txt file"),
        (["--out", "/nowhere/x.txt"], "--out: received '/nowhere/x.txt', expected a file in a folder that exists"),
        (["--temperature", "0"], "temperature: received 0.0"),
        (["--temperature", "nan"], "temperature: received nan"),
        (["--num", "0"], "num: received 0"),
        (["--labels", "3"], "received a model without labels"),
        (["--text", "red"], "received a model that reads no captions"),
        (["--checkpoint", "best"], "runs whose recipe has .evaluate. keep one"),
    ],
)
def test_options_that_do_not_fit_are_one_line(numbers, arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["sample", str(numbers), *arguments]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert re.search(message, told.err.strip().splitlines()[-1])
    assert list(tmp_path.iterdir()) == []


# Data.


def test_data_tells_facts_and_shows_texts_in_place_of_a_picture(lines, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", f"lines:{lines}", "--set", "words=5", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    source = load(f"lines:{lines}", words=5)
    assert {key: facts[key] for key in ("train", "held_out", "length", "vocabulary", "mean_length")} == {
        "train": 54, "held_out": 6, "length": 6, "vocabulary": 7, "mean_length": 6.0,
    }  # fmt: skip
    # "a", "car", "one" and "the" are four of six words, and of the others one is known.
    unknown = np.mean([text.split().count("<unk>") for text in source.written(source.tokens)]) / 6
    assert facts["unknown"] == pytest.approx(unknown, abs=1e-4)
    assert 0.1 < facts["unknown"] < 1 / 3
    assert facts["examples"] == source.written(source.tokens[:8])
    assert facts["notes"] == source.notes
    assert facts["fingerprint"] == source.fingerprint
    assert main(["data", f"lines:{lines}"]) == 0
    printed = capsys.readouterr().err.splitlines()
    assert f"{'examples':<18} a red car the red one" in printed
    assert f"{'':<18} a green car the green one" in printed
    assert list(tmp_path.iterdir()) == []
    assert main(["data", f"lines:{lines}", "--out", "texts.png"]) == 2
    assert "--out: received 'texts.png' with lines:" in capsys.readouterr().err


def test_data_of_an_oracle_are_numbers(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "oracle:markov", "--set", "count=50", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["train"], facts["held_out"], facts["length"], facts["vocabulary"]) == (45, 5, 5, 6)
    assert facts["mean_length"] == 5
    assert "unknown" not in facts
    assert all(re.fullmatch(r"[0-5]( [0-5]){4}", text) for text in facts["examples"])


def test_pictures_still_go_to_their_usual_place(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "digits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["picture"] == "data.png"
    assert (tmp_path / "data.png").exists()


# Training.


def test_weights_of_other_words_are_refused(words, numbers, tmp_path, capsys):
    arguments = ["train", "seqgan_oracle", "--out", str(tmp_path / "x"), "--set=data.count=200", *TINY]
    assert main([*arguments, "--init-from", str(words)]) == 2
    assert "with another vocabulary, expected the same words" in capsys.readouterr().err.splitlines()[-1]
    # Tokens without words, and more of them.
    assert main([*arguments, "--set=data.vocabulary_size=7", "--init-from", str(numbers)]) == 2
    assert "use the same networks and data" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "x").exists()


def test_another_reward_may_go_on_from_the_same_networks(numbers, tmp_path):
    reward = "--set=model.reward={kind='bleu', order=2}"
    folder = run_of(tmp_path / "x", "seqgan_oracle", "--set=data.count=200", reward, "--init-from", str(numbers))
    assert load_run(folder).steps_done == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["train", "seqgan_oracle", "--set=train.batch_size=5000", "--set=data.count=200"],
            "received 5000 for 180 texts",
        ),
        (
            ["train", "gan_mixture", "--data", "oracle:markov"],
            "'oracle:markov', which has texts, expected pictures: GAN",
        ),
        (["train", "seqgan_oracle", "--data", "digits"], "'digits', which has no texts, expected lines:FILE"),
        (["train", "seqgan_lines"], "lines:texts.txt: cannot be read .*No such file"),
        (
            ["train", "seqgan_oracle", "--dry-run", "--set=model.reward.kind=blue"],
            "received 'blue'.*did you mean 'bleu'",
        ),
        (["train", "seqgan_oracle", "--set=model.vocabulary_size=9"], "model.vocabulary_size: unknown key"),
        (["train", "seqgan_oracle", "--set=model.ends=true"], "model.ends: unknown key"),
        (["train", "seqgan_oracle", "--set=model.generator.ends=true"], "model.generator.ends: unknown argument"),
        (["train", "seqgan_oracle", "--set=model.generator.cell=rnn"], "model.generator.cell: received 'rnn'"),
        (["train", "gan_digits", "--set=pretrain.steps=3"], "pretrain: received this section beside .*'gan'"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert re.search(message, told.strip().splitlines()[-1]), told
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(name for name in recipes() if name.endswith(("_oracle", "_lines"))))
def test_a_shipped_recipe_of_texts_builds_its_model_and_learns(name, lines):
    source = load(f"lines:{lines}") if name.endswith("_lines") else load("oracle:markov", count=400)
    recipe = load_recipe(name, ["train.jit_compile=false"])
    model = build_model(recipe, source)
    model.run_eagerly = True
    history = model.fit(source, batch_size=4, steps_per_epoch=1, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    assert len(model.texts(2, seed=0)) == 2


def test_a_run_is_judged_by_the_measure_of_texts(tmp_path, capsys):
    folder, count = tmp_path / "judged", "--set=data.count=2000"
    judged = ["--set=evaluate.every=1", "--set=evaluate.num=150", "--set=evaluate.metrics=['frechet_local', 'exact']"]
    arguments = ["train", "seqgan_oracle", "--out", str(folder), "--quiet", *TINY, count, *judged, "--json"]
    assert main(arguments) == 0
    best = json.loads(capsys.readouterr().out)["best"]
    rows = read_rows(folder / "metrics.jsonl")
    assert [row["step"] for row in rows if "phase" in row or "js" in row] == [0, 0, 1, 2]
    scores = [(row["frechet_local"], row["step"]) for row in rows if "frechet_local" in row]
    assert (best["frechet_local"], best["step"]) == min(scores)
    assert load_run(folder, "best").steps_done == best["step"]


def test_texts_that_cannot_be_judged_are_noticed_before_there_is_a_folder(tmp_path):
    """No word comes twice: there is nothing to measure a distance in."""
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"a{n} b{n} c{n} d{n}\n" for n in range(20)))
    content = evaluated("maligan").content() | {"data": {"source": f"lines:{path}"}}
    content["train"]["batch_size"] = 4
    with pytest.raises(ArgumentError, match=r"there is no frechet_local of these data \(no word .*evaluate.every=0"):
        train(Recipe(content), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


# What recipes say of evaluation.


def evaluated(variant, **evaluate):
    texts = variant == "maligan"
    data = {"source": "oracle:markov"} if texts else {"source": "digits"}
    content = {"data": data, "model": {"variant": variant}, "train": {"steps": 10}}
    return Recipe(content | {"evaluate": {"every": 5} | evaluate})


def test_the_metrics_of_a_family_are_its_default():
    assert evaluated("gan").content()["evaluate"] == {
        "every": 5, "num": 5000, "extractor": "auto", "metrics": ["fid", "precision_recall"],
    }  # fmt: skip
    told = evaluated("maligan").content()["evaluate"]
    assert told == {"every": 5, "num": 2000}
    assert Recipe(evaluated("maligan").content()).content() == evaluated("maligan").content()


def test_the_metrics_of_either_family_are_known_by_name():
    from ganzoo.export.evaluation.metrics import metric_names as of_images
    from ganzoo.export.evaluation.texts import metric_names as of_texts

    assert evaluated("maligan", metrics=of_texts()).evaluate.metrics == of_texts()
    assert evaluated("gan", metrics=of_images()).evaluate.metrics == of_images()
    for names in (["frechet_local", "kid"], ["bleu"]):
        with pytest.raises(RecipeError, match="evaluate.metrics: received .*'bleu'.*'frechet_local' among them"):
            evaluated("maligan", metrics=names)
    with pytest.raises(RecipeError, match="evaluate.metrics: received .*'kid'.*'fid' among them"):
        evaluated("gan", metrics=["fid", "frechet_local"])
    with pytest.raises(RecipeError, match="'fid' among them: it tells which checkpoint is the best"):
        evaluated("gan", metrics=["kid"])


@pytest.mark.parametrize("extractor", ["auto", "classifier"])
def test_texts_have_no_extractor(extractor):
    with pytest.raises(RecipeError, match=f"evaluate.extractor: received '{extractor}', expected: none: texts are"):
        evaluated("maligan", extractor=extractor)
