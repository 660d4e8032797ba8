"""Exports that must fail: each leaves nothing behind and reports its reason."""

import contextlib
import re
import resource

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import ExportError, export_onnx, export_saved_model, export_tflite
from ganzoo.export.exporters import tflite
from ganzoo.export.rewriting import flatbuffer
from ganzoo.export.signatures.image_signatures import ImageSignatures
from ganzoo.export.verification import verify_file as checks
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.networks.mlp import mlp_generator
from keras import layers

EXPORTERS = {"tflite": export_tflite, "saved_model": export_saved_model, "onnx": export_onnx}
TARGETS = {"tflite": "a.tflite", "saved_model": "a", "onnx": "a.onnx"}


@pytest.fixture
def generator(randomize_weights):
    """Builds a generator of 4x4 gray images, whose last layers are those of a function."""

    def make(function=None, dtype=None, **options):
        inputs = keras.Input((4,), dtype=dtype)
        x = layers.Reshape((4, 4, 1), dtype=dtype)(layers.Dense(16, dtype=dtype)(inputs))
        return randomize_weights(keras.Model(inputs, (function or layers.Activation("tanh"))(x)), **options)

    return make


def remains(folder):
    """Returns the files, versions and temporary folders that are left in a folder; an empty model folder may remain."""
    return [path for path in folder.rglob("*") if path.is_file() or path.name.isdigit() or path.name.startswith(".")]


@pytest.mark.parametrize("kind", sorted(EXPORTERS))
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_named(kind, value, generator, tmp_path):
    network = generator()
    bias = network.layers[1].bias
    bias.assign(np.where(np.arange(16) < 3, value, bias.numpy()))
    with pytest.raises(ExportError, match=rf"{re.escape(bias.path)}: received 3 weights that are not finite"):
        EXPORTERS[kind](network, tmp_path / TARGETS[kind], repeats=0)
    assert not list(tmp_path.iterdir())


def test_half_precision_weights_that_no_sample_shows_are_named_too(generator):
    network = generator(lambda x: layers.Activation("tanh", dtype="bfloat16")(x), dtype="bfloat16")
    bias = network.layers[1].bias
    bias.assign(np.full(16, -np.inf))
    with pytest.raises(ExportError, match=re.escape(bias.path)):
        ImageSignatures(network)


def test_samples_that_are_not_finite_are_refused(generator):
    with pytest.raises(ExportError, match=r"generator: received one whose samples are not finite \([0-9]+% NaN\)"):
        ImageSignatures(generator(lambda x: keras.ops.log(x)))


class NeedsFlex(layers.Layer):
    def call(self, inputs):
        return tf.math.erfinv(0.9 * tf.tanh(inputs))


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_an_operation_that_needs_flex_is_named(precision, generator, tmp_path):
    with pytest.raises(ExportError, match=rf"^{precision}: Erfinv has no built-in counterpart in TFLite"):
        export_tflite(generator(NeedsFlex()), tmp_path / "a.tflite", precision, value_range=(-2, 2), repeats=0)
    assert not list(tmp_path.iterdir())


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense, self.normalization = layers.Dense(16), layers.BatchNormalization()
        self.shape = layers.Reshape((4, 4, 1))

    def call(self, inputs):
        return tf.tanh(self.shape(self.normalization(self.dense(inputs), training=True)))


def test_normalization_over_the_batch_is_refused():
    inputs = keras.Input((4,))
    with pytest.raises(ExportError, match="with its neighbors .* batch normalization called with training=True"):
        ImageSignatures(keras.Model(inputs, Subclassed()(inputs)))


def test_a_functional_network_is_exported_as_generate_runs_it(generator, tmp_path, run_tflite):
    # In a functional network the `training` of the outer call, that of `generate`, takes precedence.
    network = generator(lambda x: layers.Activation("tanh")(layers.BatchNormalization()(x, training=True)))
    export_tflite(network, tmp_path / "a.tflite", repeats=0)
    latents = ImageSignatures(network).inputs("serving_default", range(5))["latents"]
    actual = run_tflite(tmp_path / "a.tflite")("sample", seeds=range(5))
    assert abs(actual - (np.asarray(network(latents, training=False)) + 1) / 2).max() < 1e-6


def test_a_range_that_does_not_fit_is_refused_with_the_actual_one(generator):
    network = generator(lambda x: 5 * layers.Activation("sigmoid")(x), gain=4)
    with pytest.raises(ArgumentError, match=r"value_range: received \(-1, 1\), .* which lie in \[0.*, 4\.|5\]"):
        ImageSignatures(network)
    assert np.ptp(ImageSignatures(network, (0, 5)).reference([1, 2])) > 0.5
    unit = generator(layers.Activation("sigmoid"))
    reference = ImageSignatures(unit, (0, 1)).reference(np.arange(3))
    np.testing.assert_allclose(
        reference, unit(ImageSignatures(unit, (0, 1)).inputs("serving_default", range(3))["latents"])
    )


@pytest.mark.parametrize("value_range", [(1, 0), (0, 0), (0, np.nan), (0, np.inf), (0, 1, 2), "01", 3, None], ids=str)
def test_invalid_ranges_are_refused(value_range, generator):
    with pytest.raises(ArgumentError, match="value_range: received"):
        ImageSignatures(generator(), value_range)


def network_of(*shapes, free=False):
    inputs = [keras.Input(shape) for shape in shapes]
    x = layers.Concatenate()([layers.Flatten()(each) for each in inputs]) if len(inputs) > 1 else inputs[0]
    x = layers.UpSampling2D()(keras.Input((None, None, 1))) if free else layers.Dense(3)(x)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], x)


