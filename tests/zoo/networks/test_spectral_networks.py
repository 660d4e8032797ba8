"""Discriminators with spectral normalization, and the pooling of the projection discriminator."""

import inspect
import typing

import keras
import numpy as np
import pytest
from ganzoo.zoo import networks
from ganzoo.zoo.layers import SpectralConv2D
from ganzoo.zoo.layers.power_iteration import PowerIteration

SHAPE, CLASSES = (8, 8, 1), 3
LABELS = np.array([0, 2, 1], "int32")


def choices(name):
    """Returns the values of a discriminator's argument `normalization`."""
    parameter = inspect.signature(networks.builder(name, "discriminator")).parameters.get("normalization")
    return () if parameter is None else typing.get_args(parameter.annotation)


def build(name, **arguments):
    shape = (16, 16, 3) if name == "patch" else SHAPE
    derived = {"shape": shape, "num_classes": CLASSES, "text_dim": 5, "seed": 1, "dtype": "float32"}
    return networks.build({"network": name, "width": 4} | arguments, "discriminator", **derived)


def weighted(network):
    return [layer for layer in network.layers if layer.weights]


def inputs_of(network, seed=0):
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=(3, *each.shape[1:])).astype("float32") for each in network.inputs]
    arrays = [LABELS if each.name == "labels" else array for each, array in zip(network.inputs, arrays, strict=True)]
    return arrays if len(arrays) > 1 else arrays[0]


def test_spectral_normalization_is_offered_by_every_discriminator_of_images():
    offered = {name for name in networks.names("discriminator") if "spectral" in choices(name)}
    arguments = {name: networks.arguments(name, "discriminator") for name in networks.names("discriminator")}
    assert offered == {name for name, accepted in arguments.items() if "vocabulary_size" not in accepted}
    assert {"dcgan", "conditional_dcgan", "acgan_dcgan", "projection_dcgan", "text_dcgan", "mlp", "patch"} <= offered


@pytest.mark.parametrize("name", [name for name in networks.names("discriminator") if "spectral" in choices(name)])
def test_every_layer_of_a_spectral_network_is_normalized(name):
    network = build(name, normalization="spectral")
    assert len(weighted(network)) >= 2
    assert all(isinstance(layer, PowerIteration) for layer in weighted(network))
    plain = weighted(build(name, normalization="none"))
    counts = [[weight.shape for weight in layer.trainable_weights] for layer in weighted(network)]
    assert counts == [[weight.shape for weight in layer.trainable_weights] for layer in plain]
    inputs = inputs_of(network)
    before = network(inputs, training=False)
    for _ in range(2):
        network(inputs, training=True)
    after = network(inputs, training=False)
    assert not np.allclose(*(keras.tree.flatten(each)[0] for each in (before, after)), rtol=1e-3, atol=0)
    # The output depends on the directions of the weights only.
    for layer in weighted(network):
        layer.trainable_weights[0].assign(7 * layer.trainable_weights[0])
    for actual, expected in zip(*map(keras.tree.flatten, (network(inputs), after)), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("name", "arguments"), [("conditional_dcgan", {}), ("projection_dcgan", {"pooling": "sum"})])
def test_a_spectral_network_is_saved(name, arguments, tmp_path):
    network = build(name, normalization="spectral", **arguments)
    inputs = inputs_of(network)
    network(inputs, training=True)
    network.save(tmp_path / "network.keras")
    np.testing.assert_array_equal(keras.saving.load_model(tmp_path / "network.keras")(inputs), network(inputs))


def test_spectral_convolutions_are_those_of_the_projection_discriminator_by_default():
    network = build("projection_dcgan")
    kinds = {type(layer) for layer in weighted(network)}
    assert kinds == {SpectralConv2D, keras.layers.Embedding, keras.layers.Dense}


def test_sum_pooling_sums_the_maps_over_the_image_after_a_relu():
    network = build("projection_dcgan", normalization="none", pooling="sum")
    images, labels = inputs_of(network)
    (table,) = [layer for layer in network.layers if isinstance(layer, keras.layers.Embedding)]
    (head,) = [layer for layer in network.layers if isinstance(layer, keras.layers.Dense)]
    convolutions = [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]
    assert table.embeddings.shape == (CLASSES, convolutions[-1].filters)
    for weight in network.weights:
        weight.assign(np.random.default_rng(1).normal(size=weight.shape))
    maps = keras.Model(network.inputs, convolutions[-1].output)([images, labels]).numpy()
    features = np.maximum(maps, 0).sum((1, 2))
    expected = features @ head.kernel.numpy() + head.bias.numpy()
    expected += (features * table.embeddings.numpy()[labels]).sum(1, keepdims=True)
    np.testing.assert_allclose(network([images, labels]), expected, rtol=1e-4)


def test_the_normalized_label_image_is_on_the_scale_of_pixels():
    network = build("conditional_dcgan", normalization="spectral")
    images, labels = inputs_of(network)
    (concatenate,) = [layer for layer in network.layers if isinstance(layer, keras.layers.Concatenate)]
    (table,) = [layer for layer in network.layers if isinstance(layer, keras.layers.Embedding)]
    for _ in range(30):
        table(labels, training=True)
    channel = keras.Model(network.inputs, concatenate.input[1])([images, labels]).numpy()
    rows = table.embeddings.numpy()
    expected = 8 * rows[labels] / np.linalg.svd(rows, compute_uv=False)[0]
    np.testing.assert_allclose(channel.reshape(3, 64), expected, rtol=1e-2, atol=1e-3)
    assert 0.3 < channel.std() <= 1
