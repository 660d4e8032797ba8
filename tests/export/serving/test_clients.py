"""REST and gRPC clients of an exported model, against stand-ins and `tensorflow_model_server`, if installed."""

import itertools
import json
import shutil

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from ganzoo.zoo.core.image_scaling import to_uint8
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from ..model_server import model_server, wait_until_available
from ..pixels import decode_images
from ..rest import RequestError, predict, server
from ..served import SIGNATURES, TOLERANCE, check_json, grpc_server, inputs_and_images


@pytest.mark.parametrize("signature", SIGNATURES)
def test_row_and_column_forms_have_equal_responses(served_model, signature):
    inputs, expected = inputs_and_images(served_model, signature, [5, 0, 7])
    columns = {name: value.tolist() for name, value in inputs.items()}
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    forms = [{"instances": rows}, {"inputs": columns}]
    if not served_model.num_classes:
        (values,) = columns.values()
        forms += [{"instances": values}, {"inputs": values}]
    responses = [json.loads(json.dumps(predict(served_model.signatures[signature], form))) for form in forms]
    assert [list(response) for response in responses] == [["predictions"], ["outputs"]] * (len(forms) // 2)
    first, *others = [value for response in responses for value in response.values()]
    assert all(other == first for other in others)
    check_json(signature, first, expected, 1e-5)


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


def test_the_rest_mapping_of_strings_and_several_outputs():
    class Lengths:
        structured_input_signature = ((), {"text_bytes": tf.TensorSpec((None,), tf.string, "text_bytes")})

        def __call__(self, text_bytes):
            return {"length": tf.strings.length(text_bytes), "echo": text_bytes, "echo_bytes": text_bytes}

    item = {"length": 3, "echo": "~?~", "echo_bytes": {"b64": "fj9+"}}
    assert predict(Lengths(), {"instances": [{"b64": "fj9+"}, "~?~"]}) == {"predictions": [item, item]}
    assert predict(Lengths(), {"inputs": ["~?~"]}) == {"outputs": {name: [value] for name, value in item.items()}}
    with pytest.raises(RequestError, match="base64"):
        predict(Lengths(), {"instances": [{"b64": "fj9-"}]})


def check_server(model, rest_port, grpc_port):
    """Calls every signature of a running server in every form, and one that does not exist."""
    url = f"http://127.0.0.1:{rest_port}/v1/models/{model.name}:predict"
    with grpc.insecure_channel(f"127.0.0.1:{grpc_port}") as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        for signature, seeds in itertools.product(SIGNATURES, ([5], [0, 2**31 - 1, 7])):
            inputs, expected = inputs_and_images(model, signature, seeds)
            columns = {name: value.tolist() for name, value in inputs.items()}
            rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
            for form, key in (({"instances": rows}, "predictions"), ({"inputs": columns}, "outputs")):
                reply = requests.post(url, json={"signature_name": signature} | form, timeout=30)
                assert reply.status_code == 200, reply.text
                check_json(signature, reply.json()[key], expected, TOLERANCE)
            message = predict_pb2.PredictRequest()
            message.model_spec.name, message.model_spec.signature_name = model.name, signature
            for name, value in inputs.items():
                message.inputs[name].CopyFrom(tf.make_tensor_proto(value))
            ((name, value),) = stub.Predict(message, timeout=30).outputs.items()
            assert name == ("png_bytes" if signature == "sample_png" else "images")
            actual = tf.make_ndarray(value)
            if signature == "sample_png":
                assert abs(decode_images(actual).astype(int) - to_uint8(expected)).max() <= 1
            else:
                np.testing.assert_allclose(actual, (expected + 1) / 2, rtol=0, atol=TOLERANCE)
        message.model_spec.signature_name = "paint"
        with pytest.raises(grpc.RpcError, match="paint"):
            stub.Predict(message, timeout=30)
    reply = requests.post(url, json={"signature_name": "paint", "instances": [7]}, timeout=30)
    assert reply.status_code >= 400
    assert "paint" in reply.json()["error"]


def test_the_stand_ins_pass_the_checks_of_a_server(served_model):
    models = {served_model.name: served_model.signatures}
    with server(models) as rest_port, grpc_server(models) as grpc_port:
        wait_until_available(rest_port, served_model.name, 1)
        check_server(served_model, rest_port, grpc_port)
        with pytest.raises(pytest.fail.Exception, match="version 2"):
            wait_until_available(rest_port, served_model.name, 2, seconds=0.3)


@pytest.mark.serving
def test_tensorflow_model_server(served_model, tmp_path):
    with model_server(served_model.name, served_model.folder, tmp_path) as running:
        check_server(served_model, running.rest_port, running.grpc_port)
        # A new version is published while the server runs, as an export does it.
        shutil.copytree(running.base / "1", running.base / ".part-2")
        (running.base / ".part-2").rename(running.base / "2")
        running.wait_until_available(2)
        check_server(served_model, running.rest_port, running.grpc_port)
