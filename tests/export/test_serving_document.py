"""What docs/serving.md tells clients to send is answered as it says."""

import itertools
import json
import re
from pathlib import Path

import numpy as np
import requests
from ganzoo.zoo.images import to_uint8

from .rest import server
from .served import DOCUMENT, DOCUMENTED_MODEL, SIGNATURES, check_json, grpc_server, pixels_of, shell_commands, versions


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
