"""SavedModels as their receivers see them: fresh processes, TensorFlow's own tools, REST and gRPC clients."""

import base64
import contextlib
import io
import itertools
import json
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time
from concurrent import futures
from pathlib import Path
from types import SimpleNamespace

import grpc
import keras
import numpy as np
import pytest
import requests
import tensorflow as tf
from ganzoo.export import ExportError, export_saved_model, saved_model
from ganzoo.export.report import Entry
from ganzoo.export.signatures import Signatures
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.images import to_uint8
from ganzoo.zoo.latents import sampling_latents
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2, prediction_service_pb2_grpc

from .rest import RequestError, predict, server

DOCUMENT = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
DOCUMENTED_MODEL = "runs/first/export/first/1"
SIGNATURES = ("serving_default", "sample", "sample_png")
LATENTS = 4
CLASSES = 3
# What a server does not share with us: the kernels of its own build.
APART = 1e-4
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


def tiny_gan():
    width = {"network": "dcgan", "width": 4}
    model = GAN.create((8, 8, 1), width, width, latent_dim=LATENTS, seed=3)
    # Fresh weights draw grey on grey; samples shall differ in their pixels.
    kernel = model.averaged_generator.weights[-2]
    kernel.assign(400.0 * kernel)
    return model


def generator_with_labels():
    latents, labels = keras.Input((LATENTS,)), keras.Input((), dtype="int32")
    spread = keras.initializers.RandomNormal(stddev=1.0, seed=1)
    codes = keras.layers.Embedding(CLASSES, 8, embeddings_initializer=spread)(labels)
    joined = keras.layers.Concatenate()([latents, codes])
    pixels = keras.layers.Dense(8 * 8 * 3, "tanh", kernel_initializer=keras.initializers.GlorotNormal(2))(joined)
    return keras.Model([latents, labels], keras.layers.Reshape((8, 8, 3))(pixels))


def exported(model, folder, reference, **arguments):
    entry = export_saved_model(model, folder, repeats=0, **arguments)
    loaded = tf.saved_model.load(entry.file)
    return SimpleNamespace(
        name=folder.name,
        folder=folder,
        entry=entry,
        loaded=loaded,
        signatures=loaded.signatures,
        reference=reference,
        num_classes=arguments.get("num_classes"),
    )


@pytest.fixture(scope="module")
def gan():
    return tiny_gan()


@pytest.fixture(scope="module")
def digits(gan, tmp_path_factory):
    """A GAN's export; `reference(seeds)` is what its `generate` gives, in [-1, 1]."""

    def reference(seeds, _=None):
        return np.concatenate([gan.generate(1, seed=int(seed)) for seed in seeds])

    return exported(gan, tmp_path_factory.mktemp("models") / "digits", reference)


@pytest.fixture(scope="module")
def letters(tmp_path_factory):
    """The export of a plain Keras model that takes labels; what `verify` would see, these tests see themselves."""
    generator = generator_with_labels()

    def reference(seeds, labels):
        return generator([sampling_latents(tf.constant(seeds), LATENTS), tf.constant(labels)]).numpy()

    with pytest.MonkeyPatch.context() as patch:
        leave_unverified(patch)
        return exported(generator, tmp_path_factory.mktemp("models") / "letters", reference, num_classes=CLASSES)


