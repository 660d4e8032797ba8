"""TFLite files of text models: their tokens equal those of `model.generate`; the program next to them prints texts."""

import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from ganzoo.export import ExportError, export_tflite
from ganzoo.export.runtime.sample import Sampler, sample_file
from ganzoo.export.runtime.sample import main as run_sample
from ganzoo.export.verification import verify_file as verification
from ganzoo.training.cli.command_line import main
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.models.text.seqgan import SeqGAN

from ..programs import run_program
from ..text_models import NETWORKS, SEEDS, SIGNATURES, WORDS, tiny_text_models

DEVICES = (Path(__file__).parents[3] / "docs" / "devices.md").read_text(encoding="utf-8")
(SECTION,) = re.findall(r"^## Text models\n.*?(?=^## )", DEVICES, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def models():
    return tiny_text_models()


@pytest.fixture(scope="module")
def files(models, tmp_path_factory):
    """Name -> (entry, path): the batch size is 3 for words and 1 for numbers."""
    entries = {}
    for name, batch_size in (("words", 3), ("numbers", 1)):
        path = tmp_path_factory.mktemp("device") / f"{name}.tflite"
        entries[name] = export_tflite(models[name], path, batch_size=batch_size, repeats=0), path
    return entries


@pytest.fixture(scope="module")
def larger():
    """A model whose embedding tables are large enough that the converter quantizes them."""
    network = {"units": 32, "embedding_dim": 32, "initializer_stddev": 0.5}
    return SeqGAN.create((6,), network, {"filters": 4}, vocabulary_size=100)


def test_files_sample_the_tokens_of_generate(models, files):
    for name, model in models.items():
        entry, path = files[name]
        assert entry.signatures == sorted(SIGNATURES)
        assert (entry.notes, entry.batch_size) == ([], 3 if name == "words" else 1)
        sampler = Sampler(path)
        tokens = sampler(SEEDS)
        assert tokens.dtype == np.int32
        np.testing.assert_array_equal(tokens, model.generate(64, seed=0))
        assert sampler.decode(tokens) == model.texts(64, seed=0)
        assert ("" in sampler.decode(tokens)) == (name == "words")
        temperatures = np.resize([0.3, 1.0, 2.5], 64).astype(np.float32)
        at = sample_file(path, 64, 0, temperature=temperatures)
        np.testing.assert_array_equal(at, model.generate(64, seed=0, temperature=temperatures))
        assert (at != tokens).any()


def test_files_score_tokens_up_to_their_end(models, files, run_tflite):
    tokens = np.array([[2, 3, 0, 0, 0, 0], [2, 3, 0, 5, 1, 4], [5, 5, 5, 5, 5, 5]], np.int32)
    for name, model in models.items():
        actual = run_tflite(files[name][1])("serving_default", tokens=tokens)
        np.testing.assert_allclose(actual, model.ema_generator.log_probabilities(tokens), rtol=0, atol=1e-5)
        assert (actual[1, 3:] == 0).all() == (name == "words")


@pytest.mark.parametrize(
    "cell", ["lstm", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("gru", "none"))]
)
@pytest.mark.thorough
def test_files_hold_built_in_operations_only(cell, tmp_path):
    model = SeqGAN.create((6,), NETWORKS[0] | {"cell": cell}, NETWORKS[1], vocabulary=WORDS)
    entry = export_tflite(model, tmp_path / "a.tflite", repeats=0)
    # Flex and custom operations have other names.
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in entry.operations)
    assert not {"CUSTOM", "WHILE"} & set(entry.operations)
    # One per position and sampling signature.
    assert entry.operations["ARG_MAX"] == 2 * 6
    np.testing.assert_array_equal(sample_file(tmp_path / "a.tflite", 64), model.generate(64, seed=0))


@pytest.mark.thorough
def test_rounded_weights_sample_nearly_the_same(larger, tmp_path):
    differing, sizes = {}, {}
    for precision, tolerance in (("float32", 1e-6), ("float16", 1e-3), ("dynamic", 0.05)):
        path = tmp_path / f"{precision}.tflite"
        entry = export_tflite(larger, path, precision, repeats=0)
        assert entry.worst["max_difference"] < tolerance
        differing[precision] = int((sample_file(path, 128) != larger.generate(128, seed=0)).any(axis=1).sum())
        sizes[precision] = entry.bytes
        # The report counts those of `sample_at` as well.
        reported = int(entry.notes[0].split()[0]) if entry.notes else 0
        assert differing[precision] <= reported <= differing[precision] + 128
    assert differing["float32"] == 0
    assert differing["float16"] <= 4
    assert 0 < differing["dynamic"] < 64
    assert sizes["dynamic"] < sizes["float16"] < sizes["float32"]


def test_int8_is_refused_in_one_line(models, tmp_path):
    with pytest.raises(ArgumentError, match="precision: received 'int8' with a text model, .*: eight bits") as error:
        export_tflite(models["words"], tmp_path / "a.tflite", "int8")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.thorough
def test_a_file_with_other_samples_is_removed(models, tmp_path, monkeypatch):
    probe = verification._probe

    def wrong(kind, path, inputs_path, outputs_path, *arguments):
        facts = probe(kind, path, inputs_path, outputs_path, *arguments)
        outputs = dict(np.load(outputs_path))
        np.savez(outputs_path, **outputs | {"sample/tokens": outputs["sample/tokens"][::-1]})
        return facts

    monkeypatch.setattr(verification, "_probe", wrong)
    with pytest.raises(ExportError, match="sample: samples tokens that score .* nats below the best"):
        export_tflite(models["words"], tmp_path / "a.tflite", repeats=0)
    assert not list(tmp_path.iterdir())


