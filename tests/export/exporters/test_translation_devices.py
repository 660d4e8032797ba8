"""TFLite and ONNX files of translation models: they compute the same as `model.translate`."""

import re

import keras
import numpy as np
import pytest
from ganzoo.export import export_onnx, export_tflite
from ganzoo.export.rewriting.instance_normalization import InstanceNormalization, input_deviations
from ganzoo.export.rewriting.rewrite import rewrite_generator
from ganzoo.zoo import GAN, Pix2Pix
from ganzoo.zoo.core.image_scaling import to_uint8
from ganzoo.zoo.errors import ArgumentError
from PIL import Image

from ..pixels import assert_same_pixels, encode_image
from ..programs import run_program
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

TOLERANCES = {"float32": 1e-5, "float16": 1e-2, "int8": 0.3, "dynamic": 0.15}


@pytest.fixture(scope="module")
def models():
    return tiny_translators()


@pytest.fixture(scope="module")
def calibration(models):
    return {
        side: example_images((16, 16, source_channels(models["cycle"], to)), 140)
        for to, side in (("y", "x"), ("x", "y"))
    }


@pytest.mark.parametrize(
    "precision",
    [pytest.param(p, marks=[pytest.mark.thorough] * (p in ("float16", "dynamic"))) for p in sorted(TOLERANCES)],
)
def test_files_translate_as_keras_does(precision, models, calibration, tmp_path, run_tflite):
    for name, model in models.items():
        images_by_domain = calibration if name == "cycle" else None
        path = tmp_path / f"{name}.tflite"
        entry = export_tflite(model, path, precision, batch_size=2, calibration=images_by_domain, repeats=0)
        signatures = [SIGNATURE[to] for to in sorted(model.directions, reverse=True)]
        assert entry.signatures == ["serving_default", *signatures]
        assert set(entry.differences) == {"serving_default", *signatures}
        assert (entry.notes, entry.batch_size) == ([], 2)
        assert not {"CUSTOM", "SHAPE", "PACK", "TRANSPOSE_CONV"} & set(entry.operations)
        file = run_tflite(path)
        for to in model.directions:
            images = example_images((16, 16, source_channels(model, to)), 4)
            expected = translate(model, images, to)
            for signature in {SIGNATURE[to], "serving_default" if to == "y" else SIGNATURE[to]}:
                differences = abs(file(signature, images=images / 255) - expected)
                assert differences.max() < TOLERANCES[precision]
                assert -10 * np.log10((differences**2).mean()) > {"float32": 100, "float16": 55}.get(precision, 30)


@pytest.mark.thorough
def test_quantized_files_report_the_scales_of_each_direction(models, calibration, tmp_path):
    entry = export_tflite(
        models["cycle"], tmp_path / "a.tflite", "int8", int8_io=True, calibration=calibration, repeats=0
    )
    # All inputs and outputs are named `images`, which alone would be ambiguous.
    assert all(re.fullmatch(r"images|\w+ (input|output) images", name) for name in entry.quantization)
    for quantization in entry.quantization.values():
        assert 255 * quantization["scale"] == pytest.approx(1, abs=0.1)
    image = write_image(tmp_path, "a.png")
    process = run_program(tmp_path / "translate.py", tmp_path / "a.tflite", image, "--out", "o", folder=tmp_path)
    assert process.returncode == 0, process.stderr
    actual = np.asarray(Image.open(tmp_path / "o" / "a.png")).astype(int)
    expected = to_uint8(models["cycle"].translate(example_images((16, 16, 3), 1)))[0, ..., 0]
    assert np.sqrt(((actual - expected) ** 2).mean()) < 8


def write_image(folder, name, shape=(16, 16, 3)):
    (folder / name).write_bytes(encode_image(example_images(shape, 1)[0], "PNG"))
    return folder / name


@pytest.mark.thorough
def test_the_program_next_to_the_file_translates(models, tmp_path):
    path = tmp_path / "a.tflite"
    export_tflite(models["cycle"], path, batch_size=2, repeats=0)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tflite", "translate.py"]
    same, wide = write_image(tmp_path, "same.png", (16, 16, 1)), write_image(tmp_path, "wide.png", (32, 80, 3))
    process = run_program(tmp_path / "translate.py", path, same, wide, "--to", "x", "--out", "out", folder=tmp_path)
    assert process.returncode == 0, process.stderr
    actual = [np.asarray(Image.open(tmp_path / "out" / name)) for name in ("same.png", "wide.png")]
    assert {image.shape for image in actual} == {(16, 16, 3)}
    assert_same_pixels(actual[0], to_uint8(models["cycle"].translate(example_images((16, 16, 1), 1), "x"))[0])
    twice = run_program(tmp_path / "translate.py", path, same, same, folder=tmp_path)
    assert "received images of the same name" in twice.stderr


