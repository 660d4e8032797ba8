"""SavedModels in fresh processes and in TensorFlow's own tools."""

import itertools
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from ganzoo.export.signatures import Signatures
from ganzoo.zoo import GAN
from ganzoo.zoo.images import to_uint8
from tensorflow_serving.apis import prediction_log_pb2

from .served import DOCUMENT, DOCUMENTED_MODEL, LATENTS, SIGNATURES, question, replay, shell_commands

# Any signature of any model, loaded in a process that has TensorFlow and no ganzoo.
RECEIVER = """
import sys

sys.modules["ganzoo"] = None  # whoever imports it fails
import numpy as np
import tensorflow as tf

loaded, questions = {}, {}
with np.load(sys.argv[1]) as given:
    for key in given:
        folder, signature, num, name = key.split("|")
        questions.setdefault((folder, signature, num), {})[name] = given[key]
answers = {}
for (folder, signature, num), inputs in questions.items():
    if folder not in loaded:
        loaded[folder] = tf.saved_model.load(folder)
    for name, value in loaded[folder].signatures[signature](**{n: tf.constant(v) for n, v in inputs.items()}).items():
        if name == "png_bytes":
            value = tf.stack([tf.io.decode_png(file) for file in value])
        answers["|".join((folder, signature, num, name))] = value.numpy()
np.savez(sys.argv[2], **answers)
"""


def test_a_fresh_process_with_tensorflow_alone_gives_what_generate_gives(digits, letters, tmp_path):
    cases = list(itertools.product((digits, letters), SIGNATURES, ([5], [0, 2**31 - 1, 7])))
    questions = {
        "|".join((model.entry.file, signature, str(len(seeds)), name)): value
        for model, signature, seeds in cases
        for name, value in question(model, signature, seeds)[0].items()
    }
    np.savez(tmp_path / "questions.npz", **questions)
    command = [sys.executable, "-P", "-c", RECEIVER, tmp_path / "questions.npz", tmp_path / "answers.npz"]
    subprocess.run(command, check=True, cwd=tmp_path)
    with np.load(tmp_path / "answers.npz") as answers:
        assert len(answers) == len(cases)
        for model, signature, seeds in cases:
            output = "png_bytes" if signature == "sample_png" else "images"
            answer = answers["|".join((model.entry.file, signature, str(len(seeds)), output))]
            _, expected = question(model, signature, seeds)
            assert np.std(expected) > 0.3
            if signature == "sample_png":
                np.testing.assert_array_equal(answer, to_uint8(expected))
            else:
                assert answer.dtype == np.float32
                np.testing.assert_allclose(answer, (expected + 1) / 2, rtol=0, atol=1e-5)


def test_signatures_are_the_documented_ones(digits, letters):
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (.+) \|$", DOCUMENT.split("## Start the server")[0], re.MULTILINE)
    documented = {
        name: [{n: (t, len(s.split(", "))) for n, t, s in tensors(cell)} for cell in cells] for name, *cells in rows
    }
    ((label, *_),) = labels = tensors(re.search(r"^\| all, where .+\|$", DOCUMENT, re.MULTILINE)[0])
    assert label == "labels"
    extra = {name: (dtype, 1) for name, dtype, _ in labels}
    for model in (digits, letters):
        found = {}
        for name, function in model.signatures.items():
            specs = function.structured_input_signature[1], function.structured_outputs
            assert all(spec.shape[0] is None for side in specs for spec in side.values())
            found[name] = [{n: (s.dtype.name, s.shape.rank) for n, s in side.items()} for side in specs]
        wanted = {
            name: [inputs | extra if model.num_classes else inputs, outputs]
            for name, (inputs, outputs) in documented.items()
        }
        assert found == wanted
        assert sorted(model.entry.signatures) == sorted(documented)


def tensors(text):
    """Reads what the document says of tensors: name, type, axes."""
    return [(n, t, s.strip(",")) for n, t, s in re.findall(r"`(\w+)`,? (float32|int32|string)\s\(([^)]+)\)", text)]


def test_the_operations_are_told(digits):
    # Three signatures of a generator with one transposed convolution, in one function or two each.
    counts = digits.entry.operations
    assert counts["Conv2DBackpropInput"] % 3 == 0 < counts["Conv2DBackpropInput"]
    assert counts["EncodePng"] >= 1


def test_points_have_the_documented_names():
    network = {"network": "mlp", "width": 4}
    signatures = Signatures(GAN.create((2,), network, network, latent_dim=LATENTS))
    absent, output = re.search(
        r"generator of points has no `(\w+)`; what it gives is called `(\w+)`", DOCUMENT
    ).groups()
    assert signatures.names == tuple(name for name in SIGNATURES if name != absent)
    assert signatures.output == output
    assert [t for t in tensors(DOCUMENT) if t[0] == output] == [(output, "float32", "batch, dimensions")]
    function, _ = signatures.function("sample")
    samples = function(np.array([3, 4], np.int32))[output]
    assert samples.shape == (2, 2)
    np.testing.assert_array_equal(samples, signatures.reference([3, 4]))


def test_saved_model_cli_shows_signatures_names_types_and_free_batches(letters):
    shown = run_documented("saved_model_cli show", letters)
    found = {}
    for block in shown.split("signature_def['")[1:]:
        lines = re.findall(r"(inputs|outputs)\['(\w+)'\] tensor_info:\s+dtype: (\w+)\s+shape: \(([^)]*)\)", block)
        found[block.partition("'")[0]] = {(side, name): (dtype, shape) for side, name, dtype, shape in lines}
    found.pop("__saved_model_init_op", None)
    seeds, labels = {("inputs", "seeds"): ("DT_INT32", "-1")}, {("inputs", "labels"): ("DT_INT32", "-1")}
    images = {("outputs", "images"): ("DT_FLOAT", "-1, 8, 8, 3")}
    assert found == {
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


def test_warm_up_asks_every_signature_once_for_what_it_takes(each):
    path = Path(each.entry.file) / "assets.extra" / "tf_serving_warmup_requests"
    logs = [prediction_log_pb2.PredictionLog.FromString(r.numpy()) for r in tf.data.TFRecordDataset([str(path)])]
    assert 1 <= len(logs) <= 1000
    asked = [log.predict_log.request for log in logs]
    assert sorted(request.model_spec.signature_name for request in asked) == sorted(SIGNATURES)
    for request in asked:
        assert request.model_spec.name == each.folder.name
        (answer,) = replay(each.signatures, request).values()
        assert len(answer) == 1
