"""The check of exported files, on files that are deliberately not what they should be."""

import math

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import ExportError, export_tflite, flatbuffer, verification
from ganzoo.export.signatures import Signatures, encode_pngs
from ganzoo.export.verification import compare, verify
from ganzoo.zoo.networks.mlp import mlp_generator

SHAPE = (4, 4, 1)


@pytest.fixture(scope="module")
def make(enliven):
    def network(seed=0, shape=SHAPE, latent_dim=4, gain=1.2, **arguments):
        return enliven(mlp_generator(latent_dim, shape, width=8, depth=1, **arguments), seed, gain)

    return network


@pytest.fixture(scope="module")
def written(make, tmp_path_factory):
    """(Signatures, path) of a file that holds."""
    network = make()
    path = tmp_path_factory.mktemp("held") / "a.tflite"
    export_tflite(network, path, repeats=0)
    return Signatures(network), path


@pytest.fixture
def changed(written, tmp_path):
    """Writes the file once more, with its float weights changed by a function."""

    def write(function, path=written[1]):
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


def test_a_file_that_holds_gives_an_entry(written, changed):
    signatures, path = written
    for file in (path, changed(lambda values: values)):
        entry = verify(signatures, file, "tflite", repeats=2)
        assert sorted(entry.differences) == ["sample", "serving_default"]
        assert entry.worst["max_difference"] < 1e-6
        assert entry.bytes == file.stat().st_size
        assert set(entry.milliseconds) == {"1", "all"}
        assert all(spent > 0 for spent in entry.milliseconds.values())


def test_another_models_file_is_told_by_how_far_it_is_off(written, make):
    other = Signatures(make(seed=1))
    signatures, path = written
    apart = abs(signatures.reference(np.arange(64)) - other.reference(np.arange(64))).max()
    with pytest.raises(ExportError, match=rf"^serving_default: differs .* by up to {apart:.2g} .* 0.0001 in float32"):
        verify(other, path, "tflite", repeats=0)
    with pytest.raises(ExportError, match=r"up to .* expected at most 0.01 in float16"):
        verify(other, path, "tflite", "float16", repeats=0)
    for precision in ("int8", "dynamic"):
        with pytest.raises(
            ExportError, match=rf"PSNR of [0-9.]+ dB against Keras, expected at least 30 in {precision}"
        ):
            verify(other, path, "tflite", precision, repeats=0)


def test_small_differences_count(written, changed):
    signatures, _ = written
    with pytest.raises(ExportError, match=r"up to 0\.00\d+ of the range .* expected at most 0.0001"):
        verify(signatures, changed(lambda values: 1.002 * values), "tflite", repeats=0)


def test_the_signature_that_begins_with_seeds_is_compared_too(written, tmp_path):
    signatures, path = written
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


def test_samples_that_are_nan_or_all_the_same_are_told(written, changed, make, tmp_path):
    signatures, _ = written
    with pytest.raises(ExportError, match="serving_default: every sample is the same, while Keras' samples differ"):
        verify(signatures, changed(np.zeros_like), "tflite", "int8", repeats=0)
    # Of images the last operation clips, and what it makes of NaN is the runtime's own.
    points = make(shape=(2,))
    path = tmp_path / "points.tflite"
    export_tflite(points, path, repeats=0)
    with pytest.raises(ExportError, match="serving_default: 100% of its values are NaN, expected finite ones"):
        verify(Signatures(points), changed(lambda values: values * np.nan, path), "tflite", repeats=0)


def test_constant_samples_of_a_constant_generator_hold(make, tmp_path):
    network = make()
    network.set_weights([np.zeros_like(weight) for weight in network.get_weights()])
    entry = export_tflite(network, tmp_path / "constant.tflite", repeats=0)
    assert entry.worst == {"max_difference": 0.0, "mean_difference": 0.0, "psnr": None}


