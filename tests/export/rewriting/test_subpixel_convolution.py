"""Rewriting of transposed convolutions into plain ones for export."""

import keras
import numpy as np
import pytest
from ganzoo.export.rewriting.rewrite import rewrite_generator
from ganzoo.export.rewriting.subpixel_convolution import SubpixelConvolution
from ganzoo.zoo.networks.dcgan import dcgan_generator
from keras import layers

LATENTS = np.random.default_rng(1).normal(size=(6, 4)).astype("float32")


@pytest.fixture
def build(randomize_weights):
    """Builds a generator of 4 latents: a dense layer, 4x4 feature maps, and the layers of a function."""

    def make(function, channels=8):
        inputs = keras.Input((4,))
        maps = layers.Reshape((4, 4, channels))(layers.Dense(16 * channels)(inputs))
        return randomize_weights(keras.Model(inputs, function(maps)))

    return make


def layer_types(network):
    return [type(layer).__name__ for layer in network._flatten_layers(include_self=False)]


def max_difference(network, other):
    return float(abs(np.asarray(network(LATENTS)) - np.asarray(other(LATENTS))).max())


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, (3, 4), (5, 2)], ids=str)
def test_equals_keras_transposed_convolution(size, stride, padding):
    numbers = np.random.default_rng(0)
    inputs = numbers.uniform(-1, 1, (2, 5, 3, 3)).astype("float32")
    # Few filters: one convolution for all phases; many filters: one per phase.
    for filters in (2, 9):
        layer = layers.Conv2DTranspose(filters, size, stride, padding)
        layer.build(inputs.shape)
        layer.set_weights([numbers.uniform(-0.2, 0.2, weight.shape) for weight in layer.weights])
        expected = np.asarray(layer(inputs))
        kernel, bias = layer.get_weights()
        subpixel = SubpixelConvolution(kernel, bias, stride, padding)
        actual = np.asarray(subpixel(inputs))
        assert actual.shape == expected.shape == subpixel.compute_output_shape(inputs.shape)
        np.testing.assert_allclose(actual, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("filters", [1, 9])
def test_a_row_of_two_pixels_matches_a_manual_calculation(filters):
    # Pixel q adds its multiple of the kernel from column 2 q: 1 2 3 4 and, two columns to the right, 10 20 30 40. The
    # output has two rows, of which the kernel of height 1 reaches the first. "same" crops one column on each side.
    kernel = np.arange(1.0, 5.0, dtype="float32").reshape(1, 4, 1, 1).repeat(filters, axis=2)
    pixels = np.array([1.0, 10.0], "float32").reshape(1, 1, 2, 1)
    bias = np.full(filters, -2.5, "float32")
    full = [1, 2, 3 + 10, 4 + 20, 30, 40]
    for padding, row in (("valid", full), ("same", full[1:5])):
        actual = np.asarray(SubpixelConvolution(kernel, bias, 2, padding, relu=True)(pixels))
        assert actual.shape == (1, 2, len(row), filters)
        for number in range(filters):
            np.testing.assert_array_equal(actual[0, 0, :, number], np.maximum(np.array(row) - 2.5, 0))
        assert not actual[0, 1].any()


@pytest.mark.parametrize("resolution", [9, 18, 28, 32])
def test_dcgan_generators_stay_equal_without_transposed_convolutions(resolution, randomize_weights):
    generator = randomize_weights(dcgan_generator(4, (resolution, resolution, 1), width=4))
    before = np.asarray(generator(LATENTS))
    network, count = rewrite_generator(generator)
    assert before.std() > 0.2
    np.testing.assert_allclose(np.asarray(network(LATENTS)), before, rtol=0, atol=2e-6)
    np.testing.assert_array_equal(np.asarray(generator(LATENTS)), before)
    original, rewritten = layer_types(generator), layer_types(network)
    assert count == original.count("Conv2DTranspose") == rewritten.count("SubpixelConvolution")
    assert "Conv2DTranspose" not in rewritten
    # Those after the dense layer have no convolution that they could be folded into.
    assert (rewritten.count("BatchNormalization"), rewritten.count("ReLU")) == (1, 1)
    assert original.count("BatchNormalization") == count


@pytest.mark.parametrize("normalized", [{}, {"scale": False}, {"center": False}, {"epsilon": 0.1}], ids=str)
@pytest.mark.parametrize("use_bias", [True, False])
def test_a_normalization_and_a_relu_are_folded_into_the_convolution(normalized, use_bias, build):
    generator = build(
        lambda x: layers.Activation("relu")(
            layers.BatchNormalization(**normalized)(
                layers.Dropout(0.3)(layers.Conv2DTranspose(3, 4, 2, "same", use_bias=use_bias)(x))
            )
        )
    )
    network, count = rewrite_generator(generator)
    assert count == 1
    assert max_difference(network, generator) < 2e-6
    assert not {"BatchNormalization", "Activation"} & set(layer_types(network))


def test_nothing_after_a_relu_is_folded(build):
    generator = build(lambda x: layers.BatchNormalization()(layers.Conv2DTranspose(3, 4, 2, activation="relu")(x)))
    network, count = rewrite_generator(generator)
    assert (count, "BatchNormalization" in layer_types(network)) == (1, True)
    assert max_difference(network, generator) < 2e-6


def skip(x):
    x = layers.Conv2DTranspose(3, 4, 2, "same")(x)
    return layers.Add()([layers.BatchNormalization()(x), layers.LeakyReLU()(x), layers.BatchNormalization()(x)])


def two_outputs(x):
    inputs = keras.Input(x.shape[1:])
    raw = layers.Conv2DTranspose(3, 4, 2, "same")(inputs)
    return layers.Add()(keras.Model(inputs, [raw, layers.BatchNormalization()(raw)])(x))


def early_end(x):
    x = layers.Conv2DTranspose(3, 4, 2, "same")(x)
    # Part of a larger network: the output is taken before the normalization.
    layers.BatchNormalization(beta_initializer="ones")(x)
    return x


@pytest.mark.parametrize("function", [skip, two_outputs, early_end])
def test_a_normalization_stays_if_its_input_is_used_elsewhere(function, build):
    generator = build(function)
    network, count = rewrite_generator(generator)
    assert count == 1
    assert max_difference(network, generator) < 2e-6
    assert layer_types(network).count("BatchNormalization") == layer_types(generator).count("BatchNormalization")


@pytest.mark.parametrize(
    "arguments",
    [{"max_value": 0.3}, {"negative_slope": 0.2}, {"threshold": 0.2}],
    ids=lambda arguments: next(iter(arguments)),
)
def test_other_relus_stay(arguments, build):
    generator = build(lambda x: layers.ReLU(**arguments)(layers.Conv2DTranspose(3, 4, 2, "same")(x)))
    network, count = rewrite_generator(generator)
    assert (count, "ReLU" in layer_types(network)) == (1, True)
    assert max_difference(network, generator) < 2e-6


class Halved(layers.Conv2DTranspose):
    def call(self, inputs):
        return super().call(inputs) / 2


class Shifted(layers.BatchNormalization):
    def call(self, inputs, training=None, mask=None):
        return super().call(inputs, training=training, mask=mask) + 1


class Doubled(layers.ReLU):
    def call(self, inputs):
        return 2 * super().call(inputs)


@pytest.mark.parametrize("cls", [Halved, Shifted, Doubled])
def test_subclasses_of_folded_layers_stay(cls, build):
    first = {Halved: lambda: Halved(3, 4, 2)}.get(cls, lambda: layers.Conv2DTranspose(3, 4, 2))
    generator = build(lambda x: first()(x) if cls is Halved else cls()(first()(x)))
    network, _ = rewrite_generator(generator)
    assert max_difference(network, generator) < 2e-6
    assert cls.__name__ in layer_types(network)


@pytest.mark.parametrize(
    "arguments",
    [
        {"strides": 2, "activation": "tanh"},
        {"strides": 2, "output_padding": 1},
        {"strides": (2, 1)},
        {"dilation_rate": 2},
        {"strides": 2, "padding": "same", "data_format": "channels_first"},
    ],
    ids=lambda arguments: list(arguments)[-1],
)
def test_unsupported_transposed_convolutions_stay(arguments, build):
    generator = build(lambda x: layers.Conv2DTranspose(3, 4, **arguments)(x))
    assert rewrite_generator(generator) == (generator, 0)


def test_a_layer_that_is_called_twice_stays(build):
    def function(x):
        shared = layers.Conv2DTranspose(8, 3, 1, "same")
        return layers.Conv2DTranspose(1, 4, 2, "same")(shared(shared(x)))

    generator = build(function)
    network, count = rewrite_generator(generator)
    assert (count, layer_types(network).count("Conv2DTranspose")) == (1, 1)
    assert max_difference(network, generator) < 2e-6


def test_a_nested_network_is_rewritten(build):
    inner = [layers.Conv2DTranspose(8, 3, 1, "same"), layers.BatchNormalization(), layers.ReLU()]

    def function(x):
        block = keras.Sequential([keras.Input((4, 4, 8)), *inner])
        return layers.Conv2DTranspose(1, 4, 2, "same")(block(block(x)))

    generator = build(function)
    network, count = rewrite_generator(generator)
    assert (count, "Conv2DTranspose" in layer_types(network)) == (2, False)
    assert max_difference(network, generator) < 2e-6


def test_sequential_networks_are_rewritten_regardless_of_how_they_were_built(randomize_weights):
    parts = [lambda: layers.Dense(128), lambda: layers.Reshape((4, 4, 8)), lambda: layers.Conv2DTranspose(4, 4, 2)]
    parts += [layers.BatchNormalization, layers.ReLU, lambda: layers.Conv2DTranspose(1, 4, 2)]
    at_once = keras.Sequential([keras.Input((4,)), *(part() for part in parts)])
    late = keras.Sequential([part() for part in parts])
    late(LATENTS)
    grown = keras.Sequential([keras.Input((4,))])
    for part in parts:
        grown.add(part())
    for generator in (at_once, late, grown):
        network, count = rewrite_generator(randomize_weights(generator))
        assert count == 2
        assert max_difference(network, generator) < 2e-6
        assert not {"BatchNormalization", "Conv2DTranspose"} & set(layer_types(network))


def test_operations_between_layers_are_kept(build):
    generator = build(lambda x: keras.ops.tanh(2 * layers.Conv2DTranspose(3, 4, 2)(x) + 1))
    network, count = rewrite_generator(generator)
    assert count == 1
    assert max_difference(network, generator) < 2e-6


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.parts = [layers.Dense(128), layers.Reshape((4, 4, 8)), layers.Conv2DTranspose(1, 4, 2)]

    def call(self, inputs):
        for part in self.parts:
            inputs = part(inputs)
        return inputs


class Unnameable(layers.Layer):
    def __init__(self, amount):
        super().__init__()
        self.amount = amount

    def call(self, inputs):
        return self.amount * inputs


def test_networks_that_cannot_be_cloned_are_returned_unchanged(build):
    inputs = keras.Input((4,))
    subclassed = Subclassed()
    wrapped = keras.Model(inputs, subclassed(inputs))
    odd = build(lambda x: Unnameable(2.0)(layers.Conv2DTranspose(3, 4, 2)(x)))
    for generator in (subclassed, wrapped, odd):
        assert rewrite_generator(generator) == (generator, 0)


def test_a_channel_that_never_varied_stays_finite(build):
    generator = build(lambda x: layers.BatchNormalization(epsilon=1e-5)(layers.Conv2DTranspose(3, 4, 2)(x)))
    variance = next(weight for weight in generator.weights if weight.path.endswith("moving_variance"))
    variance.assign([1.0, 0.0, 1.0])
    network, _ = rewrite_generator(generator)
    expected, actual = np.asarray(generator(LATENTS)), np.asarray(network(LATENTS))
    assert np.isfinite(actual).all()
    # The standard deviation is the square root of epsilon, 316 times smaller than the others'.
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=2e-6 * 316)
