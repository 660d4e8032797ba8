"""Rewrites the transposed convolutions and instance normalizations of a generator into forms that suit devices."""

from collections import Counter

import keras
import numpy as np
from keras import layers

from ...zoo.core.keras_internals import calls_of, layers_of
from ...zoo.layers.batch_normalization import BatchNormalization
from .instance_normalization import input_deviations, is_instance_normalization, replacement_for
from .subpixel_convolution import SubpixelConvolution

# Layers between a convolution and its normalization that change no value.
TRANSPARENT = (layers.Cropping2D, layers.Dropout, layers.Identity)
# A subclass may compute something else.
NORMALIZATIONS = (layers.BatchNormalization, BatchNormalization)


def rewrite_generator(generator, examples=()):
    """Returns a network that computes the same samples faster on devices.

    Transposed convolutions, and group normalizations with one group per channel, are replaced.

    Only functional and sequential networks can be rewritten, since only they expose their graph. Other networks, and
    layers that a plain convolution cannot express (dilation, groups, output padding, channels first, unequal strides),
    are returned unchanged.

    Args:
        generator: built `keras.Model` in float32.
        examples: float32 inputs on which instance normalizations are scaled for int8. Default none.

    Returns:
        (network, int): a network for inference, and the number of rewritten transposed convolutions.

    Example:

    >>> from ganzoo.zoo.networks.dcgan import dcgan_generator
    >>> rewrite_generator(dcgan_generator(8, (16, 16, 1), width=4))[1]
    2
    """
    plans = {}
    absorbed = set()
    graph = _Graph(generator)
    for layer in graph.uses:
        if _is_plain(layer) and graph.uses[layer] == 1:
            plans[layer] = _plan(layer, graph)
            absorbed |= plans[layer].absorbed
    if not plans and not any(map(is_instance_normalization, graph.uses)):
        return generator, 0
    deviations = input_deviations(generator, examples) if len(examples) else {}
    pairs = []

    def clone(layer):
        if layer in plans:
            return plans[layer].layer()
        if layer in absorbed:
            return _Absorbed(name=layer.name, dtype="float32")
        if is_instance_normalization(layer):
            return replacement_for(layer, deviations.get(layer))
        copy = layer.__class__.from_config(layer.get_config())
        # A functional network contains plain operations as well.
        if isinstance(layer, layers.Layer):
            pairs.append((layer, copy))
        return copy

    try:
        network = keras.models.clone_model(generator, clone_function=clone, recursive=True)
    except (TypeError, ValueError, NotImplementedError):
        # A subclassed model, or a layer that cannot be created from its configuration.
        return generator, 0
    for layer, copy in pairs:
        copy.set_weights(layer.get_weights())
    return network, len(plans)


class _Graph:
    """The calls of a network and its nested networks, and which operation consumes whose output.

    Layers record calls in every network that they are part of; only those of this network count.

    Attributes:
        uses: Counter of operation -> number of calls.
        outputs: set of operations whose output is an output of a network.
    """

    def __init__(self, generator):
        self.uses, self.outputs, self._consumers = Counter(), set(), {}
        for model in layers_of(generator):
            nodes, outputs = calls_of(model)
            self.uses.update(node.operation for node in nodes)
            for node in nodes:
                for parent in {id(each): each for each in node.parent_nodes}.values():
                    self._consumers.setdefault(parent.operation, []).append(node.operation)
            self.outputs |= outputs

    def consumer(self, layer):
        """Returns the only consumer of a layer's output, or None: a shared output must not change for one of them."""
        consumers = self._consumers.get(layer, [])
        if len(consumers) != 1 or layer in self.outputs or self.uses[consumers[0]] != 1:
            return None
        return consumers[0]


class _Absorbed(layers.Layer):
    """Replaces a layer that has been folded into the preceding convolution."""

    def call(self, inputs, training=None, mask=None):
        return inputs


class _Plan:
    """A transposed convolution and the layers after it that are folded into it."""

    def __init__(self, convolution):
        self.convolution = convolution
        self.kernel = np.asarray(convolution.kernel)
        filters = self.kernel.shape[2]
        self.bias = np.asarray(convolution.bias) if convolution.use_bias else np.zeros(filters, np.float32)
        self.relu = False
        self.absorbed = set()

    def absorb_normalization(self, layer):
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
    layer = graph.consumer(convolution)
    while layer is not None and not plan.relu:
        if type(layer) in NORMALIZATIONS and layer.axis in (-1, 3):
            plan.absorb_normalization(layer)
        elif _is_relu(layer):
            plan.absorb_relu(layer)
        elif type(layer) not in TRANSPARENT:
            break
        layer = graph.consumer(layer)
    return plan


def _is_plain(layer):
    return (
        # A subclass may compute something else.
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
