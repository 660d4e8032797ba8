"""A transposed convolution, and the convolution that stands for it in exported files."""

import keras
import numpy as np
import pytest
from ganzoo.export.rewriting import rewritten
from ganzoo.export.subpixel import SubpixelConvolution
from ganzoo.zoo.networks.dcgan import dcgan_generator
from keras import layers

LATENTS = np.random.default_rng(1).normal(size=(6, 4)).astype("float32")


@pytest.fixture
def build(enliven):
    """Makes a generator of 4 latents: a dense layer, 4x4 maps, and what a function makes of them."""

    def make(function, channels=8):
        inputs = keras.Input((4,))
        maps = layers.Reshape((4, 4, channels))(layers.Dense(16 * channels)(inputs))
        return enliven(keras.Model(inputs, function(maps)))

    return make


def kinds(network):
    return [type(layer).__name__ for layer in network._flatten_layers(include_self=False)]


def apart(network, other):
    return float(abs(np.asarray(network(LATENTS)) - np.asarray(other(LATENTS))).max())


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 7, (3, 4), (5, 2)], ids=str)
def test_equals_keras_transposed_convolution(size, stride, padding):
    numbers = np.random.default_rng(0)
    inputs = numbers.uniform(-1, 1, (2, 5, 3, 3)).astype("float32")
    # Few filters are one convolution, many are one a phase.
    for filters in (2, 9):
        layer = layers.Conv2DTranspose(filters, size, stride, padding)
        layer.build(inputs.shape)
        layer.set_weights([numbers.uniform(-0.2, 0.2, weight.shape) for weight in layer.weights])
        expected = np.asarray(layer(inputs))
        kernel, bias = layer.get_weights()
        subpixel = SubpixelConvolution(kernel, bias, stride, padding)
        found = np.asarray(subpixel(inputs))
        assert found.shape == expected.shape == subpixel.compute_output_shape(inputs.shape)
        np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("filters", [1, 9])
def test_a_row_of_two_pixels_as_reckoned_on_paper(filters):
    # Pixel q is written with the kernel from 2 q on: 1 2 3 4 and, two places further, 10 20 30 40. Both rows of the
    # stride are there; the kernel, one tap high, reaches the first of them only. "same" cuts one column on each side.
    kernel = np.arange(1.0, 5.0, dtype="float32").reshape(1, 4, 1, 1).repeat(filters, axis=2)
    pixels = np.array([1.0, 10.0], "float32").reshape(1, 1, 2, 1)
    bias = np.full(filters, -2.5, "float32")
    full = [1, 2, 3 + 10, 4 + 20, 30, 40]
    for padding, row in (("valid", full), ("same", full[1:5])):
        found = np.asarray(SubpixelConvolution(kernel, bias, 2, padding, relu=True)(pixels))
        assert found.shape == (1, 2, len(row), filters)
        for number in range(filters):
            np.testing.assert_array_equal(found[0, 0, :, number], np.maximum(np.array(row) - 2.5, 0))
        assert not found[0, 1].any()


@pytest.mark.parametrize("resolution", [9, 18, 28, 32])
def test_dcgan_generators_stay_equal_and_lose_their_transposed_convolutions(resolution, enliven):
    generator = enliven(dcgan_generator(4, (resolution, resolution, 1), width=4))
    before = np.asarray(generator(LATENTS))
    network, count = rewritten(generator)
    assert before.std() > 0.2
    np.testing.assert_allclose(np.asarray(network(LATENTS)), before, rtol=0, atol=2e-6)
    np.testing.assert_array_equal(np.asarray(generator(LATENTS)), before)
    had, has = kinds(generator), kinds(network)
    assert count == had.count("Conv2DTranspose") == has.count("SubpixelConvolution")
    assert "Conv2DTranspose" not in has
    # What is left follows the dense layer: no convolution is there to take it over.
    assert (has.count("BatchNormalization"), has.count("ReLU")) == (1, 1)
    assert had.count("BatchNormalization") == count


@pytest.mark.parametrize("normalised", [{}, {"scale": False}, {"center": False}, {"epsilon": 0.1}], ids=str)
@pytest.mark.parametrize("use_bias", [True, False])
def test_a_normalisation_and_a_relu_move_into_the_convolution(normalised, use_bias, build):
    generator = build(
        lambda x: layers.Activation("relu")(
            layers.BatchNormalization(**normalised)(
                layers.Dropout(0.3)(layers.Conv2DTranspose(3, 4, 2, "same", use_bias=use_bias)(x))
            )
        )
    )
    network, count = rewritten(generator)
    assert count == 1
    assert apart(network, generator) < 2e-6
    assert not {"BatchNormalization", "Activation"} & set(kinds(network))


def test_nothing_moves_behind_a_relu(build):
    generator = build(lambda x: layers.BatchNormalization()(layers.Conv2DTranspose(3, 4, 2, activation="relu")(x)))
    network, count = rewritten(generator)
    assert (count, "BatchNormalization" in kinds(network)) == (1, True)
    assert apart(network, generator) < 2e-6


def skip(x):
    x = layers.Conv2DTranspose(3, 4, 2, "same")(x)
    return layers.Add()([layers.BatchNormalization()(x), layers.LeakyReLU()(x), layers.BatchNormalization()(x)])


def two_outputs(x):
    inputs = keras.Input(x.shape[1:])
    raw = layers.Conv2DTranspose(3, 4, 2, "same")(inputs)
    return layers.Add()(keras.Model(inputs, [raw, layers.BatchNormalization()(raw)])(x))


