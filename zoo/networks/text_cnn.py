"""A convolutional discriminator of token sequences."""

from typing import Annotated

import keras
from annotated_types import Ge, Lt
from keras import layers

from ..core.validation import PositiveInt, validated
from ..errors import ArgumentError
from ..sequences.text_discriminator import TextDiscriminator


@validated
def text_cnn_discriminator(
    shape: tuple[int],
    vocabulary_size: PositiveInt,
    embedding_dim: PositiveInt = 32,
    widths: tuple[PositiveInt, ...] = (2, 3, 4),
    filters: PositiveInt = 64,
    hidden: PositiveInt = 64,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.25,
    representations: PositiveInt = 1,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a discriminator of complete sequences from convolutions of several widths with max-pooling over time.

    When to use it: as the standard discriminator of short texts; it is fast, and its gradients do not vanish over
    positions. With more than one representation it is the discriminator of RelGAN: the embedding is split into parts,
    the same convolutions process each part, and each part has its own logit.

    Paper: Kim 2014 (arXiv:1408.5882); Yu et al. 2017, "SeqGAN" (arXiv:1609.05473), section 4; Nie et al. 2019,
    "RelGAN" (openreview rJedV3R5tm), section 3.3.

    Args:
        shape: (length,) of a sequence.
        vocabulary_size: int >= 1, number of tokens.
        embedding_dim: int >= 1, dimension of the token embedding, a multiple of `representations`. Default 32.
        widths: tuple of int >= 1, filter widths in tokens, none wider than the sequence. Default (2, 3, 4).
        filters: int >= 1, filters per width. Default 64.
        hidden: int >= 1, units of the dense layer before the logits. Default 64.
        dropout: float in [0, 1), dropout rate of the features. Default 0.25.
        representations: int >= 1, parts of the embedding and logits per sequence. Default 1.
        seed: int, seed of the initializers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, length) int32, or (batch, length, vocabulary_size) distributions. Output shape:
    (batch, representations), float32 logits.

    Raises:
        ArgumentError: a filter wider than the sequence, or an embedding dimension that is not a multiple of
            `representations`.

    Example:

    >>> text_cnn_discriminator((8,), 10, filters=4).output_shape
    (None, 1)
    """
    (length,) = shape
    if max(widths) > length:
        raise ArgumentError(
            f"model.discriminator.widths: received {widths} for sequences of {length}, expected none wider"
        )
    if embedding_dim % representations:
        raise ArgumentError(
            f"model.discriminator.embedding_dim: received {embedding_dim} for {representations} representations, "
            "expected a multiple"
        )
    part_dim = embedding_dim // representations

    def initializer(offset):
        return keras.initializers.GlorotUniform(seed + offset)

    embedded = keras.Input((length, embedding_dim), name="embedded")
    parts = layers.Reshape((length, representations, part_dim), dtype=dtype)(embedded)
    pooled = []
    for number, width in enumerate(widths, 1):
        convolution = layers.Conv2D(
            filters, (width, 1), activation="relu", kernel_initializer=initializer(number), dtype=dtype
        )
        x = layers.Reshape((length - width + 1, representations * filters), dtype=dtype)(convolution(parts))
        pooled.append(layers.GlobalMaxPooling1D(dtype=dtype)(x))
    # The representations become an axis of their own: (batch, representations, filters).
    pooled = [layers.Reshape((representations, filters), dtype=dtype)(x) for x in pooled]
    features = layers.Concatenate(dtype=dtype)(pooled) if len(pooled) > 1 else pooled[0]
    if dropout:
        features = layers.Dropout(dropout, seed=seed + 50, dtype=dtype)(features)
    features = layers.Dense(hidden, "relu", kernel_initializer=initializer(60), dtype=dtype)(features)
    logits = layers.Dense(1, kernel_initializer=initializer(61), dtype=dtype)(features)
    logits = layers.Reshape((representations,), dtype="float32", name="logits")(logits)
    network = keras.Model(embedded, logits, name="text_cnn")
    return TextDiscriminator(network, vocabulary_size, seed=seed, dtype=dtype, name="text_cnn_discriminator")
