"""TFLite and ONNX files of translators: they give what `model.translate` gives."""

import re

import keras
import numpy as np
import pytest
from ganzoo.export import export_onnx, export_tflite
from ganzoo.export.instance import InstanceNormalization, usual_deviations
from ganzoo.export.rewriting import rewritten
from ganzoo.zoo import GAN, Pix2Pix
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.images import to_uint8
from PIL import Image

from .test_sample import run_alone
from .translators import (
    SIGNATURE,
    SMALL,
    as_file,
    assert_same_pixels,
    channels,
    directions,
    lively,
    pictures,
    tiny_translators,
    translated,
)  # fmt: skip

TOLERATED = {"float32": 1e-5, "float16": 1e-2, "int8": 0.3, "dynamic": 0.15}


@pytest.fixture(scope="module")
def models():
    return tiny_translators()


@pytest.fixture(scope="module")
def calibration(models):
    return {side: pictures((16, 16, channels(models["cycle"], to)), 140) for to, side in (("y", "x"), ("x", "y"))}


@pytest.mark.parametrize("precision", sorted(TOLERATED))
def test_files_for_devices_translate_as_keras_does(precision, models, calibration, tmp_path, run_tflite):
    for name, model in models.items():
        given = calibration if name == "cycle" else None
        path = tmp_path / f"{name}.tflite"
        entry = export_tflite(model, path, precision, batch_size=2, calibration=given, repeats=0)
        ways = [SIGNATURE[to] for to in sorted(model.directions, reverse=True)]
        assert entry.signatures == ["serving_default", *ways]
        assert set(entry.differences) == {"serving_default", *ways}
        assert (entry.notes, entry.batch_size) == ([], 2)
        assert not {"CUSTOM", "SHAPE", "PACK", "TRANSPOSE_CONV"} & set(entry.operations)
        file = run_tflite(path)
        for to in model.directions:
            images = pictures((16, 16, channels(model, to)), 4)
            expected = translated(model, images, to)
            for way in {SIGNATURE[to], "serving_default" if to == "y" else SIGNATURE[to]}:
                apart = abs(file(way, images=images / 255) - expected)
                assert apart.max() < TOLERATED[precision]
                assert -10 * np.log10((apart**2).mean()) > {"float32": 100, "float16": 55}.get(precision, 30)