def early_end(x):
    x = layers.Conv2DTranspose(3, 4, 2, "same")(x)
    # Of a larger network, as someone has it who takes the maps from before the normalisation.
    layers.BatchNormalization(beta_initializer="ones")(x)
    return x


@pytest.mark.parametrize("function", [skip, two_outputs, early_end])
def test_a_normalisation_stays_where_others_see_the_maps_before_it(function, build):
    generator = build(function)
    network, count = rewritten(generator)
    assert count == 1
    assert apart(network, generator) < 2e-6
    assert kinds(network).count("BatchNormalization") == kinds(generator).count("BatchNormalization")


@pytest.mark.parametrize(
    "arguments", [{"max_value": 0.3}, {"negative_slope": 0.2}, {"threshold": 0.2}], ids=lambda given: next(iter(given))
)
def test_other_relus_stay(arguments, build):
    generator = build(lambda x: layers.ReLU(**arguments)(layers.Conv2DTranspose(3, 4, 2, "same")(x)))
    network, count = rewritten(generator)
    assert (count, "ReLU" in kinds(network)) == (1, True)
    assert apart(network, generator) < 2e-6


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
def test_layers_that_only_descend_from_known_ones_stay(cls, build):
    first = {Halved: lambda: Halved(3, 4, 2)}.get(cls, lambda: layers.Conv2DTranspose(3, 4, 2))
    generator = build(lambda x: first()(x) if cls is Halved else cls()(first()(x)))
    network, _ = rewritten(generator)
    assert apart(network, generator) < 2e-6
    assert cls.__name__ in kinds(network)


@pytest.mark.parametrize(
    "arguments",
    [
        {"strides": 2, "activation": "tanh"},
        {"strides": 2, "output_padding": 1},
        {"strides": (2, 1)},
        {"dilation_rate": 2},
        {"strides": 2, "padding": "same", "data_format": "channels_first"},
    ],
    ids=lambda given: list(given)[-1],
)
def test_what_no_plain_convolution_can_do_is_left_alone(arguments, build):
    generator = build(lambda x: layers.Conv2DTranspose(3, 4, **arguments)(x))
    assert rewritten(generator) == (generator, 0)


def test_a_layer_called_twice_is_left_alone(build):
    def function(x):
        shared = layers.Conv2DTranspose(8, 3, 1, "same")
        return layers.Conv2DTranspose(1, 4, 2, "same")(shared(shared(x)))

    generator = build(function)
    network, count = rewritten(generator)
    assert (count, kinds(network).count("Conv2DTranspose")) == (1, 1)
    assert apart(network, generator) < 2e-6


def test_a_network_in_a_network_is_rewritten(build):
    inner = [layers.Conv2DTranspose(8, 3, 1, "same"), layers.BatchNormalization(), layers.ReLU()]

    def function(x):
        block = keras.Sequential([keras.Input((4, 4, 8)), *inner])
        return layers.Conv2DTranspose(1, 4, 2, "same")(block(block(x)))

    generator = build(function)
    network, count = rewritten(generator)
    assert (count, "Conv2DTranspose" in kinds(network)) == (2, False)
    assert apart(network, generator) < 2e-6


def test_sequential_networks_are_rewritten_however_they_were_built(enliven):
    parts = [lambda: layers.Dense(128), lambda: layers.Reshape((4, 4, 8)), lambda: layers.Conv2DTranspose(4, 4, 2)]
    parts += [layers.BatchNormalization, layers.ReLU, lambda: layers.Conv2DTranspose(1, 4, 2)]
    at_once = keras.Sequential([keras.Input((4,)), *(part() for part in parts)])
    late = keras.Sequential([part() for part in parts])
    late(LATENTS)
    grown = keras.Sequential([keras.Input((4,))])
    for part in parts:
        grown.add(part())
    for generator in (at_once, late, grown):
        network, count = rewritten(enliven(generator))
        assert count == 2
        assert apart(network, generator) < 2e-6
        assert not {"BatchNormalization", "Conv2DTranspose"} & set(kinds(network))


def test_operations_between_layers_are_kept(build):
    generator = build(lambda x: keras.ops.tanh(2 * layers.Conv2DTranspose(3, 4, 2)(x) + 1))
    network, count = rewritten(generator)
    assert count == 1
    assert apart(network, generator) < 2e-6


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


def test_networks_that_cannot_be_cloned_come_back_as_they_are(build):
    inputs = keras.Input((4,))
    subclassed = Subclassed()
    wrapped = keras.Model(inputs, subclassed(inputs))
    odd = build(lambda x: Unnameable(2.0)(layers.Conv2DTranspose(3, 4, 2)(x)))
    for generator in (subclassed, wrapped, odd):
        assert rewritten(generator) == (generator, 0)


def test_a_channel_that_never_varied_stays_finite(build):
    generator = build(lambda x: layers.BatchNormalization(epsilon=1e-5)(layers.Conv2DTranspose(3, 4, 2)(x)))
    variance = next(weight for weight in generator.weights if weight.path.endswith("moving_variance"))
    variance.assign([1.0, 0.0, 1.0])
    network, _ = rewritten(generator)
    expected, found = np.asarray(generator(LATENTS)), np.asarray(network(LATENTS))
    assert np.isfinite(found).all()
    # The standard deviation is the root of epsilon, 316 times below the others'.
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=2e-6 * 316)
