"""Runs of text models: the files that they write, and the recipes that they accept."""

import json
import re

import numpy as np
import pytest
from ganzoo.training import load, load_recipe, load_run, train
from ganzoo.training.callbacks import SampleTexts
from ganzoo.training.callbacks.metrics_logger import read_rows
from ganzoo.training.cli.command_line import main
from ganzoo.training.config.catalog import recipes
from ganzoo.training.config.recipe import Recipe
from ganzoo.training.run.folder.run_writer import RunWriter
from ganzoo.training.run.run_dir import RunDir
from ganzoo.training.run.training_run import build_model
from ganzoo.zoo.errors import ArgumentError


def test_a_run_folder_holds_texts_of_fixed_seeds(word_run):
    names = {path.name for path in (word_run / "samples").iterdir()}
    assert names == {"step-000000.txt", "step-000001.txt", "step-000002.txt"}
    written = (word_run / "samples" / "step-000002.txt").read_text().splitlines()
    assert written == load_run(word_run).texts(16, seed=0)
    assert (word_run / "samples" / "step-000000.txt").read_text().splitlines() != written


def test_the_vocabulary_is_part_of_the_checkpoint(word_run, text_file):
    source, model = load(f"lines:{text_file}"), load_run(word_run)
    assert model.vocabulary.words == source.vocabulary.words
    assert set(" ".join(model.texts(50, seed=0)).split()) <= {*source.vocabulary.words, "<unk>"}


def test_rows_count_sequences(word_run):
    pretrained, row = read_rows(word_run / "metrics.jsonl")
    assert (pretrained["phase"], row["step"]) == ("pretrain", 2)
    assert row["sequences_per_second"] > 0
    assert "images_per_second" not in row
    assert {"d_loss", "g_loss", "reward", "entropy"} <= set(row)


def test_tensorboard_shows_the_texts(word_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(word_run / "tensorboard" / "train"))
    events.Reload()
    assert {"samples", "sequences_per_second"} <= set(events.Tags()["tensors"])
    (tagged,) = events.Tensors("samples")[-1].tensor_proto.string_val
    first, *_ = load_run(word_run).texts(1, seed=0)
    assert tagged.decode().startswith(f"    {first}\n    ")


def test_texts_of_steps_that_are_repeated_are_removed(word_run, tmp_path):
    folder = RunDir(tmp_path)
    folder.samples.mkdir()
    for name in ("step-000000.txt", "step-000002.txt", "step-000002.png", "notes.txt"):
        (folder.samples / name).write_text("")
    RunWriter(folder).truncate_after(1)
    assert {path.name for path in folder.samples.iterdir()} == {"step-000000.txt", "notes.txt"}


@pytest.mark.thorough
def test_the_callback_writes_at_its_steps(token_run, tmp_path):
    model, source = load_run(token_run), load("oracle:markov", count=200)
    writer = SampleTexts(tmp_path, every_n_steps=2, num_samples=3, seed=7)
    model.fit(source, batch_size=8, steps_per_epoch=3, callbacks=[writer], verbose=0)
    # The run ended at step 2, of which this folder has no texts yet.
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"step-00000{step}.txt" for step in (2, 4, 5)]
    assert (tmp_path / "step-000005.txt").read_text().splitlines() == model.texts(3, seed=7)


def test_weights_with_another_vocabulary_are_refused(word_run, token_run, tiny_text_gan, tmp_path, capsys):
    arguments = ["train", "seqgan_oracle", "--out", str(tmp_path / "x"), "--set=data.count=200", *tiny_text_gan]
    assert main([*arguments, "--init-from", str(word_run)]) == 2
    assert "with another vocabulary, expected the same words" in capsys.readouterr().err.splitlines()[-1]
    # Tokens without words, and a larger vocabulary.
    assert main([*arguments, "--set=data.vocabulary_size=7", "--init-from", str(token_run)]) == 2
    assert "use the same networks and data" in capsys.readouterr().err.splitlines()[-1]
    assert not (tmp_path / "x").exists()