# The program next to the file, the command, and the document.


def test_the_program_prints_the_texts_of_the_model(models, files, tmp_path):
    for name, model in models.items():
        path = files[name][1]
        assert sorted(file.name for file in path.parent.iterdir()) == sorted(
            ["sample.py", f"{name}.tflite", f"{name}.vocabulary.json"]
        )
        # 7 is not a multiple of the batch size 3.
        process = run_program(path.parent / "sample.py", path, "--num-samples", 7, "--seed", 20, folder=tmp_path)
        assert process.returncode == 0, process.stderr
        assert process.stdout == "".join(f"{text}\n" for text in model.texts(7, seed=20))
    out = ["--num-samples", 7, "--seed", 20, "--temperature", 2.5, "--out"]
    for target in ("a.txt", "a.npz"):
        process = run_program(path.parent / "sample.py", path, *out, target, folder=tmp_path)
        assert (process.returncode, process.stdout) == (0, ""), process.stderr
    expected = model.generate(7, seed=20, temperature=2.5)
    assert (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines() == model.decode(expected)
    with np.load(tmp_path / "a.npz") as content:
        np.testing.assert_array_equal(content["samples"], expected)


def test_invalid_temperatures_are_refused(files, tmp_path, capsys):
    path = files["words"][1]
    for arguments, message in (
        (["--temperature", "0"], "temperature: received 0.0, expected above 0"),
        (["--temperature", "inf"], "temperature: received inf, expected above 0"),
        (["--text", "a"], "texts: received ['a'], expected none"),
        (["--out", str(tmp_path / "none" / "a.txt")], "a.txt: No such file or directory"),
    ):
        with pytest.raises(SystemExit, match="2"):
            run_sample([str(path), *arguments])
        (line,) = capsys.readouterr().err.splitlines()
        assert message in line
    for wrong in (0.0, -1.0, np.nan):
        with pytest.raises(ValueError, match="temperature: received .*, expected above 0"):
            sample_file(path, 1, temperature=wrong)
    network = {"network": "dcgan", "width": 4}
    gan = GAN.create((8, 8, 1), network, network, latent_dim=4)
    export_tflite(gan, tmp_path / "gan.tflite", repeats=0)
    with pytest.raises(ValueError, match="temperature: received .*, expected none: the file generates no texts"):
        sample_file(tmp_path / "gan.tflite", 1, temperature=0.5)


@pytest.mark.thorough
def test_words_may_be_of_any_script_and_are_required(tmp_path):
    model = SeqGAN.create((6,), *NETWORKS, vocabulary=["größe", "кот", "犬", "猫"])
    path = tmp_path / "scripts.tflite"
    export_tflite(model, path, repeats=0)
    sampler = Sampler(path)
    texts = sampler.decode(sampler(SEEDS))
    assert texts == model.texts(64, seed=0)
    # Chinese characters have no space between them.
    assert any("犬猫" in text for text in texts)
    assert not any("犬 猫" in text for text in texts)
    # Without its vocabulary a file would print numbers.
    path.with_suffix(".vocabulary.json").unlink()
    with pytest.raises(FileNotFoundError, match="scripts.vocabulary.json"):
        Sampler(path)


def test_the_command_samples_from_files_as_from_runs(models, files, capsys):
    for name, model in models.items():
        path = files[name][1]
        assert main(["sample", str(path), "--num-samples", "5", "--seed", "11", "--temperature", "0.5"]) == 0
        assert capsys.readouterr().out.splitlines() == model.texts(5, seed=11, temperature=0.5)


def test_the_document_lists_the_signatures_and_its_code_runs(models, tmp_path, monkeypatch, run_tflite):
    model = models["words"]
    path = tmp_path / "lines-float32.tflite"
    export_tflite(model, path, repeats=0)
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", SECTION, re.MULTILINE)
    assert {name for name, _, _ in rows} == set(SIGNATURES)
    outputs = None
    for name, inputs, cell in rows:
        outputs = outputs if cell == "the same" else cell
        runner = run_tflite(path).runners[name]
        for text, details in ((inputs, runner.get_input_details()), (outputs, runner.get_output_details())):
            shapes = {key: (np.dtype(each["dtype"]).name, len(each["shape"])) for key, each in details.items()}
            documented = re.findall(r"`(\w+)` (\w+) \(([^)]+)\)", text)
            assert {key: (dtype, len(axes.strip(",").split(","))) for key, dtype, axes in documented} == shapes
    (commands,) = re.findall(r"^```sh\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
    printed, saved = (run_program(*shlex.split(line)[1:], folder=tmp_path) for line in commands.splitlines())
    assert (printed.returncode, saved.returncode) == (0, 0), printed.stderr + saved.stderr
    assert printed.stdout.splitlines() == model.texts(16, seed=7)
    assert (tmp_path / "texts.txt").read_text().splitlines() == model.texts(16, seed=0, temperature=0.5)
    (program,) = re.findall(r"^```python\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(compile(program, "docs/devices.md", "exec"), names)
    assert names["text"] == model.texts(1, seed=7)[0]
    tokenizer = model.vocabulary.tokenizer
    expected = {"length": 6, "words": WORDS, "patterns": tokenizer.patterns, **tokenizer.get_config()}
    assert json.loads((tmp_path / "lines-float32.vocabulary.json").read_text(encoding="utf-8")) == expected
