"""Networks trained in half precision leave in float32: their weights are, and no device has all half-precision ops."""

import keras

from ..zoo.errors import ArgumentError

HALF = ("mixed_bfloat16", "mixed_float16", "bfloat16", "float16")


def in_float32(network):
    """Returns the network, or where it computes in half precision a twin that has its weights and computes in float32.

    Args:
        network: built `keras.Model`.

    Raises:
        ArgumentError: a network in half precision that cannot be cloned.
    """
    if not any(layer.dtype_policy.name in HALF for layer in network._flatten_layers()):
        return network

    def cloned(layer):
        return layer.__class__.from_config(_with_float32(layer.get_config()))

    try:
        twin = keras.models.clone_model(network, clone_function=cloned, recursive=True)
    except (TypeError, ValueError, NotImplementedError) as error:
        raise ArgumentError(
            f"model: received a generator in half precision that cannot be cloned ({error}), expected one in float32: "
            "build it with dtype='float32' and give it the weights by set_weights"
        ) from None
    twin.set_weights(network.get_weights())
    return twin


def _with_float32(config):
    """A layer's configuration with every half-precision policy in it made float32."""
    if isinstance(config, dict):
        return {key: _with_float32(value) for key, value in config.items()}
    if isinstance(config, (list, tuple)):
        return type(config)(_with_float32(value) for value in config)
    return "float32" if isinstance(config, str) and config in HALF else config
