"""REST and gRPC clients of an exported model, and the real server where it is installed."""

import itertools
import json
import shutil

import grpc
import numpy as np
import pytest
import requests
import tensorflow as tf
from ganzoo.zoo.images import to_uint8
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from .model_server import model_server, wait_until_available
from .rest import RequestError, predict, server
from .served import APART, SIGNATURES, check_json, grpc_server, pixels_of, question


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


def test_the_checks_of_a_server_hold_for_one_that_follows_its_rules(each):
    models = {each.name: each.signatures}
    with server(models) as rest_port, grpc_server(models) as grpc_port:
        wait_until_available(rest_port, each.name, 1)
        check_server(each, rest_port, grpc_port)
        with pytest.raises(pytest.fail.Exception, match="version 2"):
            wait_until_available(rest_port, each.name, 2, seconds=0.3)


@pytest.mark.serving
def test_tensorflow_model_server(each, tmp_path):
    with model_server(each.name, each.folder, tmp_path) as running:
        check_server(each, running.rest_port, running.grpc_port)
        # A new version arrives while it runs, as an export brings it.
        shutil.copytree(running.base / "1", running.base / ".part-2")
        (running.base / ".part-2").rename(running.base / "2")
        running.wait_until_available(2)
        check_server(each, running.rest_port, running.grpc_port)
