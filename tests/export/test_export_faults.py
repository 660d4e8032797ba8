"""Exports that must not come about: each leaves nothing behind and names its reason."""

import contextlib
import re
import resource

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import ExportError, export_onnx, export_saved_model, export_tflite, flatbuffer, tflite
from ganzoo.export import verification as checks
from ganzoo.export.signatures import Signatures
from ganzoo.zoo import GAN
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.networks.mlp import mlp_generator
from keras import layers

EXPORTERS = {"tflite": export_tflite, "saved_model": export_saved_model, "onnx": export_onnx}
PLACES = {"tflite": "a.tflite", "saved_model": "a", "onnx": "a.onnx"}


@pytest.fixture
def generator(enliven):
    """Makes a generator of 4x4 grey images of what a function makes of 16 numbers."""

    def make(function=None, dtype=None, **options):
        inputs = keras.Input((4,), dtype=dtype)
        x = layers.Reshape((4, 4, 1), dtype=dtype)(layers.Dense(16, dtype=dtype)(inputs))
        return enliven(keras.Model(inputs, (function or layers.Activation("tanh"))(x)), **options)

    return make


def left(folder):
    """What is left in a folder: files, versions and unfinished ones; an empty model folder may be."""
    return [path for path in folder.rglob("*") if path.is_file() or path.name.isdigit() or path.name.startswith(".")]


@pytest.mark.parametrize("kind", sorted(EXPORTERS))
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_named(kind, value, generator, tmp_path):
    network = generator()
    bias = network.layers[1].bias
    bias.assign(np.where(np.arange(16) < 3, value, bias.numpy()))
    with pytest.raises(ExportError, match=rf"{re.escape(bias.path)}: received 3 weights that are not finite"):
        EXPORTERS[kind](network, tmp_path / PLACES[kind], repeats=0)
    assert not list(tmp_path.iterdir())


def test_so_are_those_in_half_precision_that_no_sample_shows(generator):
    network = generator(lambda x: layers.Activation("tanh", dtype="bfloat16")(x), dtype="bfloat16")
    bias = network.layers[1].bias
    bias.assign(np.full(16, -np.inf))
    with pytest.raises(ExportError, match=re.escape(bias.path)):
        Signatures(network)


def test_samples_that_are_not_finite_are_refused(generator):
    with pytest.raises(ExportError, match=r"generator: received one whose samples are not finite \([0-9]+% NaN\)"):
        Signatures(generator(lambda x: keras.ops.log(x)))


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
        self.dense, self.normalisation = layers.Dense(16), layers.BatchNormalization()
        self.shape = layers.Reshape((4, 4, 1))

    def call(self, inputs):
        return tf.tanh(self.shape(self.normalisation(self.dense(inputs), training=True)))


def test_normalisation_over_the_batch_is_refused():
    inputs = keras.Input((4,))
    with pytest.raises(ExportError, match="with its neighbours .* batch normalisation called with training=True"):
        Signatures(keras.Model(inputs, Subclassed()(inputs)))


def test_a_functional_network_leaves_as_generate_has_it(generator, tmp_path, run_tflite):
    # There Keras heeds the last word, which is that of `generate`.
    network = generator(lambda x: layers.Activation("tanh")(layers.BatchNormalization()(x, training=True)))
    export_tflite(network, tmp_path / "a.tflite", repeats=0)
    latents = Signatures(network).inputs("serving_default", range(5))["latents"]
    found = run_tflite(tmp_path / "a.tflite")("sample", seeds=range(5))
    assert abs(found - (np.asarray(network(latents, training=False)) + 1) / 2).max() < 1e-6


def test_a_range_that_does_not_fit_is_refused_with_the_one_that_does(generator):
    network = generator(lambda x: 5 * layers.Activation("sigmoid")(x), gain=4)
    with pytest.raises(ArgumentError, match=r"value_range: received \(-1, 1\), .* which lie in \[0.*, 4\.|5\]"):
        Signatures(network)
    assert np.ptp(Signatures(network, (0, 5)).reference([1, 2])) > 0.5
    unit = generator(layers.Activation("sigmoid"))
    reference = Signatures(unit, (0, 1)).reference(np.arange(3))
    np.testing.assert_allclose(reference, unit(Signatures(unit, (0, 1)).inputs("serving_default", range(3))["latents"]))


@pytest.mark.parametrize("value_range", [(1, 0), (0, 0), (0, np.nan), (0, np.inf), (0, 1, 2), "01", 3, None], ids=str)
def test_what_is_no_range_is_refused(value_range, generator):
    with pytest.raises(ArgumentError, match="value_range: received"):
        Signatures(generator(), value_range)


def network_of(*shapes, free=False):
    inputs = [keras.Input(shape) for shape in shapes]
    x = layers.Concatenate()([layers.Flatten()(each) for each in inputs]) if len(inputs) > 1 else inputs[0]
    x = layers.UpSampling2D()(keras.Input((None, None, 1))) if free else layers.Dense(3)(x)
    return keras.Model(inputs if len(inputs) > 1 else inputs[0], x)