def test_quantised_files_tell_the_steps_of_each_direction(models, calibration, tmp_path):
    entry = export_tflite(
        models["cycle"], tmp_path / "a.tflite", "int8", int8_io=True, calibration=calibration, repeats=0
    )
    # What all inputs and outputs are called does not tell which is meant.
    assert all(re.fullmatch(r"images|\w+ (input|output) images", name) for name in entry.quantisation)
    for step in entry.quantisation.values():
        assert 255 * step["scale"] == pytest.approx(1, abs=0.1)
    done = run_alone(
        tmp_path / "translate.py", tmp_path / "a.tflite", picture(tmp_path, "a.png"), "--out", "o", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    found = np.asarray(Image.open(tmp_path / "o" / "a.png")).astype(int)
    expected = to_uint8(models["cycle"].translate(pictures((16, 16, 3), 1)))[0, ..., 0]
    assert np.sqrt(((found - expected) ** 2).mean()) < 8


def picture(folder, name, shape=(16, 16, 3), **how):
    (folder / name).write_bytes(as_file(pictures(shape, 1)[0], "PNG", **how))
    return folder / name


def test_the_program_beside_the_file_translates(models, tmp_path):
    path = tmp_path / "a.tflite"
    export_tflite(models["cycle"], path, batch_size=2, repeats=0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tflite", "translate.py"]
    same, wide = picture(tmp_path, "same.png", (16, 16, 1)), picture(tmp_path, "wide.png", (32, 80, 3))
    done = run_alone(tmp_path / "translate.py", path, same, wide, "--to", "x", "--out", "out", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    found = [np.asarray(Image.open(tmp_path / "out" / name)) for name in ("same.png", "wide.png")]
    assert {image.shape for image in found} == {(16, 16, 3)}
    assert_same_pixels(found[0], to_uint8(models["cycle"].translate(pictures((16, 16, 1), 1), "x"))[0])
    twice = run_alone(tmp_path / "translate.py", path, same, same, folder=tmp_path)
    assert "received pictures of one name" in twice.stderr


def test_of_one_direction_there_is_one(models, tmp_path):
    path = tmp_path / "a.tflite"
    export_tflite(models["pix"], path, repeats=0)
    done = run_alone(tmp_path / "translate.py", path, picture(tmp_path, "a.png"), "--to", "x", folder=tmp_path)
    assert done.returncode != 0
    assert "to: received 'x', expected one of ['y']" in done.stderr


def test_onnx_files_go_one_way(models, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    for name, model, to in directions(models):
        path = tmp_path / f"{name}-{to}.onnx"
        entry = export_onnx(model, path, to=to, repeats=0)
        assert set(entry.differences) == {"serving_default"}
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        images = pictures((16, 16, channels(model, to)))
        (found,) = session.run(["images"], {"source": images / np.float32(255)})
        np.testing.assert_allclose(found, translated(model, images, to), rtol=0, atol=1e-5)


def test_half_precision_leaves_in_float32(tmp_path):
    model = lively(Pix2Pix.create((16, 16, 3), SMALL, SMALL, precision="bfloat16"))
    entry = export_tflite(model, tmp_path / "a.tflite", repeats=0)
    assert entry.worst["max_difference"] < 1e-5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            {"calibration": np.zeros((9, 8, 8, 3), "uint8")},
            "calibration: received pictures of 'x' of uint8 and shape (9",
        ),
        ({"calibration": np.zeros((9, 16, 16, 3))}, "calibration: received pictures of 'x' of float64"),
        ({"calibration": {"y": np.zeros((9, 16, 16, 3), "uint8")}}, "calibration: received pictures of 'y'"),
        ({"calibration": np.full((9, 16, 16, 3), 255, "float32")}, "calibration: received pictures of 'x' of float32"),
        ({"calibration": [[0]]}, "calibration: received pictures of 'x' of None"),
        ({"num_classes": 3}, "num_classes: received 3"),
        ({"value_range": (0, 1)}, "value_range: received (0, 1)"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(arguments, told, models, tmp_path):
    with pytest.raises(ArgumentError, match=re.escape(told)):
        export_tflite(models["pix"], tmp_path / "a.tflite", **arguments)
    assert not list(tmp_path.iterdir())


def test_what_only_translators_take_is_refused_elsewhere(models, tmp_path):
    gan = GAN.create((8, 8, 1), SMALL, SMALL)
    with pytest.raises(ArgumentError, match="calibration: received .* beside a model that does not translate"):
        export_tflite(gan, tmp_path / "a.tflite", calibration=np.zeros((9, 8, 8, 1), "uint8"))
    with pytest.raises(ArgumentError, match="to: received 'y' beside a model that does not translate"):
        export_onnx(gan, tmp_path / "a.onnx", to="y")
    with pytest.raises(ArgumentError, match=re.escape("to: received 'x', expected one of ['y']")):
        export_onnx(models["pix"], tmp_path / "a.onnx", to="x")


@pytest.mark.parametrize("plain", [{}, {"scale": False, "center": False}])
def test_instance_normalisation_is_that_of_keras(plain):
    inputs = keras.Input((6, 5, 3))
    maps = keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02, seed=1))(inputs)
    layer = keras.layers.GroupNormalization(groups=-1, epsilon=1e-5, **plain)
    network = keras.Model(inputs, layer(maps))
    for number, weight in enumerate(layer.weights):
        weight.assign(np.random.default_rng(number).uniform(0.5, 1.5, weight.shape))
    images = np.random.default_rng(5).uniform(-1, 1, (8, 6, 5, 3)).astype("float32")
    ((found, deviations),) = usual_deviations(network, images).items()
    assert found is layer
    expected = np.sqrt(keras.Model(inputs, maps)(images).numpy().var((1, 2)).mean(0) + 1e-5)
    np.testing.assert_allclose(deviations, expected, rtol=1e-4)
    for examples in ((), images):
        other, _ = rewritten(network, examples)
        (normalisation,) = (each for each in other.layers if isinstance(each, InstanceNormalization))
        assert (normalisation.deviations is None) == (len(examples) == 0)
        np.testing.assert_allclose(other(images), network(images), rtol=0, atol=2e-5)


def test_groups_of_several_channels_stay_as_they_are():
    inputs = keras.Input((6, 5, 4))
    network = keras.Model(inputs, keras.layers.GroupNormalization(groups=2)(inputs))
    assert rewritten(network) == (network, 0)
    assert usual_deviations(network, np.zeros((2, 6, 5, 4), "float32")) == {}
