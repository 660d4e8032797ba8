"""SavedModels of text models: they compute the same as `model.texts` and `model.generate`."""

import itertools
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
import requests
import tensorflow as tf
from ganzoo.export import export_onnx, export_saved_model
from ganzoo.export.signatures.signature_factory import make_signatures
from ganzoo.export.signatures.text_signatures import TextSignatures
from ganzoo.training.cli.command_line import main
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.models.text.seqgan import SeqGAN
from ganzoo.zoo.sequences.tokenization import Tokenizer
from tensorflow_serving.apis import prediction_log_pb2

from ..rest import RequestError, predict, server
from ..served import FULL_DOCUMENT, replay
from ..text_models import NETWORKS, SEEDS, SIGNATURES, WORDS, tiny_text_models


@pytest.fixture(scope="module")
def models():
    return tiny_text_models()


@pytest.fixture(scope="module")
def served(models, tmp_path_factory):
    """Name -> (entry, loaded signatures, loaded SavedModel, which keeps them alive)."""
    folder, exports = tmp_path_factory.mktemp("served"), {}
    for name, model in models.items():
        entry = export_saved_model(model, folder / name, repeats=1 if name == "words" else 0)
        loaded = tf.saved_model.load(entry.file)
        exports[name] = entry, loaded.signatures, loaded
    return exports


def test_a_seed_yields_the_text_of_the_model(models, served):
    for name, model in models.items():
        entry, signatures, _ = served[name]
        assert entry.signatures == sorted(SIGNATURES)
        assert entry.notes == []
        outputs = signatures["sample"](seeds=tf.constant(SEEDS))
        tokens = outputs["tokens"].numpy()
        np.testing.assert_array_equal(tokens, model.generate(64, seed=0))
        texts = [text.decode() for text in outputs["texts"].numpy()]
        assert texts == model.texts(64, seed=0)
        # Decoded by hand as well.
        for text, row in zip(texts, tokens.tolist(), strict=True):
            cut = list(itertools.takewhile(bool, row)) if name == "words" else row
            names = ["<unk>", *WORDS] if name == "words" else "12345"
            assert text == " ".join("0" if token == 0 else names[token - 1] for token in cut)
        assert len(set(texts)) > 32
        for seed in (7, 40):
            alone = signatures["sample"](seeds=tf.constant([seed]))
            assert alone["texts"].numpy()[0].decode() == model.texts(1, seed=seed)[0]
            np.testing.assert_array_equal(alone["tokens"], tokens[[seed]])


def test_a_text_that_ends_at_once_is_empty_and_one_may_be_full(models, served):
    outputs = served["words"][1]["sample"](seeds=tf.constant(SEEDS))
    lengths = {text.decode().count(" ") + 1 if text else 0 for text in outputs["texts"].numpy()}
    assert {0, 1, 6} <= lengths
    assert b"" in outputs["texts"].numpy()[outputs["tokens"].numpy()[:, 0] == 0]


def test_temperatures_have_the_effect_of_generate(models, served):
    for name, model in models.items():
        at = served[name][1]["sample_at"]
        for temperature in (0.5, 1.0, 3.0):
            outputs = at(seeds=tf.constant(SEEDS), temperature=tf.fill((64,), temperature))
            np.testing.assert_array_equal(outputs["tokens"], model.generate(64, seed=0, temperature=temperature))
            assert [t.decode() for t in outputs["texts"].numpy()] == model.texts(64, seed=0, temperature=temperature)
        # Each row has its own temperature; near 0 sampling is deterministic.
        cold = at(seeds=tf.constant([3, 4, 5]), temperature=tf.constant([1e-6, 1e-6, 3.0]))["tokens"].numpy()
        np.testing.assert_array_equal(cold[0], cold[1])
        np.testing.assert_array_equal(cold[2:], model.generate(1, seed=5, temperature=3.0))
        for wrong in (0.0, -1.0, np.nan):
            with pytest.raises(tf.errors.InvalidArgumentError, match="temperature: expected above 0"):
                at(seeds=tf.constant([3, 4]), temperature=tf.constant([1.0, wrong]))


def test_tokens_are_scored_up_to_their_end(models, served):
    tokens = np.array([[2, 3, 0, 0, 0, 0], [2, 3, 0, 5, 1, 4], [5, 5, 5, 5, 5, 5]], np.int32)
    for name, model in models.items():
        actual = served[name][1]["serving_default"](tokens=tf.constant(tokens))["log_probabilities"].numpy()
        logits = model(tokens).numpy().astype(np.float64)
        logs = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        expected = np.take_along_axis(logs, tokens[..., np.newaxis], -1)[..., 0]
        if name == "words":
            expected[:2, 3:] = 0
            np.testing.assert_array_equal(actual[:2, 3:], 0)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


