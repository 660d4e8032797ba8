"""ONNX files, run by onnxruntime and compared with Keras."""

import sys

import keras
import numpy as np
import pytest
from ganzoo.export import ExportError, export_onnx
from ganzoo.export.verification import verify_file as checks
from ganzoo.zoo import GAN
from ganzoo.zoo.core.prng import sampling_latents
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.networks.mlp import mlp_generator
from keras import layers

onnx = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("tf2onnx")

SEEDS = np.arange(900, 905)
LATENTS = sampling_latents(SEEDS.astype("int32"), 4).numpy()


def shapes(nodes):
    return {node.name: (node.type, node.shape[1:], isinstance(node.shape[0], int)) for node in nodes}


def session(path):
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_any_batch_equals_keras(precision, randomize_weights, tmp_path):
    network = {"network": "dcgan", "width": 4}
    model, single = (GAN.create((9, 9, 3), network, network, latent_dim=4, precision=p) for p in (precision, "float32"))
    for each in (model, single):
        randomize_weights(each.ema_generator)
    path = tmp_path / "a.onnx"
    entry = export_onnx(model, path, repeats=1)
    file = session(path)
    assert shapes(file.get_inputs()) == {"latents": ("tensor(float)", [4], False)}
    assert shapes(file.get_outputs()) == {"images": ("tensor(float)", [9, 9, 3], False)}
    expected = (single.generate(5, seed=900) + 1) / 2
    assert expected.std(axis=0).mean() > 0.1
    for batch in (1, 5):
        (actual,) = file.run(["images"], {"latents": LATENTS[:batch]})
        np.testing.assert_allclose(actual, expected[:batch], rtol=0, atol=1e-5)
    # Portable: only standard operations of an old operator set.
    content = onnx.load(path)
    onnx.checker.check_model(content)
    assert [(each.domain, each.version) for each in content.opset_import if each.domain in ("", "ai.onnx")] == [
        ("", 17)
    ]
    assert {node.domain for node in content.graph.node} == {""}
    assert sum(entry.operations.values()) == len(content.graph.node)
    assert (entry.kind, entry.file, entry.bytes) == ("onnx", str(path), path.stat().st_size)
    assert entry.signatures == list(entry.differences) == ["serving_default"]
    assert entry.images_per_second("all") > 0
    assert [file.name for file in tmp_path.iterdir()] == ["a.onnx"]


def test_labels_are_a_second_input(randomize_weights, tmp_path):
    inputs = [keras.Input((4,), name="z"), keras.Input((), dtype="int32", name="number")]
    x = layers.Concatenate()([inputs[0], layers.Embedding(3, 4)(inputs[1])])
    network = randomize_weights(
        keras.Model(inputs, layers.Activation("sigmoid")(layers.Reshape((4, 4, 1))(layers.Dense(16)(x))))
    )
    path = tmp_path / "a.onnx"
    export_onnx(network, path, value_range=(0, 1), num_classes=3, repeats=0)
    file = session(path)
    assert {node.name: node.type for node in file.get_inputs()} == {
        "latents": "tensor(float)",
        "labels": "tensor(int32)",
    }
    labels = np.array([0, 2, 1, 1, 0], "int32")
    (actual,) = file.run(["images"], {"latents": LATENTS, "labels": labels})
    np.testing.assert_allclose(actual, np.asarray(network([LATENTS, labels])), rtol=0, atol=1e-6)


def test_points_keep_their_values(randomize_weights, tmp_path):
    network = randomize_weights(mlp_generator(4, (2,), width=16, depth=2), gain=2.5)
    path = tmp_path / "a.onnx"
    export_onnx(network, path, repeats=0)
    expected = np.asarray(network(LATENTS))
    assert abs(expected).max() > 1
    (actual,) = session(path).run(["samples"], {"latents": LATENTS})
    np.testing.assert_allclose(actual, expected, rtol=0, atol=1e-5)


def test_values_beyond_the_range_are_clipped(randomize_weights, tmp_path):
    inputs = keras.Input((4,))
    x = layers.Reshape((8, 8, 1))(layers.Activation("tanh")(layers.Dense(64)(inputs)))
    # Rounding may exceed the range this much without an error.
    network = randomize_weights(keras.Model(inputs, layers.Rescaling(1.005)(x)), gain=4)
    path = tmp_path / "a.onnx"
    export_onnx(network, path, repeats=0)
    (actual,) = session(path).run(["images"], {"latents": LATENTS})
    assert abs(np.asarray(network(LATENTS))).max() > 1.004
    assert (actual.min(), actual.max()) == (0, 1)


@pytest.mark.parametrize("package", ["onnx", "onnxruntime", "tf2onnx"])
def test_a_missing_package_names_the_extra(package, tmp_path, monkeypatch):
    # Importing it raises ImportError, as for a package that is not installed.
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ArgumentError, match=rf"no package '{package}', .* pip install 'keras-ganzoo\[onnx\]'"):
        export_onnx(mlp_generator(4, (2,), width=4), tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_a_good_file_is_only_replaced_by_a_good_one(randomize_weights, tmp_path, monkeypatch):
    network = randomize_weights(mlp_generator(4, (2,), width=4, depth=1))
    path = tmp_path / "a.onnx"
    path.write_bytes(b"before")
    with monkeypatch.context() as patched:
        patched.setitem(checks.MAX_DIFFERENCE, "float32", -1.0)
        with pytest.raises(ExportError, match="serving_default: differs from Keras"):
            export_onnx(network, path, repeats=0)
    assert path.read_bytes() == b"before"
    assert [file.name for file in tmp_path.iterdir()] == ["a.onnx"]
    export_onnx(network, path, repeats=0)
    onnx.checker.check_model(onnx.load(path))


@pytest.mark.parametrize("name", ["a.tflite", "a", "none/a.onnx"])
def test_an_invalid_path_is_refused(name, tmp_path):
    with pytest.raises(ArgumentError, match="expected an .onnx file in a folder that exists"):
        export_onnx(mlp_generator(4, (2,), width=4), tmp_path / name)
