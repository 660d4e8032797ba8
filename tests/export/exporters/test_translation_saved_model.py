"""SavedModels of translation models: they compute the same as `model.translate`, in every form and at every size."""

import base64
import re
from pathlib import Path

import keras
import numpy as np
import pytest
import requests
import tensorflow as tf
from ganzoo.export import ExportError, export_saved_model
from ganzoo.export.signatures.image_ops import any_size
from ganzoo.zoo import Pix2Pix
from ganzoo.zoo.core.image_scaling import to_uint8
from ganzoo.zoo.families.arbitrary_size import ArbitrarySize
from PIL import Image
from tensorflow_serving.apis import prediction_log_pb2

from ..model_server import model_server
from ..pixels import assert_same_pixels, decode_images, encode_image
from ..rest import RequestError, predict, server
from ..served import DOCUMENT, TOLERANCE, TRANSLATION_SECTION, replay
from ..translators import (
    SIGNATURE,
    SMALL,
    directions,
    example_images,
    source_channels,
    tiny_translators,
    translate,
    with_random_weights,
)


@pytest.fixture(scope="module")
def models():
    return tiny_translators()


@pytest.fixture(scope="module")
def served(models, tmp_path_factory):
    """Name -> (entry, loaded signatures, loaded SavedModel)."""
    folder, exports = tmp_path_factory.mktemp("served"), {}
    for name, model in models.items():
        entry = export_saved_model(model, folder / name, repeats=0)
        loaded = tf.saved_model.load(entry.file)
        # Signatures do not keep their SavedModel alive.
        exports[name] = entry, loaded.signatures, loaded
    return exports


def test_every_direction_has_its_signatures(models, served):
    directions_of = {"cycle": ("translate_xy", "translate_yx"), "pix": ("translate_xy",)}
    for name, (entry, signatures, _) in served.items():
        names = {
            "serving_default",
            *(f"{each}{form}" for each in directions_of[name] for form in ("", "_uint8", "_bytes")),
        }
        assert set(entry.signatures) == set(signatures) == names
        assert set(entry.differences) == {"serving_default", *directions_of[name]}
        assert entry.worst["max_difference"] < 1e-5
        path = Path(entry.file) / "assets.extra" / "tf_serving_warmup_requests"
        logs = [prediction_log_pb2.PredictionLog.FromString(r.numpy()) for r in tf.data.TFRecordDataset([str(path)])]
        requests_in_file = [log.predict_log.request for log in logs]
        assert sorted(request.model_spec.signature_name for request in requests_in_file) == sorted(names)
        for request in requests_in_file:
            (output,) = replay(signatures, request).values()
            assert len(output) == 1


@pytest.mark.parametrize("size", [(16, 16), (24, 20), (33, 17), (9, 50), (1, 3)])
def test_images_of_any_size_are_translated_as_in_python(size, models, served):
    for name, model, to in directions(models):
        images, (_, signatures, _) = example_images((*size, source_channels(model, to))), served[name]
        expected = translate(model, images, to)
        assert expected.std() > 0.1
        (spec,) = signatures[SIGNATURE[to]].structured_input_signature[1].values()
        assert spec.shape.as_list() == [None, None, None, source_channels(model, to)]
        actual = signatures[SIGNATURE[to]](images=tf.constant(images / np.float32(255)))["images"]
        assert (actual.dtype, actual.shape) == (tf.float32, expected.shape)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)
        if to == "y":
            default = signatures["serving_default"](images=tf.constant(images / np.float32(255)))["images"]
            np.testing.assert_array_equal(default, actual)
        pixels = signatures[f"{SIGNATURE[to]}_uint8"](images=tf.constant(images))["images"]
        assert pixels.dtype == tf.uint8
        assert_same_pixels(pixels.numpy(), to_uint8(model.translate(images, to)))


@pytest.mark.parametrize("shape", [(1, 5, 2), (2, 2, 1), (5, 3, 3), (8, 16, 1), (9, 40, 1)])
def test_padding_equals_numpys_for_any_number_of_reflections(shape):
    inputs = keras.Input((16, 32, shape[-1]))
    # The maximum of a window of 4 x 8 reveals the padding.
    largest = keras.layers.MaxPooling2D((4, 8))(inputs)
    network = keras.Model(inputs, keras.layers.UpSampling2D((4, 8))(largest))
    images = np.random.default_rng(0).uniform(-1, 1, (2, *shape)).astype("float32")
    np.testing.assert_array_equal(any_size(network)(tf.constant(images)), ArbitrarySize(network)(images))


@pytest.mark.parametrize(
    ("file_format", "options"), [("PNG", {}), ("JPEG", {"quality": 80}), ("JPEG", {"progressive": True})]
)
def test_files_are_translated_as_their_pixels_in_python(file_format, options, models, served):
    for name, model, to in directions(models):
        images, (_, signatures, _) = example_images((20, 24, source_channels(model, to)), 2), served[name]
        files = [encode_image(image, file_format, **options) for image in images]
        decoded = decode_images(files)
        assert (file_format == "PNG") == (decoded == images).all()
        signature = signatures[f"{SIGNATURE[to]}_bytes"]
        expected = to_uint8(model.translate(decoded, to))
        assert_same_pixels(decode_images(signature(image_bytes=tf.constant(files))["png_bytes"].numpy()), expected)
        # As REST clients send them, in both forms.
        coded = [{"b64": base64.b64encode(file).decode()} for file in files]
        rows = predict(signature, {"instances": coded})["predictions"]
        assert predict(signature, {"inputs": {"image_bytes": coded}})["outputs"] == rows
        assert_same_pixels(decode_images([base64.b64decode(row["b64"]) for row in rows]), expected)


