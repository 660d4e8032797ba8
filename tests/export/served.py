"""Two small exports as clients see them, and helpers for the tests of servers and clients."""

import base64
import contextlib
import re
import shlex
from concurrent import futures
from pathlib import Path
from types import SimpleNamespace

import grpc
import keras
import numpy as np
import tensorflow as tf
from ganzoo.export import export_saved_model
from ganzoo.export.exporters import saved_model
from ganzoo.export.verification.export_report import ExportedFile
from ganzoo.zoo import GAN
from ganzoo.zoo.core.image_scaling import to_uint8
from ganzoo.zoo.core.prng import sampling_latents
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from .pixels import decode_images

FULL_DOCUMENT = (Path(__file__).parents[2] / "docs" / "serving.md").read_text(encoding="utf-8")
# The section about translation models, and the remaining document.
(TRANSLATION_SECTION,) = re.findall(r"^## Translation models\n.*?(?=^## )", FULL_DOCUMENT, re.MULTILINE | re.DOTALL)
DOCUMENT = FULL_DOCUMENT.replace(TRANSLATION_SECTION, "")
DOCUMENTED_MODEL = "runs/first/export/first/1"
SIGNATURES = ("serving_default", "sample", "sample_png")
LATENT_DIM = 4
NUM_CLASSES = 3
# A server has kernels of its own build.
TOLERANCE = 1e-4


def tiny_gan():
    network = {"network": "dcgan", "width": 4}
    model = GAN.create((8, 8, 1), network, network, latent_dim=LATENT_DIM, seed=3)
    # The images of fresh weights are nearly constant; the pixels of different samples must differ.
    kernel = model.ema_generator.weights[-2]
    kernel.assign(400.0 * kernel)
    return model


def generator_with_labels():
    latents, labels = keras.Input((LATENT_DIM,)), keras.Input((), dtype="int32")
    spread = keras.initializers.RandomNormal(stddev=1.0, seed=1)
    codes = keras.layers.Embedding(NUM_CLASSES, 8, embeddings_initializer=spread)(labels)
    joined = keras.layers.Concatenate()([latents, codes])
    pixels = keras.layers.Dense(8 * 8 * 3, "tanh", kernel_initializer=keras.initializers.GlorotNormal(2))(joined)
    return keras.Model([latents, labels], keras.layers.Reshape((8, 8, 3))(pixels))


def export_and_load(model, folder, reference, **arguments):
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


def skip_verification(patch):
    def verify(signatures, *_, **__):
        return ExportedFile("saved_model", signatures=sorted(signatures.names))

    patch.setattr(saved_model, "verify", verify)


def inputs_and_images(model, signature, seeds):
    """Returns (inputs, images in [-1, 1] that the response must hold)."""
    labels = [(2 * seed) % NUM_CLASSES for seed in seeds] if model.num_classes else None
    first = {"seeds": np.array(seeds, np.int32)}
    if signature == "serving_default":
        first = {"latents": sampling_latents(first["seeds"], LATENT_DIM).numpy()}
    extra = {"labels": np.array(labels, np.int32)} if labels else {}
    return first | extra, model.reference(seeds, labels)


def replay(signatures, request):
    """Computes the response to a `PredictRequest` as the server does, by name and with strict types."""
    function = signatures[request.model_spec.signature_name or "serving_default"]
    specs = function.structured_input_signature[1]
    inputs = {name: tf.constant(tf.make_ndarray(value)) for name, value in request.inputs.items()}
    assert set(inputs) == set(specs)
    for name, spec in specs.items():
        assert spec.is_compatible_with(inputs[name]), (name, spec, inputs[name])
    return function(**inputs)


def snapshot(folder):
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def versions(folder):
    return sorted(path.name for path in folder.iterdir())


def shell_commands():
    """Returns the commands of the document, each as a list of words."""
    blocks = re.findall(r"^```sh\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    return [shlex.split(line, comments=True) for line in lines]


@contextlib.contextmanager
def grpc_server(models):
    """Runs a gRPC server for dict of model name -> dict of signature name -> loaded signature; yields its port."""

    class Predictor(prediction_service_pb2_grpc.PredictionServiceServicer):
        def Predict(self, request, context):  # noqa: N802
            name = request.model_spec.signature_name or "serving_default"
            if name not in models[request.model_spec.name]:
                context.abort(grpc.StatusCode.INVALID_ARGUMENT, f'Serving signature key "{name}" not found.')
            response = predict_pb2.PredictResponse()
            for output, value in replay(models[request.model_spec.name], request).items():
                response.outputs[output].CopyFrom(tf.make_tensor_proto(value.numpy()))
            return response

    listener = grpc.server(futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(Predictor(), listener)
    port = listener.add_insecure_port("127.0.0.1:0")
    listener.start()
    try:
        yield port
    finally:
        listener.stop(None).wait()


def check_json(signature, values, expected, tolerance):
    assert len(values) == len(expected)
    if signature == "sample_png":
        assert all(list(item) == ["b64"] for item in values)
        files = [base64.b64decode(item["b64"], validate=True) for item in values]
        assert abs(decode_images(files).astype(int) - to_uint8(expected)).max() <= (tolerance > 1e-5)
    else:
        np.testing.assert_allclose(values, (expected + 1) / 2, rtol=0, atol=tolerance)
