"""The requests and clients of docs/serving.md succeed as documented."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import requests
from ganzoo.zoo.core.image_scaling import to_uint8

from ..pixels import decode_images
from ..rest import server
from ..served import DOCUMENT, DOCUMENTED_MODEL, SIGNATURES, check_json, grpc_server, shell_commands, versions


def python_blocks():
    return re.findall(r"^```python\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)


def test_the_documents_curl_commands_succeed(digits, letters):
    commands = [words for words in shell_commands() if words[0] == "curl"]
    models = {"first": digits, "letters": letters}
    forms = set()
    with server({name: model.signatures for name, model in models.items()}) as port:
        for curl, option, body, url in commands:
            assert (curl, option) == ("curl", "-d")
            reply = requests.post(url.replace(":8501/", f":{port}/"), data=body, timeout=30)
            assert reply.status_code == 200, (body, reply.text)
            content = json.loads(body)
            signature = content.get("signature_name", "serving_default")
            name = re.search(r"models/(\w+):", url)[1]
            forms.add((name, signature, "instances" in content))
            if signature != "serving_default":
                (values,) = reply.json().values()
                check_json(signature, values, models[name].reference([7, 8], [2, 0]), 1e-5)
    assert forms >= set(itertools.product(["first"], SIGNATURES, [True, False]))
    assert {form for name, _, form in forms if name == "letters"} == {True, False}


def test_the_documents_python_clients_run(digits, tmp_path, monkeypatch):
    expected = to_uint8(digits.reference([7, 8]))
    monkeypatch.chdir(tmp_path)
    models = {"first": digits.signatures}
    with server(models) as rest_port, grpc_server(models) as grpc_port:
        rest, remote, local = (
            compile(text, "docs/serving.md", "exec") for text in with_local_ports(rest_port, grpc_port, digits)
        )
        exec(rest, {})
        actual = decode_images([Path(f"seed-{seed}.png").read_bytes() for seed in (7, 8)])
        np.testing.assert_array_equal(actual, expected)
        exec(remote, {})
        actual = decode_images([Path(f"grpc-seed-{seed}.png").read_bytes() for seed in (7, 8)])
        np.testing.assert_array_equal(actual, expected)
    names = {}
    exec(local, names)
    np.testing.assert_array_equal(np.rint(255 * names["images"].numpy()).astype(np.uint8), expected)
    assert versions(tmp_path) == sorted(f"{kind}seed-{seed}.png" for kind in ("", "grpc-") for seed in (7, 8))


def with_local_ports(rest_port, grpc_port, model):
    """Returns the Python blocks of the document, with the ports of the test servers and the path of the export."""
    replacements = {"127.0.0.1:8501": f"127.0.0.1:{rest_port}", "127.0.0.1:8500": f"127.0.0.1:{grpc_port}"}
    replacements[DOCUMENTED_MODEL] = model.entry.file
    texts = python_blocks()
    for documented, actual in replacements.items():
        assert sum(documented in text for text in texts) == 1
        texts = [text.replace(documented, actual) for text in texts]
    return texts