def test_files_of_other_channels_become_those_of_the_domain(models, served):
    color = example_images((16, 16, 3), 1)[0]
    alpha = np.concatenate([color, color[..., :1]], axis=-1)
    signature = served["pix"][1]["translate_xy_bytes"]
    opaque, with_alpha = (signature(image_bytes=tf.constant([encode_image(image, "PNG")])) for image in (color, alpha))
    assert opaque["png_bytes"].numpy() == with_alpha["png_bytes"].numpy()
    gray = color[..., :1]
    actual = decode_images(signature(image_bytes=tf.constant([encode_image(gray, "PNG")]))["png_bytes"].numpy())
    assert_same_pixels(actual, to_uint8(models["pix"].translate(gray.repeat(3, axis=-1)[np.newaxis])))


def test_invalid_images_are_refused(served):
    _, signatures, _ = served["pix"]
    files = [encode_image(example_images((*size, 3), 1)[0], "PNG") for size in ((16, 16), (8, 8))]
    with pytest.raises(tf.errors.InvalidArgumentError, match="shape"):
        signatures["translate_xy_bytes"](image_bytes=tf.constant(files))
    with pytest.raises(tf.errors.InvalidArgumentError):
        signatures["translate_xy_bytes"](image_bytes=tf.constant([b"not an image"]))
    with pytest.raises(RequestError, match="shape"):
        predict(signatures["translate_xy"], {"instances": np.zeros((1, 8, 8, 1)).tolist()})


def check_server(model, name, port):
    url, images = f"http://127.0.0.1:{port}/v1/models/{name}:predict", example_images((12, 20, 3), 2)
    expected = translate(model, images, "y")
    coded = [{"b64": base64.b64encode(encode_image(image, "PNG")).decode()} for image in images]
    rows_by_form = {"": (images / 255).tolist(), "_uint8": images.tolist(), "_bytes": coded}
    for form, rows in rows_by_form.items():
        reply = requests.post(url, json={"signature_name": f"translate_xy{form}", "instances": rows}, timeout=30)
        assert reply.status_code == 200, reply.text
        predictions = reply.json()["predictions"]
        if form == "_bytes":
            predictions = decode_images([base64.b64decode(row["b64"], validate=True) for row in predictions])
        scale, tolerance = (1, TOLERANCE) if form == "" else (255, 0.51)
        np.testing.assert_allclose(np.array(predictions), scale * expected, rtol=0, atol=tolerance)


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


def test_the_document_lists_the_signatures_and_its_client_runs(models, served, tmp_path, monkeypatch):
    _, signatures, _ = served["cycle"]
    rows = re.findall(r"^\| `(translate_xy\w*)` \| (.+) \| (.+) \|$", TRANSLATION_SECTION, re.MULTILINE)
    assert {name for name, _, _ in rows} == {name for name in signatures if name.startswith("translate_xy")}
    assert set(re.findall(r"`(translate_yx\w*)`", TRANSLATION_SECTION)) == {
        n for n in signatures if n.startswith("translate_yx")
    }
    for name, *sides in rows:
        function = signatures[name]
        for text, specs in zip(
            sides, (function.structured_input_signature[1], function.structured_outputs), strict=True
        ):
            ((tensor, spec),) = specs.items()
            documented, dtype, axes = re.match(r"`(\w+)` (\w+) \(([^)]+)\)", text).groups()
            assert (documented, dtype, len(axes.strip(",").split(","))) == (tensor, spec.dtype.name, spec.shape.rank)
    assert "translate" not in DOCUMENT.split("## Run without a server")[0]
    (client,) = re.findall(r"^```python\n(.*?)^```", TRANSLATION_SECTION, re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    images = example_images((16, 24, 3), 2)
    (tmp_path / "one.png").write_bytes(encode_image(images[0], "PNG"))
    (tmp_path / "two.jpg").write_bytes(encode_image(images[1], "JPEG"))
    with server({"zebras": signatures}) as port:
        assert client.count(":8501/") == 1
        exec(compile(client.replace(":8501/", f":{port}/"), "docs/serving.md", "exec"), {})
    decoded = np.stack([np.asarray(Image.open(name)) for name in ("one.png", "two.jpg")])
    actual = decode_images([(tmp_path / f"{name}.translated.png").read_bytes() for name in ("one", "two")])
    assert_same_pixels(actual, to_uint8(models["cycle"].translate(decoded)))


def test_broken_networks_are_refused_before_anything_is_written(tmp_path):
    model = with_random_weights(Pix2Pix.create((16, 16, 3), SMALL, SMALL))
    last = model.ema_generator.weights[-2]
    last.assign(last * np.nan)
    with pytest.raises(ExportError, match="weights that are not finite"):
        export_saved_model(model, tmp_path / "a")
    assert not list(tmp_path.iterdir())
