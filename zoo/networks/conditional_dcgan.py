"""The DCGAN pair with the label concatenated to the inputs (Mirza and Osindero 2014)."""

import math
from typing import Literal

import keras
from keras import layers

from ..core.validation import NumClasses, PositiveInt, validated
from .dcgan import check_shape, flat_features, logits_head, make_normalization, upsampling_stack
from .weight_layers import weight_layers_of


@validated
def conditional_dcgan_generator(
    latent_dim: PositiveInt,
    shape: tuple[PositiveInt, ...],
    num_classes: NumClasses,
    width: PositiveInt = 64,
    label_dim: PositiveInt = 32,
    normalization: Literal["batch", "none"] = "batch",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN generator whose input is the latents concatenated with a label embedding.

    Paper: Mirza and Osindero 2014 (arXiv:1411.1784), section 3.2, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        latent_dim: int >= 1.
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as in `dcgan_generator`. Default 64.
        label_dim: int >= 1, dimension of the label embedding. Default 32.
        normalization: "batch" or "none". Default "batch".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, latent_dim) and (batch,) int32 labels. Output shape: (batch, height, width, channels), float32
    in [-1, 1].

    Example:

    >>> conditional_dcgan_generator(64, (28, 28, 1), num_classes=10, width=16).output_shape
    (None, 28, 28, 1)
    """
    check_shape("conditional_dcgan_generator", shape)
    inputs = label_inputs(keras.Input((latent_dim,), name="latents"))
    inputs_with_label = concatenate_label(*inputs, num_classes, label_dim, seed + 100, dtype)
    images = upsampling_stack(inputs_with_label, shape, width, seed, dtype, make_normalization(normalization, dtype))
    return keras.Model(inputs, images, name="conditional_dcgan_generator")


@validated
def conditional_dcgan_discriminator(
    shape: tuple[PositiveInt, ...],
    num_classes: NumClasses,
    width: PositiveInt = 64,
    normalization: Literal["batch", "layer", "spectral", "none"] = "batch",
    seed: int = 0,
    dtype: object = None,
):
    """Builds a DCGAN discriminator that receives a label embedding as an additional image channel.

    Paper: Mirza and Osindero 2014 (arXiv:1411.1784), section 3.2, on the networks of DCGAN (arXiv:1511.06434).

    Args:
        shape: (height, width, channels) of an image, square, 8 to 128 pixels.
        num_classes: int >= 2.
        width: int >= 1, as in `dcgan_discriminator`. Default 64.
        normalization: as in `dcgan_discriminator`; "spectral" includes the label embedding, whose normalized rows are
            multiplied by the square root of the number of pixels, so that they are on the scale of pixel values.
            Default "batch".
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shapes: (batch, height, width, channels) in [-1, 1], and (batch,) int32 labels. Output shape: (batch, 1),
    float32 logits.

    Example:

    >>> conditional_dcgan_discriminator((28, 28, 1), num_classes=10, width=16).output_shape
    (None, 1)
    """
    check_shape("conditional_dcgan_discriminator", shape)
    images, labels = label_inputs(keras.Input(shape, name="images"))
    kinds, pixels = weight_layers_of(normalization), shape[0] * shape[1]
    table = kinds.embedding(num_classes, pixels, embeddings_initializer=_uniform(seed + 100), dtype=dtype)
    channel = layers.Reshape((*shape[:2], 1), dtype=dtype)(table(labels))
    if normalization == "spectral":
        channel = layers.Rescaling(math.sqrt(pixels), dtype=dtype)(channel)
    images_with_label = layers.Concatenate(dtype=dtype)([images, channel])
    features = flat_features(images_with_label, width, seed, dtype, make_normalization(normalization, dtype), kinds)
    logits = logits_head(features, seed + 50, kinds=kinds)
    return keras.Model([images, labels], logits, name="conditional_dcgan_discriminator")


def label_inputs(samples):
    """Returns the inputs of a class-conditional network: a Keras input, and int32 labels (batch,)."""
    return [samples, keras.Input((), dtype="int32", name="labels")]


def concatenate_label(vector, labels, num_classes, label_dim, seed, dtype):
    """Returns a vector concatenated with a label embedding: (batch, units + label_dim)."""
    # Small initial values: an embedding at the scale of the latents would dominate them, and the generator would
    # collapse to one image per class.
    initializer = keras.initializers.RandomUniform(-0.05, 0.05, seed=seed)
    embedding = layers.Embedding(num_classes, label_dim, initializer, dtype=dtype)(labels)
    return layers.Concatenate(dtype=dtype)([vector, embedding])


def _uniform(seed):
    # The scale of pixel values, so that the label is effective from the first step.
    return keras.initializers.RandomUniform(-1.0, 1.0, seed=seed)