def test_a_broken_file_does_not_run(written, tmp_path):
    signatures, path = written
    content = path.read_bytes()
    for broken in (content[: len(content) // 2], b"", b"no such thing"):
        cut = tmp_path / "cut.tflite"
        cut.write_bytes(broken)
        with pytest.raises(ExportError, match="^the file does not run in a fresh process: ValueError"):
            verify(signatures, cut, "tflite", repeats=0)


def test_a_file_for_other_latents_does_not_run(written, make):
    with pytest.raises(ExportError, match="^the file does not run in a fresh process"):
        verify(Signatures(make(latent_dim=5)), written[1], "tflite", repeats=0)


def test_samples_of_another_shape_are_told(written, make):
    with pytest.raises(ExportError, match=r"gave samples of shape \(64, 4, 4, 1\), expected \(64, 8, 2, 1\)"):
        verify(Signatures(make(shape=(8, 2, 1))), written[1], "tflite", repeats=0)


def test_a_file_without_a_signature_is_told(written, tmp_path):
    signatures, path = written
    model = flatbuffer.read(path.read_bytes())
    model.signatureDefs = [each for each in model.signatureDefs if each.signatureKey != b"sample"]
    lacking = tmp_path / "lacking.tflite"
    lacking.write_bytes(flatbuffer.write(model))
    with pytest.raises(ExportError, match=r"^sample: gave \['serving_default/images'\], expected sample/images"):
        verify(signatures, lacking, "tflite", repeats=0)


class OtherAlone(keras.layers.Layer):
    """Lightens an image that has no neighbours in its batch."""

    def call(self, inputs):
        return inputs + 0.01 * tf.cast(tf.equal(tf.shape(inputs)[0], 1), "float32")


def test_saved_models_are_asked_for_single_samples_too(make, tmp_path):
    network = make()
    signatures = Signatures(network)
    inputs = keras.Input((4,))
    archive = keras.export.ExportArchive()
    for name, generator in (
        ("serving_default", keras.Model(inputs, OtherAlone()(network(inputs)))),
        ("sample", network),
    ):
        archive.add_endpoint(name, *signatures.function(name, generator=generator))
    archive.write_out(str(tmp_path / "1"), verbose=False)
    with pytest.raises(
        ExportError, match="serving_default/images alone: differs by .* from the same sample in a batch"
    ):
        verify(signatures, tmp_path / "1", "saved_model", repeats=0)


def test_pngs_are_compared_with_the_images_of_their_seeds(make, tmp_path, monkeypatch):
    signatures = Signatures(make())
    images = signatures.reference(np.arange(64))

    def answers(kind, path, inputs, outputs, *_):
        files = encode_pngs(shown).numpy().astype("S")
        given = {"serving_default/images": images, "sample/images": images, "sample_png/png_bytes": files}
        np.savez(outputs, **given)
        return {"signatures": list(signatures.names)}

    monkeypatch.setattr(verification, "_probe", answers)
    shown = images
    assert verify(signatures, tmp_path, "saved_model", repeats=0).worst["max_difference"] == 0
    shown = images[::-1]
    with pytest.raises(ExportError, match="sample_png: a PNG file holds other pixels than the image of the same seed"):
        verify(signatures, tmp_path, "saved_model", repeats=0)


def test_differences_as_reckoned_on_paper():
    images = np.zeros((2, 1, 1, 1), "float32")
    found = np.array([0.1, -0.3], "float32").reshape(images.shape)
    # (0.01 + 0.09) / 2 = 0.05, and -10 log10 0.05 = 13.0103.
    assert compare(images, found) == pytest.approx({"max_difference": 0.3, "mean_difference": 0.2, "psnr": 13.0103})
    # Points span 4, so that 2 is half of the range: (0.25 + 0) / 2 = 0.125.
    points = np.array([[0.0], [4.0]], "float32")
    measured = compare(points, np.array([[0.0], [2.0]], "float32"))
    assert measured == pytest.approx({"max_difference": 0.5, "mean_difference": 0.25, "psnr": 9.0309})
    assert compare(points, points) == {"max_difference": 0.0, "mean_difference": 0.0, "psnr": math.inf}