@pytest.mark.parametrize(
    ("build", "num_classes", "told"),
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
        (lambda: "generator.keras", None, "model: received 'generator.keras', expected an AdversarialModel"),
    ],
)
def test_generators_with_other_inputs_are_refused(build, num_classes, told):
    with pytest.raises(ArgumentError, match=told):
        Signatures(build(), num_classes=num_classes)


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("a.lite", {}, "expected a .tflite file"),
        ("none/a.tflite", {}, "in a folder that exists"),
        ("a.tflite", {"precision": "int4"}, "precision: received 'int4', expected one of"),
        ("a.tflite", {"batch_size": 0}, "batch_size: received 0"),
        ("a.tflite", {"batch_size": True}, "batch_size: received True"),
        ("a.tflite", {"batch_size": 1.5}, "batch_size: received 1.5"),
    ],
)
def test_arguments_that_cannot_be_used_are_named(name, arguments, told, generator, tmp_path):
    with pytest.raises(ArgumentError, match=re.escape(told)):
        export_tflite(generator(), tmp_path / name, **arguments)
    assert not list(tmp_path.iterdir())


@contextlib.contextmanager
def full_disk(size):
    """Files end at so many bytes: it stands for the full disk, since root ignores file modes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("kind", sorted(EXPORTERS))
def test_a_full_disk_leaves_nothing(kind, enliven, tmp_path):
    network = enliven(mlp_generator(4, (8, 8, 1), width=64))
    with full_disk(6000), pytest.raises(ExportError, match=r"(?i)cannot be written .*(File too large|EFBIG)"):
        EXPORTERS[kind](network, tmp_path / PLACES[kind], repeats=0)
    assert not left(tmp_path)


@pytest.mark.parametrize("moment", ["write", "verify"])
def test_so_does_one_that_fills_up_late(moment, generator, tmp_path, monkeypatch):
    owner = {"write": flatbuffer, "verify": tflite}[moment]
    step = getattr(owner, moment)
    with contextlib.ExitStack() as stack:

        def filled(*arguments, **keywords):
            stack.enter_context(full_disk(400))
            return step(*arguments, **keywords)

        monkeypatch.setattr(owner, moment, filled)
        with pytest.raises(ExportError, match="File too large"):
            export_tflite(generator(), tmp_path / "a.tflite", repeats=0)
    assert not left(tmp_path)


def test_a_good_file_gives_way_only_to_a_good_one(generator, tmp_path, monkeypatch, run_tflite):
    path = tmp_path / "a.tflite"
    old, new = generator(seed=1), generator(seed=2)
    export_tflite(old, path, repeats=0)
    content = path.read_bytes()
    with monkeypatch.context() as patched:
        # It is written and runs, but does not hold.
        patched.setitem(checks.LARGEST, "float32", -1.0)
        with pytest.raises(ExportError, match="serving_default: differs from Keras by up to"):
            export_tflite(new, path, repeats=0)
    assert path.read_bytes() == content
    program = (tmp_path / "sample.py").read_bytes()
    with monkeypatch.context() as patched, contextlib.ExitStack() as stack:
        # The new file holds, but then there is no room for the program beside it.
        patched.setattr(tflite, "verify", lambda *each: [checks.verify(*each), stack.enter_context(full_disk(400))][0])
        with pytest.raises(ExportError, match="File too large"):
            export_tflite(new, path, repeats=0)
    assert (path.read_bytes(), (tmp_path / "sample.py").read_bytes()) == (content, program)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tflite", "sample.py"]
    export_tflite(new, path, repeats=0)
    found = run_tflite(path)("sample", seeds=range(4))
    np.testing.assert_allclose(found, Signatures(new).reference(np.arange(4)), rtol=0, atol=1e-6)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.tflite", "sample.py"]


def test_somebodys_own_program_stays(generator, tmp_path):
    (tmp_path / "sample.py").write_text("print(1)")
    export_tflite(generator(), tmp_path / "a.tflite", repeats=0)
    assert (tmp_path / "sample.py").read_text() == "print(1)"


def test_a_folder_in_the_files_place_is_refused(generator, tmp_path):
    (tmp_path / "a.tflite").mkdir()
    with pytest.raises((ArgumentError, ExportError), match="a.tflite"):
        export_tflite(generator(), tmp_path / "a.tflite", repeats=0)
    assert [path.name for path in tmp_path.rglob("*")] == ["a.tflite"]


def test_models_of_the_zoo_are_checked_in_their_averaged_generator():
    network = {"network": "dcgan", "width": 4}
    model = GAN.create((8, 8, 1), network, network, latent_dim=4)
    model.generator.weights[0].assign(model.generator.weights[0] * np.nan)
    Signatures(model)
    model.averaged_generator.weights[0].assign(model.averaged_generator.weights[0] * np.nan)
    with pytest.raises(ExportError, match="received 256 weights"):
        Signatures(model)
