"""The verification of exported files, on files that deviate on purpose."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import ExportError, export_tflite
from ganzoo.export.rewriting import flatbuffer
from ganzoo.export.signatures.image_ops import encode_pngs
from ganzoo.export.signatures.image_signatures import ImageSignatures
from ganzoo.export.verification import verify_file as verification
from ganzoo.export.verification.verify_file import compare, verify
from ganzoo.zoo.networks.mlp import mlp_generator

SHAPE = (4, 4, 1)


@pytest.fixture(scope="module")
def make(randomize_weights):
    def network(seed=0, shape=SHAPE, latent_dim=4, gain=1.2, **arguments):
        return randomize_weights(mlp_generator(latent_dim, shape, width=8, depth=1, **arguments), seed, gain)

    return network


@pytest.fixture(scope="module")
def exported(make, tmp_path_factory):
    """(Signatures, path) of a correct file."""
    network = make()
    path = tmp_path_factory.mktemp("exported") / "a.tflite"
    export_tflite(network, path, repeats=0)
    return ImageSignatures(network), path


@pytest.fixture
def changed(exported, tmp_path):
    """Writes a copy of the file whose float weights are changed by a function."""

    def write(function, path=exported[1]):
        model = flatbuffer.read(path.read_bytes())
        main = model.subgraphs[0]
        for tensor in main.tensors:
            buffer = model.buffers[tensor.buffer]
            if len(tensor.shape) == 2 and buffer.data is not None:
                values = np.frombuffer(bytes(buffer.data), "float32")
                buffer.data = np.frombuffer(function(values).astype("float32").tobytes(), "uint8")
        copy = tmp_path / "changed.tflite"
        copy.write_bytes(flatbuffer.write(model))
        return copy

    return write


def test_a_correct_file_has_an_entry(exported, changed):
    signatures, path = exported
    for file in (path, changed(lambda values: values)):
        entry = verify(signatures, file, "tflite", repeats=2)
        assert sorted(entry.differences) == ["sample", "serving_default"]
        assert entry.worst["max_difference"] < 1e-6
        assert entry.bytes == file.stat().st_size
        assert set(entry.milliseconds) == {"1", "all"}
        assert all(milliseconds > 0 for milliseconds in entry.milliseconds.values())


def test_the_file_of_another_model_is_refused_with_its_difference(exported, make):
    other = ImageSignatures(make(seed=1))
    signatures, path = exported
    difference = abs(signatures.reference(np.arange(64)) - other.reference(np.arange(64))).max()
    with pytest.raises(
        ExportError, match=rf"^serving_default: differs .* by up to {difference:.2g} .* 0.0001 in float32"
    ):
        verify(other, path, "tflite", repeats=0)
    with pytest.raises(ExportError, match=r"up to .* expected at most 0.01 in float16"):
        verify(other, path, "tflite", "float16", repeats=0)
    for precision in ("int8", "dynamic"):
        with pytest.raises(
            ExportError, match=rf"PSNR of [0-9.]+ dB against Keras, expected at least 30 in {precision}"
        ):
            verify(other, path, "tflite", precision, repeats=0)


def test_small_differences_count(exported, changed):
    signatures, _ = exported
    with pytest.raises(ExportError, match=r"up to 0\.00\d+ of the range .* expected at most 0.0001"):
        verify(signatures, changed(lambda values: 1.002 * values), "tflite", repeats=0)


def test_the_signature_that_takes_seeds_is_compared_too(exported, tmp_path):
    signatures, path = exported
    model = flatbuffer.read(path.read_bytes())
    sample = model.subgraphs[1]
    for operator in sample.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        if code.builtinCode == flatbuffer.schema.BuiltinOperator.COS:
            operator.opcodeIndex = next(
                index
                for index, other in enumerate(model.operatorCodes)
                if other.builtinCode == flatbuffer.schema.BuiltinOperator.SIN
            )
            operator.builtinOptions = None
            operator.builtinOptionsType = 0
    other = tmp_path / "sines.tflite"
    other.write_bytes(flatbuffer.write(model))
    with pytest.raises(ExportError, match=r"^sample: differs from Keras"):
        verify(signatures, other, "tflite", repeats=0)


def test_samples_that_are_nan_or_all_equal_are_refused(exported, changed, make, tmp_path):
    signatures, _ = exported
    with pytest.raises(
        ExportError, match="serving_default: all samples are equal, expected samples that differ as Keras' do"
    ):
        verify(signatures, changed(np.zeros_like), "tflite", "int8", repeats=0)
    # The last operation of images clips, and its result for NaN depends on the runtime.
    points = make(shape=(2,))
    path = tmp_path / "points.tflite"
    export_tflite(points, path, repeats=0)
    with pytest.raises(ExportError, match="serving_default: 100% of its values are NaN, expected finite ones"):
        verify(ImageSignatures(points), changed(lambda values: values * np.nan, path), "tflite", repeats=0)


def test_constant_samples_of_a_constant_generator_pass(make, tmp_path):
    network = make()
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    entry = export_tflite(network, tmp_path / "constant.tflite", repeats=0)
    assert entry.worst == {"max_difference": 0.0, "mean_difference": 0.0, "psnr": None}


def test_a_broken_file_does_not_run(exported, tmp_path):
    signatures, path = exported
    content = path.read_bytes()
    for broken in (content[: len(content) // 2], b"", b"no such thing"):
        cut = tmp_path / "cut.tflite"
        cut.write_bytes(broken)
        with pytest.raises(ExportError, match="^the file does not run in a fresh process: ValueError"):
            verify(signatures, cut, "tflite", repeats=0)


def test_a_file_for_other_latents_does_not_run(exported, make):
    with pytest.raises(ExportError, match="^the file does not run in a fresh process"):
        verify(ImageSignatures(make(latent_dim=5)), exported[1], "tflite", repeats=0)


def test_samples_of_another_shape_are_refused(exported, make):
    with pytest.raises(ExportError, match=r"returned samples of shape \(64, 4, 4, 1\), expected \(64, 8, 2, 1\)"):
        verify(ImageSignatures(make(shape=(8, 2, 1))), exported[1], "tflite", repeats=0)


def test_a_file_without_a_signature_is_refused(exported, tmp_path):
    signatures, path = exported
    model = flatbuffer.read(path.read_bytes())
    model.signatureDefs = [each for each in model.signatureDefs if each.signatureKey != b"sample"]
    lacking = tmp_path / "lacking.tflite"
    lacking.write_bytes(flatbuffer.write(model))
    with pytest.raises(ExportError, match=r"^sample: returned \['serving_default/images'\], expected sample/images"):
        verify(signatures, lacking, "tflite", repeats=0)


class OtherAlone(keras.layers.Layer):
    """Brightens an image that is alone in its batch."""

    def call(self, inputs):
        return inputs + 0.01 * tf.cast(tf.equal(tf.shape(inputs)[0], 1), "float32")


def test_saved_models_are_run_on_single_rows_too(make, tmp_path):
    network = make()
    signatures = ImageSignatures(network)
    inputs = keras.Input((4,))
    archive = keras.export.ExportArchive()
    for name, generator in (
        ("serving_default", keras.Model(inputs, OtherAlone()(network(inputs)))),
        ("sample", network),
    ):
        archive.add_endpoint(name, *signatures.function(name, network=generator))
    archive.write_out(str(tmp_path / "1"), verbose=False)
    with pytest.raises(
        ExportError, match="serving_default/images alone: differs by .* from the same sample in a batch"
    ):
        verify(signatures, tmp_path / "1", "saved_model", repeats=0)


def test_pngs_are_compared_with_the_images_of_their_seeds(make, tmp_path, monkeypatch):
    signatures = ImageSignatures(make())
    images = signatures.reference(np.arange(64))

    def probe(kind, path, inputs_path, outputs_path, *_):
        files = encode_pngs(png_images).numpy().astype("S")
        outputs = {"serving_default/images": images, "sample/images": images, "sample_png/png_bytes": files}
        np.savez(outputs_path, **outputs)
        return {"signatures": list(signatures.names)}

    monkeypatch.setattr(verification, "_probe", probe)
    png_images = images
    assert verify(signatures, tmp_path, "saved_model", repeats=0).worst["max_difference"] == 0
    png_images = images[::-1]
    with pytest.raises(
        ExportError, match="sample_png: a PNG file has other pixels than the float image of the same seed"
    ):
        verify(signatures, tmp_path, "saved_model", repeats=0)


def test_differences_match_a_manual_calculation():
    images = np.zeros((2, 1, 1, 1), "float32")
    actual = np.array([0.1, -0.3], "float32").reshape(images.shape)
    # (0.01 + 0.09) / 2 = 0.05, and -10 log10 0.05 = 13.0103.
    assert compare(images, actual) == pytest.approx({"max_difference": 0.3, "mean_difference": 0.2, "psnr": 13.0103})
    # Points span 4, so that 2 is half of the range: (0.25 + 0) / 2 = 0.125.
    points = np.array([[0.0], [4.0]], "float32")
    measured = compare(points, np.array([[0.0], [2.0]], "float32"))
    assert measured == pytest.approx({"max_difference": 0.5, "mean_difference": 0.25, "psnr": 9.0309})
    assert compare(points, points) == {"max_difference": 0.0, "mean_difference": 0.0, "psnr": math.inf}