@pytest.fixture(params=["digits", "letters"])
def each(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def unverified(monkeypatch):
    """Exports in a second: without the fresh process that `digits` has gone through."""
    leave_unverified(monkeypatch)


def leave_unverified(patch):
    def verify(signatures, *_, **__):
        return Entry("saved_model", signatures=sorted(signatures.names))

    patch.setattr(saved_model, "verify", verify)


def question(model, signature, seeds):
    """Returns (inputs, images in [-1, 1] that the answer shall hold)."""
    labels = [(2 * seed) % CLASSES for seed in seeds] if model.num_classes else None
    first = {"seeds": np.array(seeds, np.int32)}
    if signature == "serving_default":
        first = {"latents": sampling_latents(first["seeds"], LATENTS).numpy()}
    extra = {"labels": np.array(labels, np.int32)} if labels else {}
    return first | extra, model.reference(seeds, labels)


def pixels_of(files):
    """Decodes PNG files by something else than TensorFlow."""
    pictures = [np.asarray(Image.open(io.BytesIO(file))) for file in files]
    return np.stack([picture.reshape(*picture.shape[:2], -1) for picture in pictures])


def replay(signatures, request):
    """Answers a `PredictRequest` as the server does, by name and as strict about types."""
    function = signatures[request.model_spec.signature_name or "serving_default"]
    specs = function.structured_input_signature[1]
    given = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
    assert set(given) == set(specs)
    for name, spec in specs.items():
        assert spec.is_compatible_with(given[name]), (name, spec, given[name])
    return function(**given)


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def versions(folder):
    return sorted(path.name for path in folder.iterdir())


# The SavedModel itself.


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


def shell_commands():
    """Commands of the document, each a list of words."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


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


# Clients.


@pytest.mark.parametrize("signature", SIGNATURES)
def test_row_and_column_forms_give_equal_answers(each, signature):
    inputs, expected = question(each, signature, [5, 0, 7])
    columns = {name: value.tolist() for name, value in inputs.items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    forms = [{"instances": rows}, {"inputs": columns}]
    if not each.num_classes:
        (values,) = columns.values()
        forms += [{"instances": values}, {"inputs": values}]
    answers = [json.loads(json.dumps(predict(each.signatures[signature], form))) for form in forms]
    assert [list(answer) for answer in answers] == [["predictions"], ["outputs"]] * (len(forms) // 2)
    first, *others = [value for answer in answers for value in answer.values()]
    assert all(other == first for other in others)
    check_json(signature, first, expected, 1e-5)


def check_json(signature, answer, expected, tolerance):
    assert len(answer) == len(expected)
    if signature == "sample_png":
        assert all(list(item) == ["b64"] for item in answer)
        files = [base64.b64decode(item["b64"], validate=True) for item in answer]
        assert abs(pixels_of(files).astype(int) - to_uint8(expected)).max() <= (tolerance > 1e-5)
    else:
        np.testing.assert_allclose(answer, (expected + 1) / 2, rtol=0, atol=tolerance)


LATENT = [0.3, -1.2, 0.8, 0.1]
REFUSED = [
    ("digits", "serving_default", {"instances": LATENT}, "shape"),
    ("digits", "serving_default", {"inputs": LATENT}, "shape"),
    ("digits", "serving_default", {"instances": [LATENT, LATENT[:3]]}, "size"),
    ("digits", "serving_default", {"instances": [LATENT[:3]]}, "shape"),
    ("digits", "sample", {"instances": 7}, "list"),
    ("digits", "sample", {"instances": []}, "list"),
    ("digits", "sample", {"instances": [[7]]}, "shape"),
    ("digits", "sample", {"inputs": 7}, "shape"),
    ("digits", "sample", {"inputs": {"seeds": 7}}, "shape"),
    ("digits", "sample", {"inputs": {"latents": [7]}}, "Missing named input"),
    ("digits", "sample", {"inputs": [7], "instances": [7]}, "one of"),
    ("digits", "sample", {"instances": [7.0]}, "int32"),
    ("digits", "sample", {"instances": [2**31]}, "int32"),
    ("digits", "sample", {"instances": [True]}, "int32"),
    ("digits", "sample_png", {"instances": [{"b64": "AAAAAA=="}]}, "int32"),
    ("letters", "sample", {"instances": [7]}, "list of objects"),
    ("letters", "sample", {"inputs": [7]}, "expecting an object"),
    ("letters", "sample", {"instances": [{"seeds": 7}]}, "keys must be"),
    ("letters", "sample", {"inputs": {"seeds": [7]}}, "Missing named input"),
    ("letters", "sample", {"inputs": {"seeds": [7], "labels": 2}}, "shape"),
]


@pytest.mark.parametrize(("model", "signature", "body", "message"), REFUSED)
def test_malformed_requests_are_refused(request, model, signature, body, message):
    with pytest.raises(RequestError, match=message):
        predict(request.getfixturevalue(model).signatures[signature], body)


def test_the_rest_mapping_itself_on_strings_and_several_outputs():
    class Lengths:
        structured_input_signature = ((), {"text_bytes": tf.TensorSpec((None,), tf.string, "text_bytes")})

        def __call__(self, text_bytes):
            return {"length": tf.strings.length(text_bytes), "echo": text_bytes, "echo_bytes": text_bytes}

    item = {"length": 3, "echo": "~?~", "echo_bytes": {"b64": "fj9+"}}
    assert predict(Lengths(), {"instances": [{"b64": "fj9+"}, "~?~"]}) == {"predictions": [item, item]}
    assert predict(Lengths(), {"inputs": ["~?~"]}) == {"outputs": {name: [value] for name, value in item.items()}}
    with pytest.raises(RequestError, match="base64"):
        predict(Lengths(), {"instances": [{"b64": "fj9-"}]})


@contextlib.contextmanager
def grpc_server(models):
    """The gRPC side of a server: dict model name -> dict signature name -> loaded signature; yields its port."""

    class Predictor(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802
            name = request.model_spec.signature_name or "serving_default"
            if name not in models[request.model_spec.name]:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f'Serving signature key "{name}" not found.')
            answer = predict_pb2.PredictResponse()
            for output, value in replay(models[request.model_spec.name], request).items():
                answer.outputs[output].CopyFrom(tf.make_tensor_proto(value.numpy()))
            return answer

    listener = grpc.server(futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictor(), listener)
    port = listener.add_insecure_port("127.0.0.1:0")
    listener.start()
    try:
        yield port
    finally:
        listener.stop(None).wait()


def check_server(model, rest_port, grpc_port):
    """Asks a server that runs for every signature, in every form, and for one that there is not."""
    url = f"http://127.0.0.1:{rest_port}/v1/models/{model.name}:predict"
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for signature, seeds in itertools.product(SIGNATURES, ([5], [0, 2**31 - 1, 7])):
            inputs, expected = question(model, signature, seeds)
            columns = {name: value.tolist() for name, value in inputs.items()}
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            for form, answer in (({"instances": rows}, "predictions"), ({"inputs": columns}, "outputs")):
                reply = requests.post(url, json={"signature_name": signature} | form, timeout=30)
                assert reply.status_code == 200, reply.text
                check_json(signature, reply.json()[answer], expected, APART)
            asked = predict_pb2.PredictRequest()
            asked.model_spec.name, asked.model_spec.signature_name = model.name, signature
            for name, value in inputs.items():
                asked.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            ((name, value),) = stub.Predict(asked, timeout=30).outputs.items()
            assert name == ("png_bytes" if signature == "sample_png" else "images")
            found = tf.make_ndarray(value)
            if signature == "sample_png":
                assert abs(pixels_of(found).astype(int) - to_uint8(expected)).max() <= 1
            else:
                np.testing.assert_allclose(found, (expected + 1) / 2, rtol=0, atol=APART)
        asked.model_spec.signature_name = "draw"
        with pytest.raises(grpc.RpcError, match="draw"):
            stub.Predict(asked, timeout=30)
    reply = requests.post(url, json={"signature_name": "draw", "instances": [7]}, timeout=30)
    assert reply.status_code >= 400
    assert "draw" in reply.json()["error"]


def wait_until_available(port, name, version, process=None, seconds=60):
    """Asks a server for a model's state until a version is there."""
    url, seen, deadline = f"http://127.0.0.1:{port}/v1/models/{name}", None, time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process is not None and process.poll() is not None:
            pytest.fail(f"the server ended with exit code {process.returncode}")
        # It does not listen yet, or does not know the model yet.
        with contextlib.suppress(requests.RequestException, KeyError):
            seen = requests.get(url, timeout=5).json()
            states = {item["version"]: item["state"] for item in seen["model_version_status"]}
            if states.get(str(version)) == "AVAILABLE":
                return
        time.sleep(0.2)
    pytest.fail(f"{name}: version {version} was not available within {seconds} s, last seen: {seen}")


def test_the_checks_of_a_server_hold_for_one_that_follows_its_rules(each):
    models = {each.name: each.signatures}
    with server(models) as rest_port, grpc_server(models) as grpc_port:
        wait_until_available(rest_port, each.name, 1)
        check_server(each, rest_port, grpc_port)
        with pytest.raises(pytest.fail.Exception, match="version 2"):
            wait_until_available(rest_port, each.name, 2, seconds=0.3)


@pytest.mark.serving
def test_tensorflow_model_server(each, tmp_path):
    program = shutil.which("tensorflow_model_server")
    if program is None:
        pytest.skip("tensorflow_model_server is not installed")
    base = tmp_path / each.name
    shutil.copytree(each.folder, base)
    rest_port, grpc_port = free_ports(2)
    flags = {"port": grpc_port, "rest_api_port": rest_port, "model_name": each.name, "model_base_path": base}
    log = tmp_path / "server.log"
    with open(log, "wb") as file:
        command = [program, *(f"--{name}={value}" for name, value in flags.items())]
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        wait_until_available(rest_port, each.name, 1, process)
        check_server(each, rest_port, grpc_port)
        # A new version arrives while it runs, as an export brings it.
        shutil.copytree(base / "1", base / ".part-2")
        (base / ".part-2").rename(base / "2")
        wait_until_available(rest_port, each.name, 2, process)
        check_server(each, rest_port, grpc_port)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        # pytest shows it where the test has failed.
        print(log.read_text(errors="replace")[-8000:])


def free_ports(num):
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(num)]
        for each_socket in sockets:
            each_socket.bind(("127.0.0.1", 0))
        return [each_socket.getsockname()[1] for each_socket in sockets]


