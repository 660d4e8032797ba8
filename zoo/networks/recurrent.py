"""Recurrent networks over token sequences: one that continues them, and one that judges every token."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Gt, Lt
from keras import layers

from ..arguments import validated
from ..sequence_generator import SequenceGenerator
from ..text_discriminator import TextDiscriminator

Count = Annotated[int, Ge(1)]


def recurrent_generator(
    shape: tuple[int],
    vocabulary_size: Count,
    ends: bool = True,
    cell: Literal["lstm", "gru", "none"] = "lstm",
    embedding_dim: Count = 32,
    units: Count = 32,
    scale: Annotated[float, Gt(0)] | None = None,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a `SequenceGenerator`, which explains the arguments.

    Args:
        shape: (length,) of a sequence.
        vocabulary_size, ends, cell, embedding_dim, units, scale, seed, dtype: of `SequenceGenerator`.

    Input shape: (batch, length) int32. Output shape: (batch, length, vocabulary_size) float32 logits.

    Example:

    >>> recurrent_generator((4,), 10, units=8).output_shape
    (None, 4, 10)
    """
    return SequenceGenerator(
        vocabulary_size, shape[0], ends=ends, cell=cell, embedding_dim=embedding_dim, units=units, scale=scale,
        seed=seed, dtype=dtype, name="recurrent_generator",
    )  # fmt: skip


@validated
def recurrent_discriminator(
    shape: tuple[int],
    vocabulary_size: Count,
    embedding_dim: Count = 32,
    units: Count = 64,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a discriminator that says of every token whether it is a real one, having read those up to it.

    When to use it: for dense rewards, one a token, as ScratchGAN's. It cannot look ahead: what it says of a token
    remains true however the sequence goes on.

    Paper: de Masson d'Autume et al. 2019, "Training language GANs from scratch" (arXiv:1905.09922), section 3.1.

    Args:
        shape: (length,) of a sequence.
        vocabulary_size: int >= 1.
        embedding_dim: int >= 1. Default 32.
        units: int >= 1, of the GRU. Default 64.
        dropout: float in [0, 1), of the embedded tokens. Default 0.1.
        seed: int, of the initialisers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, length) int32, or (batch, length, vocabulary_size) distributions. Output shape:
    (batch, length), float32 logits.

    Example:

    >>> recurrent_discriminator((4,), 10, units=8).output_shape
    (None, 4)
    """
    embedded = keras.Input((shape[0], embedding_dim), name="embedded")
    features = layers.Dropout(dropout, seed=seed + 1, dtype=dtype)(embedded) if dropout else embedded
    read = layers.GRU(
        units,
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed + 2),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 3),
        unroll=True,
        dtype=dtype,
    )(features)
    read = layers.LayerNormalization(dtype=dtype)(read)
    logits = layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed + 4), dtype=dtype)(read)
    logits = layers.Reshape((shape[0],), dtype="float32", name="logits")(logits)
    judge = keras.Model(embedded, logits, name="recurrent_judge")
    return TextDiscriminator(judge, vocabulary_size, seed=seed, dtype=dtype, name="recurrent_discriminator")
