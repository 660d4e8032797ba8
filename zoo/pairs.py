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


def check_pair(generator, discriminator):
    """Raises ArgumentError unless the generator's samples fit the discriminator, and that ends in logits."""
    for role, network in (("generator", generator), ("discriminator", discriminator)):
        if not hasattr(network, "input_shape") or not hasattr(network, "output_shape"):
            raise ArgumentError(
                f"{role}: received {network!r}, expected a keras.Model that knows its shapes: wrap it as "
                "keras.Model(inputs, network(inputs)) with inputs = keras.Input(...)"
            )
    if generator.output_shape[1:] != discriminator.input_shape[1:]:
        raise ArgumentError(
            f"discriminator: received one for samples of shape {discriminator.input_shape[1:]}, expected "
            f"{generator.output_shape[1:]}, the shape that the generator makes"
        )
    activation = getattr(discriminator.layers[-1], "activation", None)
    if activation in (keras.activations.sigmoid, keras.activations.softmax):
        raise ArgumentError(
            f"discriminator: received one that ends in {activation.__name__}, expected logits: "
            "remove the last activation, the losses apply it themselves"
        )
