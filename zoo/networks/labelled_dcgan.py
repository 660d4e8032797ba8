"""The DCGAN pair with the label joined to both inputs (Mirza and Osindero 2014)."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge
from keras import layers

from ..arguments import validated
from .dcgan import check_shape, grow, last_logits, normaliser, shrink

Count = Annotated[int, Ge(1)]
Classes = Annotated[int, Ge(2)]


@validated
def labelled_dcgan_generator(
    latent_dim: Count,
    shape: tuple[Count, ...],
    num_classes: Classes,
    width: Count = 64,
    label_dim: Count = 32,
    normalization: Literal["batch", "none"] = "batch",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN generator whose latents are followed by an embedding of the label.

    Paper: Mirza and Osindero 2014 (arXiv:1411.1784), section 3.2, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        latent_dim: int >= 1.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as of `dcgan_generator`. Default 64.
        label_dim: int >= 1, of the embedding. Default 32.
        normalization: "batch" or "none". Default "batch".
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, latent_dim) and (batch,) int32 labels. Output shape: (batch, height, width, channels), float32
    in [-1, 1].

    Example:

    >>> labelled_dcgan_generator(64, (28, 28, 1), num_classes=10, width=16).output_shape
    (None, 28, 28, 1)
    """
    check_shape("labelled_dcgan_generator", shape)
    inputs = label_inputs(keras.Input((latent_dim,), name="latents"))
    joined = join_label(*inputs, num_classes, label_dim, seed + 100, dtype)
    images = grow(joined, shape, width, seed, dtype, normaliser(normalization, dtype))
    return keras.Model(inputs, images, name="labelled_dcgan_generator")


@validated
def labelled_dcgan_discriminator(
    shape: tuple[Count, ...],
    num_classes: Classes,
    width: Count = 64,
    normalization: Literal["batch", "layer", "none"] = "batch",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator that sees an embedding of the label as one more channel of the image.

    Paper: Mirza and Osindero 2014 (arXiv:1411.1784), section 3.2, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as of `dcgan_discriminator`. Default 64.
        normalization: "batch", "layer" or "none". Default "batch".
        seed: int, of the initialisers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, height, width, channels) in [-1, 1], and (batch,) int32 labels. Output shape: (batch, 1),
    float32 logits.

    Example:

    >>> labelled_dcgan_discriminator((28, 28, 1), num_classes=10, width=16).output_shape
    (None, 1)
    """
    check_shape("labelled_dcgan_discriminator", shape)
    images, labels = label_inputs(keras.Input(shape, name="images"))
    table = layers.Embedding(num_classes, shape[0] * shape[1], _uniform(seed + 100), dtype=dtype)
    channel = layers.Reshape((*shape[:2], 1), dtype=dtype)(table(labels))
    joined = layers.Concatenate(dtype=dtype)([images, channel])
    features = shrink(joined, width, seed, dtype, normaliser(normalization, dtype))
    return keras.Model([images, labels], last_logits(features, seed + 50), name="labelled_dcgan_discriminator")


def label_inputs(first):
    """Returns a network's inputs: the first one, and int32 labels (batch,)."""
    return [first, keras.Input((), dtype="int32", name="labels")]


def join_label(vector, labels, num_classes, label_dim, seed, dtype):
    """Returns the vector followed by an embedding of the label."""
    # Weak at first: as strong as the latents, it would be all that tells one sample from another, and every class
    # would have one picture.
    small = keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)
    embedding = layers.Embedding(num_classes, label_dim, small, dtype=dtype)(labels)
    return layers.Concatenate(dtype=dtype)([vector, embedding])


def _uniform(seed):
    # Of the order of a pixel, so that the label is heard from the first step on.
    return keras.initializers.RandomUniform(-1.0, 1.0, seed=seed)