# The document's clients.


def python_blocks():
    return re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_documents_curl_commands_are_answered(digits, letters):
    commands = [words for words in shell_commands() if words[0] == "curl"]
    models = {"first": digits, "letters": letters}
    asked = set()
    with server({name: model.signatures for name, model in models.items()}) as port:
        for curl, option, body, url in commands:
            assert (curl, option) == ("curl", "-d")
            reply = requests.post(url.replace(":8501/", f":{port}/"), data=body, timeout=30)
            assert reply.status_code == 200, (body, reply.text)
            content = json.loads(body)
            signature = content.get("signature_name", "serving_default")
            name = re.search(r"models/(\w+):", url)[1]
            asked.add((name, signature, "instances" in content))
            if signature != "serving_default":
                (answer,) = reply.json().values()
                check_json(signature, answer, models[name].reference([7, 8], [2, 0]), 1e-5)
    assert asked >= set(itertools.product(["first"], SIGNATURES, [True, False]))
    assert {form for name, _, form in asked if name == "letters"} == {True, False}


def test_the_documents_python_clients_run(digits, tmp_path, monkeypatch):
    expected = to_uint8(digits.reference([7, 8]))
    monkeypatch.chdir(tmp_path)
    models = {"first": digits.signatures}
    with server(models) as rest_port, grpc_server(models) as grpc_port:
        rest, remote, local = (
            compile(text, "docs/serving.md", "exec") for text in located(rest_port, grpc_port, digits)
        )
        exec(rest, {})
        np.testing.assert_array_equal(pixels_of([Path(f"seed-{seed}.png").read_bytes() for seed in (7, 8)]), expected)
        exec(remote, {})
        found = pixels_of([Path(f"grpc-seed-{seed}.png").read_bytes() for seed in (7, 8)])
        np.testing.assert_array_equal(found, expected)
    names = {}
    exec(local, names)
    np.testing.assert_array_equal(np.rint(255 * names["images"].numpy()).astype(np.uint8), expected)
    assert versions(tmp_path) == sorted(f"{kind}seed-{seed}.png" for kind in ("", "grpc-") for seed in (7, 8))


