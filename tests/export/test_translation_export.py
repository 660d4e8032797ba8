"""SavedModels of translators: they give what `model.translate` gives, in every form and at every size."""

import base64
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import requests
import tensorflow as tf
from ganzoo.export import ExportError, export_saved_model
from ganzoo.export.graph import any_size
from ganzoo.zoo import Pix2Pix
from ganzoo.zoo.any_size import AnySize
from ganzoo.zoo.images import to_uint8
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from .model_server import model_server
from .rest import RequestError, predict, server
from .served import APART, DOCUMENT, TRANSLATORS, pixels_of, replay
from .translators import (
    SIGNATURE,
    SMALL,
    as_file,
    assert_same_pixels,
    channels,
    directions,
    lively,
    pictures,
    read,
    tiny_translators,
    translated,
)  # fmt: skip


@pytest.fixture(scope="module")
def models():
    return tiny_translators()


@pytest.fixture(scope="module")
def served(models, tmp_path_factory):
    """Name -> (entry, loaded signatures) of SavedModels."""
    folder, given = tmp_path_factory.mktemp("served"), {}
    for name, model in models.items():
        entry = export_saved_model(model, folder / name, repeats=0)
        loaded = tf.saved_model.load(entry.file)
        # Signatures do not keep alive what they belong to.
        given[name] = entry, loaded.signatures, loaded
    return given


def test_every_direction_has_its_signatures(models, served):
    ways = {"cycle": ("translate_xy", "translate_yx"), "pix": ("translate_xy",)}
    for name, (entry, signatures, _) in served.items():
        names = {"serving_default", *(f"{way}{form}" for way in ways[name] for form in ("", "_uint8", "_bytes"))}
        assert set(entry.signatures) == set(signatures) == names
        assert set(entry.differences) == {"serving_default", *ways[name]}
        assert entry.worst["max_difference"] < 1e-5
        path = Path(entry.file) / "assets.extra" / "tf_serving_warmup_requests"
        logs = [prediction_log_pb2.PredictionLog.FromString(r.numpy()) for r in tf.data.TFRecordDataset([str(path)])]
        asked = [log.predict_log.request for log in logs]
        assert sorted(request.model_spec.signature_name for request in asked) == sorted(names)
        for request in asked:
            (answer,) = replay(signatures, request).values()
            assert len(answer) == 1


@pytest.mark.parametrize("size", [(16, 16), (24, 20), (33, 17), (9, 50), (1, 3)])
def test_pictures_of_any_size_are_translated_as_in_python(size, models, served):
    for name, model, to in directions(models):
        images, (_, signatures, _) = pictures((*size, channels(model, to))), served[name]
        expected = translated(model, images, to)
        assert expected.std() > 0.1
        (spec,) = signatures[SIGNATURE[to]].structured_input_signature[1].values()
        assert spec.shape.as_list() == [None, None, None, channels(model, to)]
        found = signatures[SIGNATURE[to]](images=tf.constant(images / np.float32(255)))["images"]
        assert (found.dtype, found.shape) == (tf.float32, expected.shape)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)
        if to == "y":
            default = signatures["serving_default"](images=tf.constant(images / np.float32(255)))["images"]
            np.testing.assert_array_equal(default, found)
        whole = signatures[f"{SIGNATURE[to]}_uint8"](images=tf.constant(images))["images"]
        assert whole.dtype == tf.uint8
        assert_same_pixels(whole.numpy(), to_uint8(model.translate(images, to)))


@pytest.mark.parametrize("shape", [(1, 5, 2), (2, 2, 1), (5, 3, 3), (8, 16, 1), (9, 40, 1)])
def test_padding_is_numpys_however_often_it_reflects(shape):
    inputs = keras.Input((16, 32, shape[-1]))
    # The largest value of a window of 4 x 8 tells what was padded.
    largest = keras.layers.MaxPooling2D((4, 8))(inputs)
    network = keras.Model(inputs, keras.layers.UpSampling2D((4, 8))(largest))
    images = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    np.testing.assert_array_equal(any_size(network)(tf.constant(images)), AnySize(network)(images))


@pytest.mark.parametrize(("kind", "how"), [("PNG", {}), ("JPEG", {"quality": 80}), ("JPEG", {"progressive": True})])
def test_files_are_translated_as_their_pixels_in_python(kind, how, models, served):
    for name, model, to in directions(models):
        images, (_, signatures, _) = pictures((20, 24, channels(model, to)), 2), served[name]
        files = [as_file(image, kind, **how) for image in images]
        decoded = np.stack([read(file, image) for file, image in zip(files, images, strict=True)])
        assert (kind == "PNG") == (decoded == images).all()
        signature = signatures[f"{SIGNATURE[to]}_bytes"]
        expected = to_uint8(model.translate(decoded, to))
        assert_same_pixels(pixels_of(signature(image_bytes=tf.constant(files))["png_bytes"].numpy()), expected)
        # As a REST client sends it, in either form.
        coded = [{"b64": base64.b64encode(file).decode()} for file in files]
        rows = predict(signature, {"instances": coded})["predictions"]
        assert predict(signature, {"inputs": {"image_bytes": coded}})["outputs"] == rows
        assert_same_pixels(pixels_of([base64.b64decode(row["b64"]) for row in rows]), expected)


