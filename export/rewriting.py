"""Rewrites a generator for export: its transposed convolutions become `SubpixelConvolution`s."""

import keras
import numpy as np
from keras import layers

from .subpixel import SubpixelConvolution

# What lies between a convolution and its normalisation without touching any value.
TRANSPARENT = (layers.Cropping2D, layers.Dropout, layers.Identity)


def rewritten(generator):
    """Returns a network with the same samples that devices compute faster.

    Only functional and sequential networks can be rewritten, since only their layers tell what follows what; another
    one, and whatever a plain convolution cannot express (dilation, groups, an output padding, channels first, unequal
    strides), is returned as it is.

    Args:
        generator: built `keras.Model` in float32.

    Returns:
        (network, int): a network for inference, and how many transposed convolutions were rewritten.

    Example:

    >>> from ganzoo.zoo.networks.dcgan import dcgan_generator
    >>> rewritten(dcgan_generator(8, (16, 16, 1), width=4))[1]
    2
    """
    plans = {}
    absorbed = set()
    for layer in generator._flatten_layers(include_self=False):
        if _is_plain(layer):
            plans[layer] = _plan(layer)
            absorbed |= plans[layer].absorbed
    if not plans:
        return generator, 0
    pairs = []

    def cloned(layer):
        if layer in plans:
            return plans[layer].layer()
        if layer in absorbed:
            return _Absorbed(name=layer.name)
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
            self.kernel, self.bias, convolution.strides[0], convolution.padding, self.relu, name=convolution.name
        )


def _plan(convolution):
    plan = _Plan(convolution)
    if convolution.activation is keras.activations.relu:
        plan.relu = True
    layer = _follower(convolution)
    while layer is not None and not plan.relu:
        if isinstance(layer, layers.BatchNormalization) and layer.axis in (-1, 3):
            plan.absorb_normalisation(layer)
        elif _is_relu(layer):
            plan.absorb_relu(layer)
        elif not isinstance(layer, TRANSPARENT):
            break
        layer = _follower(layer)
    return plan


def _is_plain(layer):
    return (
        isinstance(layer, layers.Conv2DTranspose)
        and layer.data_format == "channels_last"
        and layer.strides[0] == layer.strides[1]
        and tuple(layer.dilation_rate) == (1, 1)
        and layer.output_padding is None
        and layer.activation in (keras.activations.linear, keras.activations.relu)
        and len(layer._inbound_nodes) == 1
        and (layer.padding == "same" or None not in layer.input.shape[1:3])
    )


def _is_relu(layer):
    if isinstance(layer, layers.ReLU):
        return layer.max_value is None and not layer.negative_slope and not layer.threshold
    return isinstance(layer, layers.Activation) and layer.activation is keras.activations.relu


def _follower(layer):
    """The one layer that uses a layer's output, or None: what two layers see may not be changed for one of them."""
    nodes = layer._outbound_nodes
    if len(nodes) != 1 or len(layer._inbound_nodes) != 1:
        return None
    follower = nodes[0].operation
    return follower if len(follower._inbound_nodes) == 1 else None