def test_a_missing_direction_is_named(models, tmp_path):
    path = tmp_path / "a.tflite"
    export_tflite(models["pix"], path, repeats=0)
    process = run_program(tmp_path / "translate.py", path, write_image(tmp_path, "a.png"), "--to", "x", folder=tmp_path)
    assert process.returncode != 0
    assert "to: received 'x', expected one of ['y']" in process.stderr


@pytest.mark.thorough
def test_onnx_files_have_one_direction(models, tmp_path):
    onnxruntime = pytest.importorskip("onnxruntime")
    for name, model, to in directions(models):
        path = tmp_path / f"{name}-{to}.onnx"
        entry = export_onnx(model, path, to=to, repeats=0)
        assert set(entry.differences) == {"serving_default"}
        session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
        images = example_images((16, 16, source_channels(model, to)))
        (actual,) = session.run(["images"], {"source": images / np.float32(255)})
        np.testing.assert_allclose(actual, translate(model, images, to), rtol=0, atol=1e-5)


@pytest.mark.thorough
def test_half_precision_is_exported_as_float32(tmp_path):
    model = with_random_weights(Pix2Pix.create((16, 16, 3), SMALL, SMALL, precision="bfloat16"))
    entry = export_tflite(model, tmp_path / "a.tflite", repeats=0)
    assert entry.worst["max_difference"] < 1e-5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"calibration": np.zeros((9, 8, 8, 3), "uint8")},
            "calibration: received images of 'x' of uint8 and shape (9",
        ),
        ({"calibration": np.zeros((9, 16, 16, 3))}, "calibration: received images of 'x' of float64"),
        ({"calibration": {"y": np.zeros((9, 16, 16, 3), "uint8")}}, "calibration: received images of 'y'"),
        ({"calibration": np.full((9, 16, 16, 3), 255, "float32")}, "calibration: received images of 'x' of float32"),
        ({"calibration": [[0]]}, "calibration: received images of 'x' of None"),
        ({"num_classes": 3}, "num_classes: received 3"),
        ({"value_range": (0, 1)}, "value_range: received (0, 1)"),
    ],
)
def test_invalid_arguments_are_named(arguments, message, models, tmp_path):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        export_tflite(models["pix"], tmp_path / "a.tflite", **arguments)
    assert not list(tmp_path.iterdir())


def test_arguments_of_translation_models_are_refused_for_others(models, tmp_path):
    gan = GAN.create((8, 8, 1), SMALL, SMALL)
    with pytest.raises(ArgumentError, match="calibration: received .* with a model that does not translate"):
        export_tflite(gan, tmp_path / "a.tflite", calibration=np.zeros((9, 8, 8, 1), "uint8"))
    with pytest.raises(ArgumentError, match="to: received 'y' with a model that does not translate"):
        export_onnx(gan, tmp_path / "a.onnx", to="y")
    with pytest.raises(ArgumentError, match=re.escape("to: received 'x', expected one of ['y']")):
        export_onnx(models["pix"], tmp_path / "a.onnx", to="x")


@pytest.mark.parametrize("plain", [{}, {"scale": False, "center": False}])
def test_instance_normalization_equals_that_of_keras(plain):
    inputs = keras.Input((6, 5, 3))
    maps = keras.layers.Conv2D(4, 3, kernel_initializer=keras.initializers.RandomNormal(stddev=0.02, seed=1))(inputs)
    layer = keras.layers.GroupNormalization(groups=-1, epsilon=1e-5, **plain)
    network = keras.Model(inputs, layer(maps))
    for number, weight in enumerate(layer.weights):
        weight.assign(np.random.default_rng(number).uniform(0.5, 1.5, weight.shape))
    images = np.random.default_rng(5).uniform(-1, 1, (8, 6, 5, 3)).astype("float32")
    ((normalized_layer, deviations),) = input_deviations(network, images).items()
    assert normalized_layer is layer
    expected = np.sqrt(keras.Model(inputs, maps)(images).numpy().var((1, 2)).mean(0) + 1e-5)
    np.testing.assert_allclose(deviations, expected, rtol=1e-4)
    for examples in ((), images):
        other, _ = rewrite_generator(network, examples)
        (normalization,) = (each for each in other.layers if isinstance(each, InstanceNormalization))
        assert (normalization.deviations is None) == (len(examples) == 0)
        np.testing.assert_allclose(other(images), network(images), rtol=0, atol=2e-5)


def test_groups_of_several_channels_are_not_replaced():
    inputs = keras.Input((6, 5, 4))
    network = keras.Model(inputs, keras.layers.GroupNormalization(groups=2)(inputs))
    assert rewrite_generator(network) == (network, 0)
    assert input_deviations(network, np.zeros((2, 6, 5, 4), "float32")) == {}
