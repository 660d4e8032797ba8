"""Two small exports as their receivers see them, and what tests of servers and clients share."""

import base64
import contextlib
import io
import re
import shlex
from concurrent import futures
from pathlib import Path
from types import SimpleNamespace

import grpc
import keras
import numpy as np
import tensorflow as tf
from ganzoo.export import export_saved_model, saved_model
from ganzoo.export.report import Entry
from ganzoo.zoo import GAN
from ganzoo.zoo.images import to_uint8
from ganzoo.zoo.latents import sampling_latents
from PIL import Image
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

WHOLE = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
# What it says of translators, and the rest.
(TRANSLATORS,) = re.findall(r"^## Translators\n.*?(?=^## )", WHOLE, re.MULTILINE | re.DOTALL)
DOCUMENT = WHOLE.replace(TRANSLATORS, "")
DOCUMENTED_MODEL = "runs/first/export/first/1"
SIGNATURES = ("serving_default", "sample", "sample_png")
LATENTS = 4
CLASSES = 3
# What a server does not share with us: the kernels of its own build.
APART = 1e-4


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


def shell_commands():
    """Commands of the document, each a list of words."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


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


def check_json(signature, answer, expected, tolerance):
    assert len(answer) == len(expected)
    if signature == "sample_png":
        assert all(list(item) == ["b64"] for item in answer)
        files = [base64.b64decode(item["b64"], validate=True) for item in answer]
        assert abs(pixels_of(files).astype(int) - to_uint8(expected)).max() <= (tolerance > 1e-5)
    else:
        np.testing.assert_allclose(answer, (expected + 1) / 2, rtol=0, atol=tolerance)