def test_the_probabilities_of_all_texts_sum_to_one(tmp_path):
    model = SeqGAN.create((3,), NETWORKS[0], {"filters": 4, "widths": [2]}, vocabulary=["a"])
    function, _ = TextSignatures(model).function("serving_default")
    sequences = np.array(list(itertools.product(range(3), repeat=3)), np.int32)
    # Sequences that differ only after their end are one text.
    texts = {tuple(itertools.takewhile(bool, row)): row for row in sequences.tolist()[::-1]}
    assert len(texts) == 1 + 2 + 4 + 8
    logs = function(tf.constant(list(texts.values())))["log_probabilities"].numpy()
    assert np.exp(logs.sum(axis=1)).sum() == pytest.approx(1, abs=1e-5)


def test_invalid_tokens_are_refused(served):
    for _, signatures, _ in served.values():
        for wrong in (6, 7, -1):
            with pytest.raises(tf.errors.InvalidArgumentError, match=r"is not in \[0, [67]\)"):
                signatures["serving_default"](tokens=tf.constant([[1, 2, wrong, 0, 0, 0]]))
        with pytest.raises(RequestError, match="shape"):
            predict(signatures["serving_default"], {"instances": [[1, 2, 3]]})


@pytest.mark.parametrize("unit", ["word", "character"])
def test_the_graph_joins_words_as_the_model_does(unit):
    model = SeqGAN.create((6,), *NETWORKS, vocabulary=["我", "爱", "a", "。"], tokenizer={"unit": unit})
    function, _ = TextSignatures(model, strings=True).function("sample")
    texts = [text.decode() for text in function(tf.constant(SEEDS))["texts"].numpy()]
    assert texts == model.texts(64, seed=0)
    assert any("我爱" in text for text in texts)
    assert any("我a" in text for text in texts) == (unit == "character")


def test_a_version_has_warm_up_requests_a_vocabulary_and_times(models, served):
    for name, (entry, signatures, _) in served.items():
        extra = Path(entry.file) / "assets.extra"
        tokenizer = Tokenizer()
        options = {"patterns": tokenizer.patterns, **tokenizer.get_config()} if name == "words" else {}
        vocabulary = {"length": 6, "words": WORDS if name == "words" else None, **options}
        assert json.loads((extra / "vocabulary.json").read_text(encoding="utf-8")) == vocabulary
        records = tf.data.TFRecordDataset([str(extra / "tf_serving_warmup_requests")])
        requests_in_file = [prediction_log_pb2.PredictionLog.FromString(r.numpy()).predict_log.request for r in records]
        assert sorted(request.model_spec.signature_name for request in requests_in_file) == sorted(SIGNATURES)
        for request in requests_in_file:
            outputs = replay(signatures, request)
            names = {"serving_default": {"log_probabilities"}}.get(request.model_spec.signature_name)
            assert set(outputs) == (names or {"texts", "tokens"})
    assert served["words"][0].milliseconds["1"] > 0


@pytest.mark.thorough
def test_words_may_be_of_any_script(tmp_path):
    model = SeqGAN.create((6,), *NETWORKS, vocabulary=["größe", "кот", "犬", "x"])
    entry = export_saved_model(model, tmp_path / "scripts", repeats=0)
    sample = tf.saved_model.load(entry.file).signatures["sample"]
    texts = [text.decode() for text in sample(seeds=tf.constant(SEEDS))["texts"].numpy()]
    assert texts == model.texts(64, seed=0)
    assert {"größe", "кот", "犬"} <= set(" ".join(texts).split())


@pytest.mark.thorough
def test_half_precision_is_exported_as_float32(tmp_path):
    half, single = (
        SeqGAN.create((6,), *NETWORKS, vocabulary=WORDS, precision=precision) for precision in ("bfloat16", "float32")
    )
    signatures = TextSignatures(half)
    tokens = signatures.function("sample")[0](tf.constant(SEEDS))["tokens"]
    np.testing.assert_array_equal(tokens, single.generate(64, seed=0))
    assert half.ema_generator.cell.compute_dtype == "bfloat16"
    assert export_saved_model(half, tmp_path / "half", repeats=0).worst["max_difference"] < 1e-5


@pytest.mark.parametrize(
    "arguments", [{"num_classes": 3}, {"value_range": (0, 1)}, {"to": "x"}, {"calibration": np.zeros((1, 2, 2, 1))}]
)
def test_arguments_that_do_not_apply_to_texts_are_refused(arguments, models):
    (name,) = arguments
    with pytest.raises(ArgumentError, match=rf"^{name}: received .* with a (text )?model"):
        make_signatures(models["words"], **arguments)


def test_onnx_is_refused_in_one_line(models, tmp_path):
    pytest.importorskip("tf2onnx")
    with pytest.raises(ArgumentError, match="received a text model, .*ONNX lacks the operations of the noise") as error:
        export_onnx(models["words"], tmp_path / "a.onnx")
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