@pytest.mark.parametrize(
    ("build", "num_classes", "message"),
    [
        (lambda: network_of((8, 8, 3)), None, r"inputs of shape .*8, 8, 3.*, expected latents"),
        (lambda: network_of((4,), (4, 4)), None, "expected latents"),
        (lambda: network_of((4,), (1,), (1,)), None, "expected latents"),
        (lambda: network_of((4,), ()), None, "num_classes: received None, expected an integer"),
        (lambda: network_of((4,), ()), 1, "num_classes: received 1, expected an integer, at least 2"),
        (lambda: network_of((4,), ()), 2.5, "num_classes: received 2.5, expected an integer"),
        (lambda: network_of((4,), ()), "3", "num_classes: received '?3'?, expected an integer"),
        (lambda: network_of((4,)), 3, "num_classes: received 3, expected None"),
        (lambda: keras.Sequential([layers.Dense(3)]), None, "a keras.Model that knows its shapes"),
        (lambda: "generator.keras", None, "model: received 'generator.keras', expected an ImageGAN"),
    ],
)
def test_generators_with_other_inputs_are_refused(build, num_classes, message):
    with pytest.raises(ArgumentError, match=message):
        ImageSignatures(build(), num_classes=num_classes)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("a.lite", {}, "expected a .tflite file"),
        ("none/a.tflite", {}, "in a folder that exists"),
        ("a.tflite", {"precision": "int4"}, "precision: received 'int4', expected one of"),
        ("a.tflite", {"batch_size": 0}, "batch_size: received 0"),
        ("a.tflite", {"batch_size": True}, "batch_size: received True"),
        ("a.tflite", {"batch_size": 1.5}, "batch_size: received 1.5"),
    ],
)
def test_invalid_arguments_are_named(name, arguments, message, generator, tmp_path):
    with pytest.raises(ArgumentError, match=re.escape(message)):
        export_tflite(generator(), tmp_path / name, **arguments)
    assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def full_disk(size):
    """Limits the size of files, in place of a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", sorted(EXPORTERS))
def test_a_full_disk_leaves_nothing(kind, randomize_weights, tmp_path):
    network = randomize_weights(mlp_generator(4, (8, 8, 1), width=64))
    with full_disk(6000), pytest.raises(ExportError, match=r"(?i)cannot be written .*(File too large|EFBIG)"):
        EXPORTERS[kind](network, tmp_path / TARGETS[kind], repeats=0)
    assert not remains(tmp_path)


@pytest.mark.parametrize("moment", ["write", "verify"])
def test_a_disk_that_fills_up_late_leaves_nothing(moment, generator, tmp_path, monkeypatch):
    owner = {"write": flatbuffer, "verify": tflite}[moment]
    step = getattr(owner, moment)
    with contextlib.ExitStack() as stack:

        def fill_disk(*arguments, **keywords):
            stack.enter_context(full_disk(400))
            return step(*arguments, **keywords)

        monkeypatch.setattr(owner, moment, fill_disk)
        with pytest.raises(ExportError, match="File too large"):
            export_tflite(generator(), tmp_path / "a.tflite", repeats=0)
    assert not remains(tmp_path)


def test_a_good_file_is_only_replaced_by_a_good_one(generator, tmp_path, monkeypatch, run_tflite):
    path = tmp_path / "a.tflite"
    old, new = generator(seed=1), generator(seed=2)
    export_tflite(old, path, repeats=0)
    content = path.read_bytes()
    with monkeypatch.context() as patched:
        # The new file runs, but fails the comparison.
        patched.setitem(checks.MAX_DIFFERENCE, "float32", -1.0)
        with pytest.raises(ExportError, match="serving_default: differs from Keras by up to"):
            export_tflite(new, path, repeats=0)
    assert path.read_bytes() == content
    program = (tmp_path / "sample.py").read_bytes()
    with monkeypatch.context() as patched, contextlib.ExitStack() as stack:
        # The new file passes, but there is no room for the program next to it.
        patched.setattr(tflite, "verify", lambda *each: [checks.verify(*each), stack.enter_context(full_disk(400))][0])
        with pytest.raises(ExportError, match="File too large"):
            export_tflite(new, path, repeats=0)
    assert (path.read_bytes(), (tmp_path / "sample.py").read_bytes()) == (content, program)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tflite", "sample.py"]
    export_tflite(new, path, repeats=0)
    actual = run_tflite(path)("sample", seeds=range(4))
    np.testing.assert_allclose(actual, ImageSignatures(new).reference(np.arange(4)), rtol=0, atol=1e-6)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tflite", "sample.py"]


def test_a_users_own_program_is_not_overwritten(generator, tmp_path):
    (tmp_path / "sample.py").write_text("print(1)")
    export_tflite(generator(), tmp_path / "a.tflite", repeats=0)
    assert (tmp_path / "sample.py").read_text() == "print(1)"


def test_a_folder_with_the_name_of_the_file_is_refused(generator, tmp_path):
    (tmp_path / "a.tflite").mkdir()
    with pytest.raises((ArgumentError, ExportError), match="a.tflite"):
        export_tflite(generator(), tmp_path / "a.tflite", repeats=0)
    assert [path.name for path in tmp_path.rglob("*")] == ["a.tflite"]


def test_the_ema_generator_of_models_is_checked():
    network = {"network": "dcgan", "width": 4}
    model = GAN.create((8, 8, 1), network, network, latent_dim=4)
    model.generator.weights[0].assign(model.generator.weights[0] * np.nan)
    ImageSignatures(model)
    model.ema_generator.weights[0].assign(model.ema_generator.weights[0] * np.nan)
    with pytest.raises(ExportError, match="received 256 weights"):
        ImageSignatures(model)
