"""TFLite files of text models: they draw what `model.generate` draws, and the program beside them writes it."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from ganzoo.export import ExportError, export_tflite, verification
from ganzoo.export.sample import Sampler, draw
from ganzoo.training.cli import main
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.seqgan import SeqGAN

from .test_sample import run_alone
from .text_models import NETWORKS, SEEDS, SIGNATURES, WORDS, tiny_texts

DEVICES = (Path(__file__).parents[2] / "docs" / "devices.md").read_text(encoding="utf-8")
(SECTION,) = re.findall(r"^## Texts\n.*?(?=^## )", DEVICES, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def models():
    return tiny_texts()


@pytest.fixture(scope="module")
def files(models, tmp_path_factory):
    """Name -> (entry, path): words three at a time, numbers singly."""
    given = {}
    for name, batch_size in (("words", 3), ("numbers", 1)):
        path = tmp_path_factory.mktemp("device") / f"{name}.tflite"
        given[name] = export_tflite(models[name], path, batch_size=batch_size, repeats=0), path
    return given


@pytest.fixture(scope="module")
def larger():
    """A model with tables large enough that converters round them to eight bits."""
    network = {"units": 32, "embedding_dim": 32, "scale": 0.5}
    return SeqGAN.create((6,), network, {"filters": 4}, vocabulary_size=100)


def test_files_draw_the_tokens_of_generate(models, files):
    for name, model in models.items():
        entry, path = files[name]
        assert entry.signatures == sorted(SIGNATURES)
        assert (entry.notes, entry.batch_size) == ([], 3 if name == "words" else 1)
        sampler = Sampler(path)
        found = sampler(SEEDS)
        assert found.dtype == np.int32
        np.testing.assert_array_equal(found, model.generate(64, seed=0))
        assert sampler.written(found) == model.texts(64, seed=0)
        assert ("" in sampler.written(found)) == (name == "words")
        temperatures = np.resize([0.3, 1.0, 2.5], 64).astype(np.float32)
        at = draw(path, 64, 0, temperature=temperatures)
        np.testing.assert_array_equal(at, model.generate(64, seed=0, temperature=temperatures))
        assert (at != found).any()


def test_files_score_tokens_up_to_their_end(models, files, run_tflite):
    tokens = np.array([[2, 3, 0, 0, 0, 0], [2, 3, 0, 5, 1, 4], [5, 5, 5, 5, 5, 5]], np.int32)
    for name, model in models.items():
        found = run_tflite(files[name][1])("serving_default", tokens=tokens)
        np.testing.assert_allclose(found, model.averaged_generator.log_probabilities(tokens), rtol=0, atol=1e-5)
        assert (found[1, 3:] == 0).all() == (name == "words")


@pytest.mark.parametrize("cell", ["lstm", "gru", "none"])
def test_files_hold_built_in_operations_only(cell, tmp_path):
    model = SeqGAN.create((6,), NETWORKS[0] | {"cell": cell}, NETWORKS[1], vocabulary=WORDS)
    entry = export_tflite(model, tmp_path / "a.tflite", repeats=0)
    # Flex and custom ones are named otherwise.
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in entry.operations)
    assert not {"CUSTOM", "WHILE"} & set(entry.operations)
    # A token a position and signature that draws.
    assert entry.operations["ARG_MAX"] == 2 * 6
    np.testing.assert_array_equal(draw(tmp_path / "a.tflite", 64), model.generate(64, seed=0))


def test_rounded_weights_draw_nearly_the_same(larger, tmp_path):
    others, sizes = {}, {}
    for precision, apart in (("float32", 1e-6), ("float16", 1e-3), ("dynamic", 0.05)):
        path = tmp_path / f"{precision}.tflite"
        entry = export_tflite(larger, path, precision, repeats=0)
        assert entry.worst["max_difference"] < apart
        others[precision] = int((draw(path, 128) != larger.generate(128, seed=0)).any(axis=1).sum())
        sizes[precision] = entry.bytes
        # The report counts those of `sample_at` as well.
        told = int(entry.notes[0].split()[0]) if entry.notes else 0
        assert others[precision] <= told <= others[precision] + 128
    assert others["float32"] == 0
    assert others["float16"] <= 4
    assert 0 < others["dynamic"] < 64
    assert sizes["dynamic"] < sizes["float16"] < sizes["float32"]


def test_eight_bits_are_refused_in_a_line(models, tmp_path):
    with pytest.raises(
        ArgumentError, match="precision: received 'int8' beside a model of texts, .*: eight bits"
    ) as told:
        export_tflite(models["words"], tmp_path / "a.tflite", "int8")
    assert "\n" not in str(told.value)
    assert not list(tmp_path.iterdir())


def test_a_file_that_draws_something_else_is_not_kept(models, tmp_path, monkeypatch):
    probe = verification._probe

    def wrong(kind, path, inputs, outputs, *rest):
        facts = probe(kind, path, inputs, outputs, *rest)
        given = dict(np.load(outputs))
        np.savez(outputs, **given | {"sample/tokens": given["sample/tokens"][::-1]})
        return facts

    monkeypatch.setattr(verification, "_probe", wrong)
    with pytest.raises(ExportError, match="sample: draws tokens that lie .* nats below the best"):
        export_tflite(models["words"], tmp_path / "a.tflite", repeats=0)
    assert not list(tmp_path.iterdir())


# The program beside the file, the command, and the document.


def test_the_program_beside_the_file_prints_the_models_texts(models, files, tmp_path):
    for name, model in models.items():
        path = files[name][1]
        assert sorted(file.name for file in path.parent.iterdir()) == sorted(
            ["sample.py", f"{name}.tflite", f"{name}.vocabulary.json"]
        )
        # 7 are no whole number of batches of 3.
        done = run_alone(path.parent / "sample.py", path, "--num", 7, "--seed", 20, folder=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stdout == "".join(f"{text}\n" for text in model.texts(7, seed=20))
    out = ["--num", 7, "--seed", 20, "--temperature", 2.5, "--out"]
    for place in ("a.txt", "a.npz"):
        done = run_alone(path.parent / "sample.py", path, *out, place, folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
    expected = model.generate(7, seed=20, temperature=2.5)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines() == model.written(expected)
    with np.load(tmp_path / "a.npz") as content:
        np.testing.assert_array_equal(content["samples"], expected)


def test_temperatures_that_cannot_be_are_told(files, tmp_path):
    path = files["words"][1]
    for wrong in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="temperature: received .*, expected above 0"):
            draw(path, 1, temperature=wrong)
    network = {"network": "dcgan", "width": 4}
    gan = GAN.create((8, 8, 1), network, network, latent_dim=4)
    export_tflite(gan, tmp_path / "gan.tflite", repeats=0)
    with pytest.raises(ValueError, match="temperature: received .*, expected none: the file gives no texts"):
        draw(tmp_path / "gan.tflite", 1, temperature=0.5)


def test_words_may_be_of_any_script_and_do_not_get_lost(tmp_path):
    model = SeqGAN.create((6,), *NETWORKS, vocabulary=["größe", "кот", "犬", "x"])
    path = tmp_path / "scripts.tflite"
    export_tflite(model, path, repeats=0)
    sampler = Sampler(path)
    assert sampler.written(sampler(SEEDS)) == model.texts(64, seed=0)
    # Without its words a file would print numbers.
    path.with_suffix(".vocabulary.json").unlink()
    with pytest.raises(FileNotFoundError, match="scripts.vocabulary.json"):
        Sampler(path)


def test_the_command_draws_from_files_as_from_runs(models, files, capsys):
    for name, model in models.items():
        path = files[name][1]
        assert main(["sample", str(path), "--num", "5", "--seed", "11", "--temperature", "0.5"]) == 0
        assert capsys.readouterr().out.splitlines() == model.texts(5, seed=11, temperature=0.5)


def test_the_document_tells_the_signatures_and_what_it_shows_runs(models, tmp_path, monkeypatch, run_tflite):
    model = models["words"]
    path = tmp_path / "lines-float32.tflite"
    export_tflite(model, path, repeats=0)
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", SECTION, re.MULTILINE)
    assert {name for name, _, _ in rows} == set(SIGNATURES)
    gives = None
    for name, takes, told in rows:
        gives = gives if told == "the same" else told
        runner = run_tflite(path).runners[name]
        for text, details in ((takes, runner.get_input_details()), (gives, runner.get_output_details())):
            shapes = {key: (np.dtype(each["dtype"]).name, len(each["shape"])) for key, each in details.items()}
            found = re.findall(r"`(\w+)` (\w+) \(([^)]+)\)", text)
            assert {key: (dtype, len(axes.strip(",").split(","))) for key, dtype, axes in found} == shapes
    (commands,) = re.findall(r"^```sh\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
    printed, saved = (run_alone(*shlex.split(line)[1:], folder=tmp_path) for line in commands.splitlines())
    assert (printed.returncode, saved.returncode) == (0, 0), printed.stderr + saved.stderr
    assert printed.stdout.splitlines() == model.texts(16, seed=7)
    assert (tmp_path / "texts.txt").read_text().splitlines() == model.texts(16, seed=0, temperature=0.5)
    (program,) = re.findall(r"^```python\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(program, "docs/devices.md", "exec"), names)
    assert names["text"] == model.texts(1, seed=7)[0]
    assert json.loads((tmp_path / "lines-float32.vocabulary.json").read_text()) == {"length": 6, "words": WORDS}
