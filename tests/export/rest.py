"""TF Serving's REST predict call on a loaded signature, for tests without a server.

It follows the server's published rules (tensorflow.org/tfx/serving/api_rest): `instances` is the row form, a list of
values for a signature with one input or of objects for named inputs, all with a common batch dimension; `inputs` is
the column form, one tensor or an object of named tensors. Responses are `predictions` or `outputs` in the same form,
without a name if there is one output. Outputs whose names end in `_bytes` become {"b64": ...}; such an object is
decoded, by the standard alphabet, for string inputs only. Integers must fit the type and have no fractional part.
"""

import base64
import binascii
import contextlib
import http.server
import json
import re
import threading

import tensorflow as tf


class RequestError(ValueError):
    """A request that the server refuses with HTTP 400."""


def predict(function, request):
    """Returns the JSON response of a loaded signature to a JSON request."""
    specs = function.structured_input_signature[1]
    if ("instances" in request) == ("inputs" in request):
        raise RequestError("expected one of 'inputs' and 'instances'")
    rows = "instances" in request
    values = _columns_of_rows(request["instances"], specs) if rows else _columns(request["inputs"], specs)
    tensors = function(**{name: _tensor(values[name], spec) for name, spec in specs.items()})
    outputs = {name: _json(name, tensor) for name, tensor in tensors.items()}
    if not rows:
        return {"outputs": outputs if len(outputs) > 1 else next(iter(outputs.values()))}
    if len({len(value) if isinstance(value, list) else None for value in outputs.values()}) > 1:
        raise RequestError("outputs have inconsistent batch sizes")
    if len(outputs) == 1:
        return {"predictions": next(iter(outputs.values()))}
    return {"predictions": [dict(zip(outputs, row, strict=True)) for row in zip(*outputs.values(), strict=True)]}


@contextlib.contextmanager
def server(models):
    """Serves dict of model name -> dict of signature name -> loaded signature; yields the loopback port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            match = re.fullmatch(r"/v1/models/([^/:]+):predict", self.path)
            if not match or match[1] not in models:
                return self._respond(404, {"error": f"Servable not found for request: {self.path}"})
            name = body.get("signature_name", "serving_default")
            if name not in models[match[1]]:
                return self._respond(400, {"error": f'Serving signature name: "{name}" not found in signature def'})
            try:
                return self._respond(200, predict(models[match[1]][name], body))
            except (RequestError, tf.errors.InvalidArgumentError) as error:
                return self._respond(400, {"error": str(error)})

        def do_GET(self):  # noqa: N802
            if self.path.removeprefix("/v1/models/") not in models:
                return self._respond(404, {"error": self.path})
            status = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
            return self._respond(200, {"model_version_status": [status]})

        def _respond(self, code, content):
            body = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listener:
        thread = threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield listener.server_port
        finally:
            listener.shutdown()
            thread.join()


def _columns(value, specs):
    if not isinstance(value, dict) or _is_base64(value):
        if len(specs) > 1:
            raise RequestError("inputs is a plain value/list, but expecting an object")
        return {next(iter(specs)): value}
    missing = set(specs) - set(value)
    if missing:
        raise RequestError(f"Missing named input: {sorted(missing)} in 'inputs' object")
    return value


def _columns_of_rows(rows, specs):
    if not isinstance(rows, list) or not rows:
        raise RequestError("expecting 'instances' to be a list with values in it")
    named = [isinstance(row, dict) and not _is_base64(row) for row in rows]
    if len(specs) > 1 and not any(named):
        raise RequestError("instances is a plain list, but expecting list of objects")
    if any(named) and not all(named):
        raise RequestError("instances mixes objects with values")
    if not any(named):
        return {next(iter(specs)): rows}
    if any(set(row) != set(specs) for row in rows):
        raise RequestError(f"keys must be equal to {sorted(specs)}")
    return {name: [row[name] for row in rows] for name in specs}


def _tensor(value, spec):
    shape, first = [], value
    while isinstance(first, list):
        shape.append(len(first))
        first = first[0] if first else None
    tensor = tf.constant(list(_leaves(value, shape, spec.dtype)), spec.dtype, shape)
    if not spec.is_compatible_with(tensor):
        raise RequestError(f"{spec.name}: received shape {tuple(shape)}, expected {spec.shape}")
    return tensor


def _leaves(value, shape, dtype):
    if not isinstance(value, list):
        if shape:
            raise RequestError(f"{value!r} found at incorrect level")
        yield _leaf(value, dtype)
        return
    if not shape or len(value) != shape[0]:
        raise RequestError(f"list of unexpected size: {len(value)}")
    for part in value:
        yield from _leaves(part, shape[1:], dtype)


def _leaf(value, dtype):
    if dtype == tf.string and _is_base64(value):
        try:
            return base64.b64decode(value["b64"], validate=True)
        except binascii.Error as error:
            raise RequestError(f"unable to base64 decode: {error}") from None
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    integer = number and isinstance(value, int) and (dtype.is_integer and dtype.min <= value <= dtype.max)
    fits = {tf.string: isinstance(value, str), tf.float32: number, tf.int32: integer, tf.uint8: integer}
    if not fits[dtype]:
        raise RequestError(f"JSON Value: {value!r} is not of expected type: {dtype.name}")
    return value


def _json(name, tensor):
    def plain(value):
        if isinstance(value, list):
            return [plain(part) for part in value]
        if not isinstance(value, bytes):
            return value
        return {"b64": base64.b64encode(value).decode()} if name.endswith("_bytes") else value.decode()

    value = tensor.numpy()
    return plain(value.tolist() if hasattr(value, "tolist") else value)


def _is_base64(value):
    return isinstance(value, dict) and set(value) == {"b64"} and isinstance(value["b64"], str)
