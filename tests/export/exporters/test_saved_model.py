"""SavedModels in a fresh process and in TensorFlow's own tools."""

import importlib.util
import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import export_saved_model
from ganzoo.export.signatures.image_signatures import ImageSignatures
from ganzoo.zoo import GAN
from ganzoo.zoo.core.image_scaling import to_uint8
from tensorflow_serving.apis import prediction_log_pb2

from ..served import DOCUMENT, DOCUMENTED_MODEL, LATENT_DIM, SIGNATURES, inputs_and_images, replay, shell_commands

# Runs any signature of any model in a process with TensorFlow and without ganzoo.
CLIENT = """
import sys

sys.modules["ganzoo"] = None  # importing it fails
import numpy as np
import tensorflow as tf

loaded, requests = {}, {}
with np.load(sys.argv[1]) as content:
    for key in content:
        folder, signature, count, name = key.split("|")
        requests.setdefault((folder, signature, count), {})[name] = content[key]
outputs = {}
for (folder, signature, count), inputs in requests.items():
    if folder not in loaded:
        loaded[folder] = tf.saved_model.load(folder)
    for name, value in loaded[folder].signatures[signature](**{n: tf.constant(v) for n, v in inputs.items()}).items():
        if name == "png_bytes":
            value = tf.stack([tf.io.decode_png(file) for file in value])
        outputs["|".join((folder, signature, count, name))] = value.numpy()
np.savez(sys.argv[2], **outputs)
"""


def test_a_fresh_process_with_tensorflow_alone_equals_generate(digits, letters, tmp_path):
    cases = list(itertools.product((digits, letters), SIGNATURES, ([5], [0, 2**31 - 1, 7])))
    requests = {
        "|".join((model.entry.file, signature, str(len(seeds)), name)): value
        for model, signature, seeds in cases
        for name, value in inputs_and_images(model, signature, seeds)[0].items()
    }
    np.savez(tmp_path / "requests.npz", **requests)
    command = [sys.executable, "-P", "-c", CLIENT, tmp_path / "requests.npz", tmp_path / "outputs.npz"]
    subprocess.run(command, check=True, cwd=tmp_path)
    with np.load(tmp_path / "outputs.npz") as outputs:
        assert len(outputs) == len(cases)
        for model, signature, seeds in cases:
            output = "png_bytes" if signature == "sample_png" else "images"
            actual = outputs["|".join((model.entry.file, signature, str(len(seeds)), output))]
            _, expected = inputs_and_images(model, signature, seeds)
            assert np.std(expected) > 0.3
            if signature == "sample_png":
                np.testing.assert_array_equal(actual, to_uint8(expected))
            else:
                assert actual.dtype == np.float32
                np.testing.assert_allclose(actual, (expected + 1) / 2, rtol=0, atol=1e-5)


def test_signatures_are_the_documented_ones(digits, letters):
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", DOCUMENT.split("## Start the server")[0], re.MULTILINE)
    documented = {
        name: [{n: (t, len(s.split(", "))) for n, t, s in tensors(cell)} for cell in cells] for name, *cells in rows
    }
    ((label, *_),) = labels = tensors(re.search(r"^\| all, where .+\|$", DOCUMENT, re.MULTILINE)[0])
    assert label == "labels"
    extra = {name: (dtype, 1) for name, dtype, _ in labels}
    for model in (digits, letters):
        actual = {}
        for name, function in model.signatures.items():
            specs = function.structured_input_signature[1], function.structured_outputs
            assert all(spec.shape[0] is None for side in specs for spec in side.values())
            actual[name] = [{n: (s.dtype.name, s.shape.rank) for n, s in side.items()} for side in specs]
        expected = {
            name: [inputs | extra if model.num_classes else inputs, outputs]
            for name, (inputs, outputs) in documented.items()
        }
        assert actual == expected
        assert sorted(model.entry.signatures) == sorted(documented)


def tensors(text):
    """Parses the tensors in a text of the document: name, type, axes."""
    return [(n, t, s.strip(",")) for n, t, s in re.findall(r"`(\w+)`,? (float32|int32|string)\s\(([^)]+)\)", text)]


