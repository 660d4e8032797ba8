"""TFLite files of generators of every kind: labels, points, half precision, odd sizes, layers of one's own."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import export_tflite, flatbuffer
from ganzoo.export.verification import compare
from ganzoo.zoo import GAN
from ganzoo.zoo.latents import sampling_latents
from ganzoo.zoo.networks.dcgan import dcgan_generator
from ganzoo.zoo.networks.mlp import mlp_generator
from keras import layers

SEEDS = np.arange(900, 916)
LATENTS = sampling_latents(SEEDS.astype("int32"), 4).numpy()
LABELS = np.arange(16) % 3


def images(network, *inputs):
    return np.asarray(network(inputs[0] if len(inputs) == 1 else list(inputs), training=False)) / 2 + 0.5


@pytest.fixture
def plain(enliven):
    """Makes a generator of 4 latents of what a function makes of 4x4 maps; a tanh ends it."""

    def make(function, size=(4, 4)):
        inputs = keras.Input((4,))
        maps = layers.Reshape((*size, 8))(layers.Dense(size[0] * size[1] * 8)(inputs))
        return enliven(keras.Model(inputs, layers.Activation("tanh", dtype="float32")(function(maps))))

    return make


@pytest.fixture(scope="module")
def labelled(enliven):
    """A generator that takes latents and labels, of three classes that differ."""
    inputs = [keras.Input((4,), name="latents"), keras.Input((), dtype="int32", name="labels")]
    x = layers.Concatenate()([inputs[0], layers.Embedding(3, 4)(inputs[1])])
    x = layers.Reshape((4, 4, 8))(layers.Dense(128, "relu")(x))
    x = layers.Conv2DTranspose(1, 4, 2, "same")(x)
    return enliven(keras.Model(inputs, layers.Activation("tanh")(x)))


@pytest.mark.parametrize(("precision", "int8_io"), [("float32", False), ("int8", False), ("int8", True)])
def test_labels_come_after_the_latents(precision, int8_io, labelled, tmp_path, run_tflite):
    path = tmp_path / "labelled.tflite"
    entry = export_tflite(labelled, path, precision, int8_io=int8_io, num_classes=3, repeats=0)
    file = run_tflite(path)
    inputs = {name: set(runner.get_input_details()) for name, runner in file.runners.items()}
    assert inputs == {"serving_default": {"latents", "labels"}, "sample": {"seeds", "labels"}}
    for runner in file.runners.values():
        detail = runner.get_input_details()["labels"]
        assert (detail["dtype"], list(detail["shape"])) == (np.int32, [1])
    expected = images(labelled, LATENTS, LABELS)
    # One seed, two classes, two pictures.
    assert abs(images(labelled, LATENTS, (LABELS + 1) % 3) - expected).mean() > 0.05
    latents = LATENTS
    if int8_io:
        steps, given = entry.quantisation["images"], entry.quantisation["latents"]
        latents = np.clip(np.rint(LATENTS / given["scale"] + given["zero_point"]), -128, 127)
    for name, first in (("serving_default", {"latents": latents}), ("sample", {"seeds": SEEDS})):
        found = file(name, **first, labels=LABELS)
        if int8_io:
            found = (found.astype("float32") - steps["zero_point"]) * steps["scale"]
        measured = compare(expected, found)
        assert measured["max_difference"] < (1e-5 if precision == "float32" else 0.2)
        assert measured["psnr"] > 30


def test_points_keep_their_values(enliven, tmp_path, run_tflite):
    network = enliven(mlp_generator(4, (2,), width=16, depth=2), gain=2.5)
    path = tmp_path / "points.tflite"
    entry = export_tflite(network, path, "int8", batch_size=8, repeats=0)
    expected = np.asarray(network(LATENTS))
    # Beyond what images may be: neither scaled nor clipped.
    assert abs(expected).max() > 1.5
    file = run_tflite(path)
    for found in (file("serving_default", latents=LATENTS), file("sample", seeds=SEEDS)):
        assert found.shape == (16, 2)
        assert compare(expected, found)["max_difference"] < 0.1
    assert list(file.runners["sample"].get_output_details()) == ["samples"]
    assert entry.signatures == ["sample", "serving_default"]


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_half_precision_leaves_in_float32(precision, enliven, tmp_path, run_tflite):
    network = {"network": "dcgan", "width": 4}
    half, single = (GAN.create((8, 8, 1), network, network, latent_dim=4, precision=p) for p in (precision, "float32"))
    for model in (half, single):
        enliven(model.averaged_generator)
    path = tmp_path / "half.tflite"
    export_tflite(half, path, repeats=0)
    found = run_tflite(path)("sample", seeds=SEEDS)
    own, twin = ((model.generate(16, seed=900) + 1) / 2 for model in (half, single))
    assert 1e-5 < abs(found - own).max() < 2e-2
    assert abs(found - twin).max() < 1e-5
    # The model goes on as it was.
    assert half.averaged_generator.layers[1].compute_dtype == precision
    np.testing.assert_array_equal((half.generate(16, seed=900) + 1) / 2, own)


def test_the_global_policy_changes_no_export(plain, tmp_path, run_tflite):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = plain(lambda x: layers.ReLU()(layers.BatchNormalization()(layers.Conv2DTranspose(3, 4, 2)(x))))
        path = tmp_path / "global.tflite"
        export_tflite(network, path, repeats=0)
    finally:
        keras.config.set_dtype_policy("float32")
    found = run_tflite(path)("sample", seeds=SEEDS)
    assert abs(found - images(network, LATENTS)).max() < 2e-2


@pytest.mark.parametrize("resolution", [9, 28])
def test_sizes_that_are_no_powers_of_two(resolution, enliven, tmp_path, run_tflite):
    network = enliven(dcgan_generator(4, (resolution, resolution, 3), width=4))
    path = tmp_path / "odd.tflite"
    entry = export_tflite(network, path, repeats=0)
    found = run_tflite(path)("sample", seeds=SEEDS)
    assert found.shape == (16, resolution, resolution, 3)
    assert abs(found - images(network, LATENTS)).max() < 1e-5
    assert "TRANSPOSE_CONV" not in entry.operations


def test_images_that_are_not_square(plain, tmp_path, run_tflite):
    network = plain(lambda x: layers.Conv2DTranspose(3, (3, 4), 2, "same")(x), size=(3, 5))
    path = tmp_path / "wide.tflite"
    export_tflite(network, path, repeats=0)
    found = run_tflite(path)("sample", seeds=SEEDS)
    assert found.shape == (16, 6, 10, 3)
    assert abs(found - images(network, LATENTS)).max() < 1e-5


def test_other_ranges_leave_in_zero_to_one(enliven, tmp_path, run_tflite):
    inputs = keras.Input((4,))
    x = layers.Reshape((4, 4, 1))(layers.Dense(16)(inputs))
    network = enliven(keras.Model(inputs, layers.Rescaling(3.0, 2.0)(layers.Activation("tanh")(x))))
    path = tmp_path / "range.tflite"
    export_tflite(network, path, value_range=(-1, 5), repeats=0)
    found = run_tflite(path)("sample", seeds=SEEDS)
    expected = (np.asarray(network(LATENTS)) + 1) / 6
    assert expected.std() > 0.2
    assert abs(found - expected).max() < 1e-6


def test_kept_transposed_convolutions_are_told(plain, tmp_path, run_tflite):
    network = plain(lambda x: layers.Conv2DTranspose(3, 4, 2)(layers.Conv2DTranspose(4, 4, (2, 1))(x)))
    path = tmp_path / "kept.tflite"
    entry = export_tflite(network, path, repeats=0)
    (note,) = entry.notes
    assert note.startswith("1 transposed convolutions were kept (1 rewritten)")
    assert abs(run_tflite(path)("sample", seeds=SEEDS) - images(network, LATENTS)).max() < 1e-5


class Fading(layers.Layer):
    def call(self, inputs):
        return tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, 0.9 * x), [tf.constant(0), inputs])[1]

    def compute_output_shape(self, input_shape):
        return input_shape


def test_loops_and_operations_of_ones_own(plain, tmp_path, run_tflite):
    # A loop is a graph of its own in the file.
    network = plain(lambda x: Fading()(2 * layers.Conv2DTranspose(1, 4, 2)(x) + 0.1))
    path = tmp_path / "loop.tflite"
    entry = export_tflite(network, path, repeats=0)
    assert entry.operations["WHILE"] == 2
    assert len(flatbuffer.read(path.read_bytes()).subgraphs) > 2
    file = run_tflite(path)
    for found in (file("serving_default", latents=LATENTS), file("sample", seeds=SEEDS)):
        assert abs(found - images(network, LATENTS)).max() < 1e-5