def located(rest_port, grpc_port, model):
    """The document's Python, asking our servers and loading our export."""
    places = {"127.0.0.1:8501": f"127.0.0.1:{rest_port}", "127.0.0.1:8500": f"127.0.0.1:{grpc_port}"}
    places[DOCUMENTED_MODEL] = model.entry.file
    texts = python_blocks()
    for place, ours in places.items():
        assert sum(place in text for text in texts) == 1
        texts = [text.replace(place, ours) for text in texts]
    return texts


# Versions.


def test_versions_count_up_past_what_is_no_version(gan, tmp_path, unverified):
    folder = tmp_path / "deep" / "digits"
    assert export_saved_model(gan, folder).file == str(folder / "1")
    assert versions(folder) == ["1"]
    for name in ("notes", "8.bak", "v9", "-9", ".part-10"):
        (folder / name).mkdir()
    assert export_saved_model(gan, folder).file == str(folder / "2")
    assert export_saved_model(gan, folder, version=11).file == str(folder / "11")
    assert saved_model.next_version(folder) == 12
    assert versions(folder) == sorted(["1", "2", "11", "notes", "8.bak", "v9", "-9", ".part-10"])
    # A server may run as another user; temporary folders are private.
    assert (folder / "1").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("version", [0, -1, "v1", "1", 0.1, 1.0, True])
