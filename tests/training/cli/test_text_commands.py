"""`ganzoo sample` and `ganzoo data` for texts."""

import json
import re

import numpy as np
import pytest
from ganzoo.training import load, load_run
from ganzoo.training.cli.command_line import main


def test_texts_are_printed_one_per_line_and_text_i_is_that_of_seed_plus_i(word_run, capsys):
    assert main(["sample", str(word_run)]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 20
    assert main(["sample", str(word_run), "--num-samples", "5", "--seed", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == load_run(word_run).texts(5, seed=3)
    assert "samples in" not in err
    assert main(["sample", str(word_run), "--num-samples", "1", "--seed", "5"]) == 0
    assert capsys.readouterr().out.splitlines() == out.splitlines()[2:3]


def test_the_temperature_is_passed_to_the_model(word_run, capsys):
    assert main(["sample", str(word_run), "--num-samples", "4", "--temperature", "0.2", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    expected = load_run(word_run).texts(4, seed=0, temperature=0.2)
    assert printed == {"num_samples": 4, "seed": 0, "temperature": 0.2, "texts": expected}
    assert expected != load_run(word_run).texts(4, seed=0)


@pytest.mark.thorough
def test_texts_are_written_to_a_file(token_run, tmp_path, capsys):
    out = tmp_path / "texts.txt"
    assert main(["sample", str(token_run), "--num-samples", "3", "--out", str(out)]) == 0
    streams = capsys.readouterr()
    assert streams.out == ""
    assert f"3 samples in {out}" in streams.err
    texts = out.read_text().splitlines()
    assert texts == load_run(token_run).texts(3, seed=0)
    assert all(re.fullmatch(r"[0-5]( [0-5]){4}", text) for text in texts)
    assert main(["sample", str(token_run), "--num-samples", "3", "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"num_samples": 3, "seed": 0, "texts": texts, "out": str(out)}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--out", "x.png"], "--out: received 'x.png', expected a .txt file: .* generates texts"),
        (["--out", "x.npz"], "expected a .txt file"),
        (["--out", "folder"], "expected a .txt file"),
        (["--out", "/nowhere/x.txt"], "--out: received '/nowhere/x.txt', expected a file in a folder that exists"),
        (["--temperature", "0"], "temperature: received 0.0"),
        (["--temperature", "nan"], "temperature: received nan"),
        (["--num-samples", "0"], "num_samples: received 0"),
        (["--labels", "3"], "received a model without labels"),
        (["--text", "red"], "received a model without captions"),
        (["--checkpoint", "best"], "runs whose recipe has .evaluate. keep one"),
    ],
)
def test_options_that_do_not_fit_are_one_line(token_run, arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["sample", str(token_run), *arguments]) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert re.search(message, streams.err.strip().splitlines()[-1])
    assert list(tmp_path.iterdir()) == []


# Data.


def test_data_prints_facts_and_texts_and_writes_no_image(text_file, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", f"lines:{text_file}", "--set", "max_words=5", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    source = load(f"lines:{text_file}", max_words=5)
    assert {key: facts[key] for key in ("train", "held_out", "length", "vocabulary", "mean_length")} == {
        "train": 54, "held_out": 6, "length": 6, "vocabulary": 7, "mean_length": 6.0,
    }  # fmt: skip
    # "a", "car", "one" and "the" are four of six words, and one of the others is in the vocabulary.
    unknown = np.mean([text.split().count("<unk>") for text in source.decode(source.tokens)]) / 6
    assert facts["unknown"] == pytest.approx(unknown, abs=1e-4)
    assert 0.1 < facts["unknown"] < 1 / 3
    assert facts["examples"] == source.decode(source.tokens[:8])
    assert facts["notes"] == source.notes
    assert facts["fingerprint"] == source.fingerprint
    assert main(["data", f"lines:{text_file}"]) == 0
    printed = capsys.readouterr().err.splitlines()
    assert f"{'examples':<18} a red car the red one" in printed
    assert f"{'':<18} a green car the green one" in printed
    assert list(tmp_path.iterdir()) == []
    assert main(["data", f"lines:{text_file}", "--out", "texts.png"]) == 2
    assert "--out: received 'texts.png' with lines:" in capsys.readouterr().err


def test_texts_of_an_oracle_are_numbers(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "oracle:markov", "--set", "count=50", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["train"], facts["held_out"], facts["length"], facts["vocabulary"]) == (45, 5, 5, 6)
    assert facts["mean_length"] == 5
    assert "unknown" not in facts
    assert all(re.fullmatch(r"[0-5]( [0-5]){4}", text) for text in facts["examples"])


def test_images_are_written_to_the_default_path(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["data", "digits", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["image"] == "data.png"
    assert (tmp_path / "data.png").exists()
