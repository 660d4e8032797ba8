"""What a generator and a discriminator must hold before they can play against each other."""

import keras

from .errors import ArgumentError


def frozen_copy(generator):
    """Returns a network of its own with the same weights, none of them trainable."""
    # Clones layer by layer: a layer of the user's own need not be registered for that.
    copy = keras.models.clone_model(generator)
    if not copy.built:
        copy.build(generator.input_shape)
    copy.set_weights(generator.get_weights())
    copy.trainable = False
    return copy


def inputs_of(network):
    """Returns a network's inputs as a list of tensors that know their shapes, one or many."""
    return network.inputs if isinstance(network.inputs, (list, tuple)) else [network.inputs]


def check_pair(generator, discriminator, conditions=()):
    """Raises ArgumentError unless the generator's samples fit the discriminator, and that ends in logits.

    Args:
        generator, discriminator: what ought to be `keras.Model`s.
        conditions: names of the generator's inputs beside latents.
    """
    for role, network in (("generator", generator), ("discriminator", discriminator)):
        if not hasattr(network, "input_shape") or not hasattr(network, "output_shape"):
            raise ArgumentError(
                f"{role}: received {network!r}, expected a keras.Model that knows its shapes: wrap it as "
                "keras.Model(inputs, network(inputs)) with inputs = keras.Input(...)"
            )
    given = len(inputs_of(generator)) - 1
    if given != len(conditions):
        expected = ", ".join(("latents", *conditions))
        raise ArgumentError(f"generator: received one with {given + 1} inputs, expected {expected}, in this order")
    looked_at = tuple(inputs_of(discriminator)[0].shape[1:])
    if generator.output_shape[1:] != looked_at:
        raise ArgumentError(
            f"discriminator: received one for samples of shape {looked_at}, expected "
            f"{generator.output_shape[1:]}, the shape that the generator makes"
        )
    activation = getattr(discriminator.layers[-1], "activation", None)
    if activation in (keras.activations.sigmoid, keras.activations.softmax):
        raise ArgumentError(
            f"discriminator: received one that ends in {activation.__name__}, expected logits: "
            "remove the last activation, the losses apply it themselves"
        )
