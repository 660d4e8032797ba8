"""Conversion of half-precision networks to float32: their weights are float32, and devices lack half-precision ops."""

import keras

from ...zoo.core.keras_internals import layers_of
from ...zoo.errors import ArgumentError

HALF = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")


def to_float32(network):
    """Returns the network, or a float32 copy with the same weights if it computes in half precision.

    Args:
        network: built `keras.Model`.

    Raises:
        ArgumentError: a half-precision network that cannot be cloned.
    """
    if not any(layer.dtype_policy.name in HALF for layer in layers_of(network)):
        return network

    def clone(layer):
        return layer.__class__.from_config(_with_float32(layer.get_config()))

    try:
        copy = keras.models.clone_model(network, clone_function=clone, recursive=True)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ArgumentError(
            f"model: received a generator in half precision that cannot be cloned ({error}), expected one in float32: "
            "build it with dtype='float32' and copy the weights with set_weights"
        ) from None
    copy.set_weights(network.get_weights())
    return copy


def _with_float32(config):
    """Returns a layer's configuration with every half-precision policy replaced by float32."""
    if isinstance(config, dict):
        return {key: _with_float32(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_with_float32(value) for value in config)
    return "float32" if isinstance(config, str) and config in HALF else config