def test_files_of_other_channels_become_those_of_the_domain(models, served):
    colour = pictures((16, 16, 3), 1)[0]
    alpha = np.concatenate([colour, colour[..., :1]], axis=-1)
    signature = served["pix"][1]["translate_xy_bytes"]
    plain, veiled = (signature(image_bytes=tf.constant([as_file(image, "PNG")])) for image in (colour, alpha))
    assert plain["png_bytes"].numpy() == veiled["png_bytes"].numpy()
    grey = colour[..., :1]
    found = pixels_of(signature(image_bytes=tf.constant([as_file(grey, "PNG")]))["png_bytes"].numpy())
    assert_same_pixels(found, to_uint8(models["pix"].translate(grey.repeat(3, axis=-1)[np.newaxis])))


def test_what_cannot_be_translated_is_refused(served):
    _, signatures, _ = served["pix"]
    files = [as_file(pictures((*size, 3), 1)[0], "PNG") for size in ((16, 16), (8, 8))]
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape"):
        signatures["translate_xy_bytes"](image_bytes=tf.constant(files))
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures["translate_xy_bytes"](image_bytes=tf.constant([b"no picture"]))
    with pytest.raises(RequestError, match="shape"):
        predict(signatures["translate_xy"], {"instances": np.zeros((1, 8, 8, 1)).tolist()})


def check_server(model, name, port):
    url, images = f"http://127.0.0.1:{port}/v1/models/{name}:predict", pictures((12, 20, 3), 2)
    expected = translated(model, images, "y")
    coded = [{"b64": base64.b64encode(as_file(image, "PNG")).decode()} for image in images]
    asked = {"": (images / 255).tolist(), "_uint8": images.tolist(), "_bytes": coded}
    for form, rows in asked.items():
        reply = requests.post(url, json={"signature_name": f"translate_xy{form}", "instances": rows}, timeout=30)
        assert reply.status_code == 200, reply.text
        given = reply.json()["predictions"]
        if form == "_bytes":
            given = pixels_of([base64.b64decode(row["b64"], validate=True) for row in given])
        scale, tolerated = (1, APART) if form == "" else (255, 0.51)
        np.testing.assert_allclose(np.array(given), scale * expected, rtol=0, atol=tolerated)


def test_a_server_translates(models, served):
    with server({name: signatures for name, (_, signatures, _) in served.items()}) as port:
        for name, model in models.items():
            check_server(model, name, port)


@pytest.mark.serving
def test_tensorflow_model_server_translates(models, served, tmp_path):
    for name, model in models.items():
        folder = tmp_path / f"at-{name}"
        folder.mkdir()
        with model_server(name, Path(served[name][0].file).parent, folder) as running:
            check_server(model, name, running.rest_port)


def test_the_document_tells_the_signatures_and_its_client_runs(models, served, tmp_path, monkeypatch):
    _, signatures, _ = served["cycle"]
    rows = re.findall(r"^\| `(translate_xy\w*)` \| (.+) \| (.+) \|$", TRANSLATORS, re.MULTILINE)
    assert {name for name, _, _ in rows} == {name for name in signatures if name.startswith("translate_xy")}
    assert set(re.findall(r"`(translate_yx\w*)`", TRANSLATORS)) == {
        n for n in signatures if n.startswith("translate_yx")
    }
    for name, *sides in rows:
        function = signatures[name]
        for text, specs in zip(
            sides, (function.structured_input_signature[1], function.structured_outputs), strict=True
        ):
            ((called, spec),) = specs.items()
            told, dtype, axes = re.match(r"`(\w+)` (\w+) \(([^)]+)\)", text).groups()
            assert (told, dtype, len(axes.strip(",").split(","))) == (called, spec.dtype.name, spec.shape.rank)
    assert "translate" not in DOCUMENT.split("## Look at it without a server")[0]
    (client,) = re.findall(r"^```python\n(.*?)^```", TRANSLATORS, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    images = pictures((16, 24, 3), 2)
    (tmp_path / "one.png").write_bytes(as_file(images[0], "PNG"))
    (tmp_path / "two.jpg").write_bytes(as_file(images[1], "JPEG"))
    with server({"zebras": signatures}) as port:
        assert client.count(":8501/") == 1
        exec(compile(client.replace(":8501/", f":{port}/"), "docs/serving.md", "exec"), {})
    decoded = np.stack([np.asarray(Image.open(name)) for name in ("one.png", "two.jpg")])
    found = pixels_of([(tmp_path / f"{name}.translated.png").read_bytes() for name in ("one", "two")])
    assert_same_pixels(found, to_uint8(models["cycle"].translate(decoded)))


def test_networks_that_are_broken_are_told_before_anything_is_written(tmp_path):
    model = lively(Pix2Pix.create((16, 16, 3), SMALL, SMALL))
    last = model.averaged_generator.weights[-2]
    last.assign(last * np.nan)
    with pytest.raises(ExportError, match="weights that are not finite"):
        export_saved_model(model, tmp_path / "a")
    assert not list(tmp_path.iterdir())