def test_versions_that_no_server_loads_are_refused(gan, tmp_path, version):
    with pytest.raises(ArgumentError, match="positive integer"):
        export_saved_model(gan, tmp_path / "digits", version=version)
    assert versions(tmp_path) == []


def test_a_version_that_exists_is_refused_and_untouched(gan, digits):
    before = snapshot(digits.folder)
    with pytest.raises(ArgumentError, match=r"already, expected a new one: leave it out for 2"):
        export_saved_model(gan, digits.folder, version=1)
    assert snapshot(digits.folder) == before
    assert versions(digits.folder) == ["1"]


def test_a_version_is_whole_before_it_has_a_number(gan, tmp_path, monkeypatch):
    folder = tmp_path / "digits"
    (folder / "1").mkdir(parents=True)
    seen = {}

    def verify(_, path, *__, **___):
        seen.update(names=versions(folder), path=path, files=snapshot(path))
        return Entry("saved_model")

    monkeypatch.setattr(saved_model, "verify", verify)
    made = Path(export_saved_model(gan, folder).file)
    assert made == folder / "2"
    assert seen["names"] == sorted(["1", seen["path"].name])
    assert not seen["path"].name.isdigit()
    assert {made / path.relative_to(seen["path"]) for path in seen["files"]} == set(snapshot(made))
    assert versions(folder) == ["1", "2"]


def test_a_version_that_another_process_takes_meanwhile_stays_its_own(gan, tmp_path, monkeypatch, unverified):
    folder = tmp_path / "digits"
    (folder / "1").mkdir(parents=True)
    (folder / "1" / "theirs").touch()
    before = snapshot(folder)
    # What was free when it was asked for is taken when the export is whole.
    numbers = iter((1, 2))
    monkeypatch.setattr(saved_model, "next_version", lambda _: next(numbers))
    assert export_saved_model(gan, folder).file == str(folder / "2")
    monkeypatch.setattr(saved_model, "_check_version", lambda *_: None)
    with pytest.raises(ExportError):
        export_saved_model(gan, folder, version=1)
    assert snapshot(folder / "1") == before
    assert versions(folder) == ["1", "2"]


def test_failed_exports_leave_nothing(gan, digits, tmp_path, monkeypatch):
    before = snapshot(digits.folder)
    broken = tiny_gan()
    kernel = broken.averaged_generator.weights[0]
    kernel.assign(kernel * np.nan)
    with pytest.raises(ExportError, match="not finite"):
        export_saved_model(broken, digits.folder)
    with pytest.raises(ExportError, match="not finite"):
        export_saved_model(broken, tmp_path / "digits")
    assert versions(tmp_path) == []

    def fail(*_, **__):
        raise ExportError("differs from Keras")

    monkeypatch.setattr(saved_model, "verify", fail)
    with pytest.raises(ExportError, match="differs from Keras"):
        export_saved_model(gan, digits.folder)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saved_model, "write_warmup", full)
    with pytest.raises(ExportError, match="No space left on device"):
        export_saved_model(gan, digits.folder)
    assert snapshot(digits.folder) == before
    assert versions(digits.folder) == ["1"]
