"""TFLite files of all kinds of generators: labels, points, half precision, odd sizes, custom layers."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import export_tflite
from ganzoo.export.rewriting import flatbuffer
from ganzoo.export.verification.verify_file import compare
from ganzoo.zoo import GAN
from ganzoo.zoo.core.prng import sampling_latents
from ganzoo.zoo.networks.dcgan import dcgan_generator
from ganzoo.zoo.networks.mlp import mlp_generator
from keras import layers

SEEDS = np.arange(900, 916)
LATENTS = sampling_latents(SEEDS.astype("int32"), 4).numpy()
LABELS = np.arange(16) % 3


def images(network, *inputs):
    return np.asarray(network(inputs[0] if len(inputs) == 1 else list(inputs), training=False)) / 2 + 0.5


@pytest.fixture
def plain(randomize_weights):
    """Builds a generator of 4 latents: a function of 4x4 feature maps, followed by tanh."""

    def make(function, size=(4, 4)):
        inputs = keras.Input((4,))
        maps = layers.Reshape((*size, 8))(layers.Dense(size[0] * size[1] * 8)(inputs))
        return randomize_weights(keras.Model(inputs, layers.Activation("tanh", dtype="float32")(function(maps))))

    return make


@pytest.fixture(scope="module")
def labeled(randomize_weights):
    """A generator that takes latents and labels of three classes."""
    inputs = [keras.Input((4,), name="latents"), keras.Input((), dtype="int32", name="labels")]
    x = layers.Concatenate()([inputs[0], layers.Embedding(3, 4)(inputs[1])])
    x = layers.Reshape((4, 4, 8))(layers.Dense(128, "relu")(x))
    x = layers.Conv2DTranspose(1, 4, 2, "same")(x)
    return randomize_weights(keras.Model(inputs, layers.Activation("tanh")(x)))


@pytest.mark.parametrize(
    ("precision", "int8_io"),
    [("float32", False), pytest.param("int8", False, marks=pytest.mark.thorough), ("int8", True)],
)
def test_labels_come_after_the_latents(precision, int8_io, labeled, tmp_path, run_tflite):
    path = tmp_path / "labeled.tflite"
    entry = export_tflite(labeled, path, precision, int8_io=int8_io, num_classes=3, repeats=0)
    file = run_tflite(path)
    inputs = {name: set(runner.get_input_details()) for name, runner in file.runners.items()}
    assert inputs == {"serving_default": {"latents", "labels"}, "sample": {"seeds", "labels"}}
    for runner in file.runners.values():
        detail = runner.get_input_details()["labels"]
        assert (detail["dtype"], list(detail["shape"])) == (np.int32, [1])
    expected = images(labeled, LATENTS, LABELS)
    # The same seed with another label yields another image.
    assert abs(images(labeled, LATENTS, (LABELS + 1) % 3) - expected).mean() > 0.05
    latents = LATENTS
    if int8_io:
        output, scale = entry.quantization["images"], entry.quantization["latents"]
        latents = np.clip(np.rint(LATENTS / scale["scale"] + scale["zero_point"]), -128, 127)
    for name, first in (("serving_default", {"latents": latents}), ("sample", {"seeds": SEEDS})):
        actual = file(name, **first, labels=LABELS)
        if int8_io:
            actual = (actual.astype("float32") - output["zero_point"]) * output["scale"]
        measured = compare(expected, actual)
        assert measured["max_difference"] < (1e-5 if precision == "float32" else 0.2)
        assert measured["psnr"] > 30


@pytest.mark.thorough
def test_points_keep_their_values(randomize_weights, tmp_path, run_tflite):
    network = randomize_weights(mlp_generator(4, (2,), width=16, depth=2), gain=2.5)
    path = tmp_path / "points.tflite"
    entry = export_tflite(network, path, "int8", batch_size=8, repeats=0)
    expected = np.asarray(network(LATENTS))
    # Beyond the range of images: points are neither scaled nor clipped.
    assert abs(expected).max() > 1.5
    file = run_tflite(path)
    for actual in (file("serving_default", latents=LATENTS), file("sample", seeds=SEEDS)):
        assert actual.shape == (16, 2)
        assert compare(expected, actual)["max_difference"] < 0.1
    assert list(file.runners["sample"].get_output_details()) == ["samples"]
    assert entry.signatures == ["sample", "serving_default"]


@pytest.mark.parametrize("precision", [pytest.param("bfloat16", marks=pytest.mark.thorough), "float16"])
def test_half_precision_is_exported_as_float32(precision, randomize_weights, tmp_path, run_tflite):
    network = {"network": "dcgan", "width": 4}
    half, single = (GAN.create((8, 8, 1), network, network, latent_dim=4, precision=p) for p in (precision, "float32"))
    for model in (half, single):
        randomize_weights(model.ema_generator)
    path = tmp_path / "half.tflite"
    export_tflite(half, path, repeats=0)
    actual = run_tflite(path)("sample", seeds=SEEDS)
    half_images, single_images = ((model.generate(16, seed=900) + 1) / 2 for model in (half, single))
    assert 1e-5 < abs(actual - half_images).max() < 2e-2
    assert abs(actual - single_images).max() < 1e-5
    # The model itself is unchanged.
    assert half.ema_generator.layers[1].compute_dtype == precision
    np.testing.assert_array_equal((half.generate(16, seed=900) + 1) / 2, half_images)


@pytest.mark.thorough
def test_the_global_dtype_policy_does_not_affect_exports(plain, tmp_path, run_tflite):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        network = plain(lambda x: layers.ReLU()(layers.BatchNormalization()(layers.Conv2DTranspose(3, 4, 2)(x))))
        path = tmp_path / "global.tflite"
        export_tflite(network, path, repeats=0)
    finally:
        keras.config.set_dtype_policy("float32")
    actual = run_tflite(path)("sample", seeds=SEEDS)
    assert abs(actual - images(network, LATENTS)).max() < 2e-2


@pytest.mark.parametrize("resolution", [pytest.param(9, marks=pytest.mark.thorough), 28])
def test_sizes_that_are_not_powers_of_two(resolution, randomize_weights, tmp_path, run_tflite):
    network = randomize_weights(dcgan_generator(4, (resolution, resolution, 3), width=4))
    path = tmp_path / "odd.tflite"
    entry = export_tflite(network, path, repeats=0)
    actual = run_tflite(path)("sample", seeds=SEEDS)
    assert actual.shape == (16, resolution, resolution, 3)
    assert abs(actual - images(network, LATENTS)).max() < 1e-5
    assert "TRANSPOSE_CONV" not in entry.operations


@pytest.mark.thorough
def test_images_that_are_not_square(plain, tmp_path, run_tflite):
    network = plain(lambda x: layers.Conv2DTranspose(3, (3, 4), 2, "same")(x), size=(3, 5))
    path = tmp_path / "wide.tflite"
    export_tflite(network, path, repeats=0)
    actual = run_tflite(path)("sample", seeds=SEEDS)
    assert actual.shape == (16, 6, 10, 3)
    assert abs(actual - images(network, LATENTS)).max() < 1e-5


@pytest.mark.thorough
def test_other_ranges_are_exported_in_zero_to_one(randomize_weights, tmp_path, run_tflite):
    inputs = keras.Input((4,))
    x = layers.Reshape((4, 4, 1))(layers.Dense(16)(inputs))
    network = randomize_weights(keras.Model(inputs, layers.Rescaling(3.0, 2.0)(layers.Activation("tanh")(x))))
    path = tmp_path / "range.tflite"
    export_tflite(network, path, value_range=(-1, 5), repeats=0)
    actual = run_tflite(path)("sample", seeds=SEEDS)
    expected = (np.asarray(network(LATENTS)) + 1) / 6
    assert expected.std() > 0.2
    assert abs(actual - expected).max() < 1e-6


def test_remaining_transposed_convolutions_are_reported(plain, tmp_path, run_tflite):
    network = plain(lambda x: layers.Conv2DTranspose(3, 4, 2)(layers.Conv2DTranspose(4, 4, (2, 1))(x)))
    path = tmp_path / "kept.tflite"
    entry = export_tflite(network, path, repeats=0)
    (note,) = entry.notes
    assert note.startswith("1 transposed convolutions were not rewritten (1 were)")
    assert abs(run_tflite(path)("sample", seeds=SEEDS) - images(network, LATENTS)).max() < 1e-5


class Fading(layers.Layer):
    def call(self, inputs):
        return tf.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, 0.9 * x), [tf.constant(0), inputs])[1]

    def compute_output_shape(self, input_shape):
        return input_shape


def test_loops_and_custom_layers(plain, tmp_path, run_tflite):
    # A loop is a separate subgraph of the file.
    network = plain(lambda x: Fading()(2 * layers.Conv2DTranspose(1, 4, 2)(x) + 0.1))
    path = tmp_path / "loop.tflite"
    entry = export_tflite(network, path, repeats=0)
    assert entry.operations["WHILE"] == 2
    assert len(flatbuffer.read(path.read_bytes()).subgraphs) > 2
    file = run_tflite(path)
    for actual in (file("serving_default", latents=LATENTS), file("sample", seeds=SEEDS)):
        assert abs(actual - images(network, LATENTS)).max() < 1e-5