# The document, and a run.


def test_the_document_lists_the_signatures_and_its_requests_succeed(models, served):
    (section,) = re.findall(r"^## Text models\n.*?(?=^## )", FULL_DOCUMENT, re.MULTILINE | re.DOTALL)
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", section, re.MULTILINE)
    assert [name for name, _, _ in rows] == list(SIGNATURES)
    documented = {}
    for name, *sides in rows:
        function = served["words"][1][name]
        specs = function.structured_input_signature[1], function.structured_outputs
        for side, text, actual in zip(("inputs", "outputs"), sides, specs, strict=True):
            tensors = re.findall(r"`(\w+)` (\w+) \(([^)]+)\)", text)
            documented[side] = documented["outputs"] if text == "the same" else tensors
            shapes = {key: (spec.dtype.name, spec.shape.rank) for key, spec in actual.items()}
            assert {key: (dtype, len(axes.strip(",").split(","))) for key, dtype, axes in documented[side]} == shapes
    (block,) = re.findall(r"^```console\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    commands = [shlex.split(line)[1:] for line in block.replace("\\\n", " ").splitlines()]
    model = models["words"]
    with server({"lines": served["words"][1]}) as port:
        responses = []
        for curl, option, body, url in commands:
            assert (curl, option) == ("curl", "-d")
            reply = requests.post(url.replace(":8501/", f":{port}/"), data=body, timeout=30)
            assert reply.status_code == 200, reply.text
            responses.append(reply.json()["predictions"])
    expected = [(model.texts(2, seed=7), model.generate(2, seed=7))]
    expected += [(model.texts(1, seed=7, temperature=0.5), model.generate(1, seed=7, temperature=0.5))]
    for response, (texts, tokens) in zip(responses[:2], expected, strict=True):
        assert response == [{"texts": t, "tokens": row} for t, row in zip(texts, tokens.tolist(), strict=True)]
    log_probabilities = model.ema_generator.log_probabilities(tf.constant([[2, 3, 0, 0, 0, 0]]))
    np.testing.assert_allclose(responses[2], log_probabilities, atol=1e-5)


RECIPE = """
[data]
source = "oracle:markov"
count = 200
[model]
variant = "seqgan"
rollouts = 1
[model.generator]
units = 4
[model.discriminator]
filters = 4
[train]
steps = 2
batch_size = 8
"""


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    (folder / "chain.toml").write_text(RECIPE)
    assert main(["train", str(folder / "chain.toml"), "--out", str(folder / "chain"), "--quiet"]) == 0
    return folder / "chain"


@pytest.mark.thorough
def test_a_text_run_is_exported_without_unsupported_files(trained, tmp_path, capsys):
    assert main(["export", str(trained), "--out", str(tmp_path / "all"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    kinds = [(entry["kind"], entry["precision"]) for entry in report["files"]]
    assert kinds == [("saved_model", "float32"), *(("tflite", each) for each in ("float32", "float16", "dynamic"))]
    for entry in report["files"]:
        assert (entry["failure"], entry["fid"]) == (None, None)
        assert entry["signatures"] == sorted(SIGNATURES)
    skipped = [note for entry in report["files"] for note in entry["notes"] if "int8" in note]
    assert skipped == ["int8 was skipped: eight bits would round the noise from which tokens are sampled"]
    files = [
        f"chain-{each}{end}" for each in ("float32", "float16", "dynamic") for end in (".tflite", ".vocabulary.json")
    ]
    assert {path.name for path in (tmp_path / "all").iterdir()} == {"chain", "report.json", "sample.py", *files}


@pytest.mark.parametrize(
    ("section", "arguments", "expected"),
    [
        ("", ["--precisions", "float32,int8"], "export.precisions: received 'int8' for a text run"),
        ("", ["--precisions", "float32,float16,int8,dynamic"], "export.precisions: received 'int8'"),
        ("", ["--formats", "saved_model,onnx"], "export.formats: received 'onnx' for a text run"),
        ("", ["--int8-io"], "export.int8_io: received true for a text run"),
        ('precisions = ["int8"]', [], "export.precisions: received 'int8' for a text run"),
        ('formats = ["onnx"]', [], "export.formats: received 'onnx' for a text run"),
    ],
)
def test_explicit_requests_are_refused(section, arguments, expected, trained, tmp_path, capsys):
    recipe = trained / "recipe.toml"
    before = recipe.read_text()
    try:
        recipe.write_text(before + f"\n[export]\n{section}\n")
        assert main(["export", str(trained), "--out", str(tmp_path / "out"), *arguments]) == 2
    finally:
        recipe.write_text(before)
    message = capsys.readouterr().err
    assert expected in message
    assert message.count("\n") == 1
    assert not list(tmp_path.iterdir())