@pytest.mark.thorough
def test_another_reward_may_start_from_the_same_networks(token_run, train_text_run, tmp_path):
    reward = "--set=model.reward={kind='bleu', order=2}"
    folder = train_text_run(
        tmp_path / "x", "seqgan_oracle", "--set=data.count=200", reward, "--init-from", str(token_run)
    )
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
            "'oracle:markov', which has texts, expected images",
        ),
        (["train", "seqgan_oracle", "--data", "digits"], "'digits', which has no texts, expected lines:FILE"),
        (["train", "seqgan_lines"], "lines:texts.txt cannot be read .*No such file"),
        (
            ["train", "seqgan_oracle", "--dry-run", "--set=model.reward.kind=blue"],
            "received 'blue'.*did you mean 'bleu'",
        ),
        (["train", "seqgan_oracle", "--set=model.vocabulary_size=9"], "model.vocabulary_size: unknown key"),
        (["train", "seqgan_oracle", "--set=model.has_eos=true"], "model.has_eos: unknown key"),
        (["train", "seqgan_oracle", "--set=model.generator.has_eos=true"], "model.generator.has_eos: unknown argument"),
        (["train", "seqgan_oracle", "--set=model.generator.cell=rnn"], "model.generator.cell: received 'rnn'"),
        (["train", "gan_digits", "--set=pretrain.steps=3"], "pretrain: received this section with .*'gan'"),
    ],
)
def test_mistakes_are_one_line_and_leave_nothing(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert re.search(message, errors.strip().splitlines()[-1]), errors
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(name for name in recipes() if name.endswith(("_oracle", "_lines"))))
def test_a_shipped_text_recipe_builds_its_model_and_trains(name, text_file):
    source = load(f"lines:{text_file}") if name.endswith("_lines") else load("oracle:markov", count=400)
    recipe = load_recipe(name, ["train.jit_compile=false"])
    model = build_model(recipe, source)
    model.run_eagerly = True
    history = model.fit(source, batch_size=4, steps_per_epoch=1, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    assert len(model.texts(2, seed=0)) == 2


def test_a_run_is_evaluated_by_the_metrics_of_texts(tiny_text_gan, tmp_path, capsys):
    folder, count = tmp_path / "run", "--set=data.count=2000"
    evaluate = [
        "--set=evaluate.every=1",
        "--set=evaluate.num_samples=150",
        "--set=evaluate.metrics=['frechet_local', 'exact']",
    ]
    arguments = ["train", "seqgan_oracle", "--out", str(folder), "--quiet", *tiny_text_gan, count, *evaluate, "--json"]
    assert main(arguments) == 0
    best = json.loads(capsys.readouterr().out)["best"]
    rows = read_rows(folder / "metrics.jsonl")
    assert [row["step"] for row in rows if "phase" in row or "js" in row] == [0, 0, 1, 2]
    scores = [(row["frechet_local"], row["step"]) for row in rows if "frechet_local" in row]
    assert (best["frechet_local"], best["step"]) == min(scores)
    assert load_run(folder, "best").steps_done == best["step"]


def test_texts_that_allow_no_score_are_noticed_before_the_folder_is_created(tmp_path):
    """Every word occurs once: there are no features to compute a distance of."""
    path = tmp_path / "texts.txt"
    path.write_text("".join(f"a{n} b{n} c{n} d{n}\n" for n in range(20)))
    content = {"data": {"source": f"lines:{path}"}, "model": {"variant": "maligan"}}
    content |= {"train": {"steps": 10}, "evaluate": {"every": 5}}
    content["train"]["batch_size"] = 4
    with pytest.raises(ArgumentError, match=r"received data without a frechet_local \(no word .*evaluate.every=0"):
        train(Recipe(content), tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
