"""A convolutional discriminator of token sequences."""

from typing import Annotated

import keras
from annotated_types import Ge, Lt
from keras import layers

from ..arguments import validated
from ..errors import ArgumentError
from ..text_discriminator import TextDiscriminator

Count = Annotated[int, Ge(1)]


@validated
def text_cnn_discriminator(
    shape: tuple[int],
    vocabulary_size: Count,
    embedding_dim: Count = 32,
    widths: tuple[Count, ...] = (2, 3, 4),
    filters: Count = 64,
    hidden: Count = 64,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.25,
    representations: Count = 1,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a discriminator of whole sequences from convolutions of several widths, the largest response of each.

    When to use it: the usual judge of short texts; quick, and its gradients do not vanish over positions. More than one
    representation makes it RelGAN's: the embedding is cut into parts that the same convolutions look at, and each part
    has a logit of its own.

    Paper: Kim 2014 (arXiv:1408.5882); Yu et al. 2017, "SeqGAN" (arXiv:1609.05473), section 4; Nie et al. 2019,
    "RelGAN" (openreview rJedV3R5tm), section 3.3.

    Args:
        shape: (length,) of a sequence.
        vocabulary_size: int >= 1.
        embedding_dim: int >= 1, a multiple of `representations`. Default 32.
        widths: tuple of int >= 1, tokens that a filter sees; none wider than the sequence. Default (2, 3, 4).
        filters: int >= 1, of each width. Default 64.
        hidden: int >= 1, units of the layer before the logits. Default 64.
        dropout: float in [0, 1), of the features. Default 0.25.
        representations: int >= 1, logits of a sequence. Default 1.
        seed: int, of the initialisers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, length) int32, or (batch, length, vocabulary_size) distributions. Output shape:
    (batch, representations), float32 logits.

    Raises:
        ArgumentError: a filter wider than the sequence, or an embedding that cannot be cut into equal parts.

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
    part = embedding_dim // representations

    def initial(offset):
        return keras.initializers.GlorotUniform(seed + offset)

    embedded = keras.Input((length, embedding_dim), name="embedded")
    parts = layers.Reshape((length, representations, part), dtype=dtype)(embedded)
    found = [
        layers.GlobalMaxPooling1D(dtype=dtype)(
            layers.Reshape((length - width + 1, representations * filters), dtype=dtype)(
                layers.Conv2D(filters, (width, 1), activation="relu", kernel_initializer=initial(number), dtype=dtype)(
                    parts
                )
            )
        )
        for number, width in enumerate(widths, 1)
    ]
    # One row of features a representation.
    rows = [layers.Reshape((representations, filters), dtype=dtype)(each) for each in found]
    features = layers.Concatenate(dtype=dtype)(rows) if len(rows) > 1 else rows[0]
    if dropout:
        features = layers.Dropout(dropout, seed=seed + 50, dtype=dtype)(features)
    features = layers.Dense(hidden, "relu", kernel_initializer=initial(60), dtype=dtype)(features)
    logits = layers.Dense(1, kernel_initializer=initial(61), dtype=dtype)(features)
    logits = layers.Reshape((representations,), dtype="float32", name="logits")(logits)
    judge = keras.Model(embedded, logits, name="text_cnn_judge")
    return TextDiscriminator(judge, vocabulary_size, seed=seed, dtype=dtype, name="text_cnn_discriminator")
