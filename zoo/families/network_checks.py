"""Checks that a generator and a discriminator fit each other, made before training starts."""

import keras

from ..core.keras_configs import describe_network_failure
from ..errors import ArgumentError


def frozen_copy(network):
    """Returns a copy of a network with the same weights, none of them trainable.

    Raises:
        ArgumentError: a network that Keras cannot copy, such as one with a lambda; it could not be saved either.
    """
    try:
        # Cloning layer by layer works for custom layers that are not registered.
        copy = keras.models.clone_model(network)
        if not copy.built:
            copy.build(network.input_shape)
        copy.set_weights(network.get_weights())
    except Exception as error:  # noqa: BLE001  A user's layer may raise anything.
        raise ArgumentError(describe_network_failure(network, error)) from error
    copy.trainable = False
    return copy


def inputs_of(network):
    """Returns a network's inputs as a list of symbolic tensors, whether it has one or several."""
    return network.inputs if isinstance(network.inputs, (list, tuple)) else [network.inputs]


def check_pair(generator, discriminator, conditions=()):
    """Raises ArgumentError unless the generator's samples fit the discriminator and the latter returns logits.

    Args:
        generator, discriminator: expected to be `keras.Model`s.
        conditions: names of the generator's inputs next to latents.
    """
    for role, network in (("generator", generator), ("discriminator", discriminator)):
        if not hasattr(network, "input_shape") or not hasattr(network, "output_shape"):
            raise ArgumentError(
                f"{role}: received {network!r}, expected a keras.Model with known shapes: wrap it as "
                "keras.Model(inputs, network(inputs)) with inputs = keras.Input(...)"
            )
    num_inputs = len(inputs_of(generator))
    if num_inputs - 1 != len(conditions):
        expected = ", ".join(("latents", *conditions))
        raise ArgumentError(f"generator: received one with {num_inputs} inputs, expected {expected}, in this order")
    input_shape = tuple(inputs_of(discriminator)[0].shape[1:])
    if generator.output_shape[1:] != input_shape:
        raise ArgumentError(
            f"discriminator: received one for samples of shape {input_shape}, expected "
            f"{generator.output_shape[1:]}, the shape that the generator produces"
        )
    activation = getattr(discriminator.layers[-1], "activation", None)
    if activation in (keras.activations.sigmoid, keras.activations.softmax):
        raise ArgumentError(
            f"discriminator: received one that ends in {activation.__name__}, expected logits: "
            "remove the last activation, the losses apply it"
        )
