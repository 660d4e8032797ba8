"""Rewrites a generator for export: transposed convolutions and instance normalisations, in forms that suit devices."""

from collections import Counter

import keras
import numpy as np
from keras import layers

from .instance import instance_normalisation, is_instance_normalisation, usual_deviations
from .subpixel import SubpixelConvolution

# What lies between a convolution and its normalisation without touching any value.
TRANSPARENT = (layers.Cropping2D, layers.Dropout, layers.Identity)


def rewritten(generator, examples=()):
    """Returns a network with the same samples that devices compute faster.

    Beside transposed convolutions, group normalisations with a group for each channel are written anew.

    Only functional and sequential networks can be rewritten, since only their layers tell what follows what; another
    one, and whatever a plain convolution cannot express (dilation, groups, an output padding, channels first, unequal
    strides), is returned as it is.

    Args:
        generator: built `keras.Model` in float32.
        examples: float32 inputs, by which instance normalisations are made to suit eight bits. Default none.

    Returns:
        (network, int): a network for inference, and how many transposed convolutions were rewritten.

    Example:

    >>> from ganzoo.zoo.networks.dcgan import dcgan_generator
    >>> rewritten(dcgan_generator(8, (16, 16, 1), width=4))[1]
    2
    """
    plans = {}
    absorbed = set()
    graph = _Graph(generator)
    for layer in graph.uses:
        if _is_plain(layer) and graph.uses[layer] == 1:
            plans[layer] = _plan(layer, graph)
            absorbed |= plans[layer].absorbed
    if not plans and not any(map(is_instance_normalisation, graph.uses)):
        return generator, 0
    deviations = usual_deviations(generator, examples) if len(examples) else {}
    pairs = []

    def cloned(layer):
        if layer in plans:
            return plans[layer].layer()
        if layer in absorbed:
            return _Absorbed(name=layer.name, dtype="float32")
        if is_instance_normalisation(layer):
            return instance_normalisation(layer, deviations.get(layer))
        copy = layer.__class__.from_config(layer.get_config())
        # A functional network holds plain operations, too.
        if isinstance(layer, layers.Layer):
            pairs.append((layer, copy))
        return copy

    try:
        network = keras.models.clone_model(generator, clone_function=cloned, recursive=True)
    except (TypeError, ValueError, NotImplementedError):
        # A subclassed model, or a layer that cannot be made from its configuration.
        return generator, 0
    for layer, copy in pairs:
        copy.set_weights(layer.get_weights())
    return network, len(plans)


class _Graph:
    """Who uses whose output in a network and in those that it holds.

    Layers keep traces of every network that they were ever called in; only what belongs to this one counts.

    Attributes:
        uses: Counter of operation -> how often it is called.
        ends: set of operations whose output leaves a network.
    """

    def __init__(self, generator):
        self.uses, self.ends, self._followers = Counter(), set(), {}
        for model in [generator, *generator._flatten_layers(include_self=False)]:
            # A sequential network keeps its graph in a functional one.
            function = getattr(model, "_functional", None) or model
            nodes = [node for level in getattr(function, "_nodes_by_depth", {}).values() for node in level]
            self.uses.update(node.operation for node in nodes)
            for node in nodes:
                for parent in {id(each): each for each in node.parent_nodes}.values():
                    self._followers.setdefault(parent.operation, []).append(node.operation)
            if nodes:
                self.ends |= {tensor._keras_history.operation for tensor in keras.tree.flatten(function.outputs)}

    def follower(self, layer):
        """The one layer that uses a layer's output, or None: what others see may not be changed for one of them."""
        followers = self._followers.get(layer, [])
        if len(followers) != 1 or layer in self.ends or self.uses[followers[0]] != 1:
            return None
        return followers[0]


class _Absorbed(layers.Layer):
    """Stands where a layer was whose work a convolution has taken over."""

    def call(self, inputs, training=None, mask=None):
        return inputs


class _Plan:
    """A transposed convolution with what it takes over from the layers behind it."""

    def __init__(self, convolution):
        self.convolution = convolution
        self.kernel = np.asarray(convolution.kernel)
        filters = self.kernel.shape[2]
        self.bias = np.asarray(convolution.bias) if convolution.use_bias else np.zeros(filters, np.float32)
        self.relu = False
        self.absorbed = set()

    def absorb_normalisation(self, layer):
        scale = 1 / np.sqrt(np.asarray(layer.moving_variance) + layer.epsilon)
        scale = scale * np.asarray(layer.gamma) if layer.scale else scale
        self.kernel = self.kernel * scale[:, np.newaxis]
        self.bias = (self.bias - np.asarray(layer.moving_mean)) * scale
        self.bias = self.bias + np.asarray(layer.beta) if layer.center else self.bias
        self.absorbed.add(layer)

    def absorb_relu(self, layer):
        self.relu = True
        self.absorbed.add(layer)

    def layer(self):
        convolution = self.convolution
        return SubpixelConvolution(
            self.kernel,
            self.bias,
            convolution.strides[0],
            convolution.padding,
            self.relu,
            name=convolution.name,
            dtype="float32",
        )


def _plan(convolution, graph):
    plan = _Plan(convolution)
    if convolution.activation is keras.activations.relu:
        plan.relu = True
    layer = graph.follower(convolution)
    while layer is not None and not plan.relu:
        if type(layer) is layers.BatchNormalization and layer.axis in (-1, 3):
            plan.absorb_normalisation(layer)
        elif _is_relu(layer):
            plan.absorb_relu(layer)
        elif type(layer) not in TRANSPARENT:
            break
        layer = graph.follower(layer)
    return plan


def _is_plain(layer):
    return (
        # Of a class that descends from it nobody knows what it does.
        type(layer) is layers.Conv2DTranspose
        and layer.data_format == "channels_last"
        and layer.strides[0] == layer.strides[1]
        and tuple(layer.dilation_rate) == (1, 1)
        and layer.output_padding is None
        and layer.activation in (keras.activations.linear, keras.activations.relu)
        and (layer.padding == "same" or None not in layer.input.shape[1:3])
    )


def _is_relu(layer):
    if type(layer) is layers.ReLU:
        return layer.max_value is None and not layer.negative_slope and not layer.threshold
    return type(layer) is layers.Activation and layer.activation is keras.activations.relu