def test_the_operations_are_reported(digits):
    # Three signatures of a generator with one transposed convolution, each in one or two functions.
    counts = digits.entry.operations
    assert counts["Conv2DBackpropInput"] % 3 == 0 < counts["Conv2DBackpropInput"]
    assert counts["EncodePng"] >= 1


def test_points_have_the_documented_names():
    network = {"network": "mlp", "width": 4}
    signatures = ImageSignatures(GAN.create((2,), network, network, latent_dim=LATENT_DIM))
    absent, output = re.search(r"generator of points has no `(\w+)`; its output is named\s+`(\w+)`", DOCUMENT).groups()
    assert signatures.names == tuple(name for name in SIGNATURES if name != absent)
    assert signatures.output == output
    assert [t for t in tensors(DOCUMENT) if t[0] == output] == [(output, "float32", "batch, dimensions")]
    function, _ = signatures.function("sample")
    samples = function(np.array([3, 4], np.int32))[output]
    assert samples.shape == (2, 2)
    np.testing.assert_array_equal(samples, signatures.reference([3, 4]))


@pytest.mark.thorough
def test_saved_model_cli_shows_signatures_names_types_and_free_batches(letters):
    shown = run_documented("saved_model_cli show", letters)
    actual = {}
    for block in shown.split("signature_def['")[1:]:
        lines = re.findall(r"(inputs|outputs)\['(\w+)'\] tensor_info:\s+dtype: (\w+)\s+shape: \(([^)]*)\)", block)
        actual[block.partition("'")[0]] = {(side, name): (dtype, shape) for side, name, dtype, shape in lines}
    actual.pop("__saved_model_init_op", None)
    seeds, labels = {("inputs", "seeds"): ("DT_INT32", "-1")}, {("inputs", "labels"): ("DT_INT32", "-1")}
    images = {("outputs", "images"): ("DT_FLOAT", "-1, 8, 8, 3")}
    assert actual == {
        "serving_default": {("inputs", "latents"): ("DT_FLOAT", "-1, 4")} | labels | images,
        "sample": seeds | labels | images,
        "sample_png": seeds | labels | {("outputs", "png_bytes"): ("DT_STRING", "-1")},
    }


def test_saved_model_cli_runs_a_signature(digits, tmp_path):
    run_documented("saved_model_cli run", digits, tmp_path)
    np.testing.assert_allclose(np.load(tmp_path / "images.npy"), (digits.reference([7, 8]) + 1) / 2, rtol=0, atol=1e-5)


def run_documented(start, model, folder=None):
    (command,) = [line for line in shell_commands() if " ".join(line).startswith(start)]
    assert DOCUMENTED_MODEL in command
    words = [model.entry.file if word == DOCUMENTED_MODEL else word for word in command[1:]]
    tool = Path(sys.executable).with_name(command[0])
    return subprocess.run([tool, *words], check=True, capture_output=True, text=True, cwd=folder).stdout


def test_warm_up_requests_call_every_signature_once(served_model):
    path = Path(served_model.entry.file) / "assets.extra" / "tf_serving_warmup_requests"
    logs = [prediction_log_pb2.PredictionLog.FromString(r.numpy()) for r in tf.data.TFRecordDataset([str(path)])]
    assert 1 <= len(logs) <= 1000
    requests = [log.predict_log.request for log in logs]
    assert sorted(request.model_spec.signature_name for request in requests) == sorted(SIGNATURES)
    for request in requests:
        assert request.model_spec.name == served_model.folder.name
        (output,) = replay(served_model.signatures, request).values()
        assert len(output) == 1


def test_without_the_extra_there_are_no_warmup_requests_and_the_report_says_so(tiny, tmp_path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util,
        "find_spec",
        lambda name, *package: None if name == "tensorflow_serving" else found(name, *package),
    )
    entry = export_saved_model(tiny(GAN, network="mlp"), tmp_path / "served", repeats=0)
    assert "keras-ganzoo[serving]" in " ".join(entry.notes)
    assert not list((tmp_path / "served").rglob("tf_serving_warmup_requests"))
    assert list((tmp_path / "served").rglob("saved_model.pb"))
