"""Recurrent networks of token sequences: an autoregressive generator and a per-token discriminator."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Gt, Lt
from keras import layers

from ..core.validation import PositiveInt, validated
from ..sequences.sequence_generator import SequenceGenerator
from ..sequences.text_discriminator import TextDiscriminator


def recurrent_generator(
    shape: tuple[int],
    vocabulary_size: PositiveInt,
    has_eos: bool = True,
    cell: Literal["lstm", "gru", "none"] = "lstm",
    embedding_dim: PositiveInt = 32,
    units: PositiveInt = 32,
    initializer_stddev: Annotated[float, Gt(0)] | None = None,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a `SequenceGenerator`.

    Args:
        shape: (length,) of a sequence.
        vocabulary_size, has_eos, cell, embedding_dim, units, initializer_stddev, seed, dtype: see `SequenceGenerator`.

    Input shape: (batch, length) int32. Output shape: (batch, length, vocabulary_size) float32 logits.

    Example:

    >>> recurrent_generator((4,), 10, units=8).output_shape
    (None, 4, 10)
    """
    return SequenceGenerator(
        vocabulary_size, shape[0], has_eos=has_eos, cell=cell, embedding_dim=embedding_dim, units=units,
        initializer_stddev=initializer_stddev, seed=seed, dtype=dtype, name="recurrent_generator",
    )  # fmt: skip


@validated
def recurrent_discriminator(
    shape: tuple[int],
    vocabulary_size: PositiveInt,
    embedding_dim: PositiveInt = 32,
    units: PositiveInt = 64,
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.1,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a causal discriminator with one logit per token, computed from the tokens up to it.

    When to use it: for dense rewards, one per token, as in ScratchGAN. The logit of a token does not depend on the
    tokens after it.

    Paper: de Masson d'Autume et al. 2019, "Training language GANs from scratch" (arXiv:1905.09922), section 3.1.

    Args:
        shape: (length,) of a sequence.
        vocabulary_size: int >= 1, number of tokens.
        embedding_dim: int >= 1, dimension of the token embedding. Default 32.
        units: int >= 1, units of the GRU. Default 64.
        dropout: float in [0, 1), dropout rate of the embedded tokens. Default 0.1.
        seed: int, seed of the initializers and of dropout. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, length) int32, or (batch, length, vocabulary_size) distributions. Output shape:
    (batch, length), float32 logits.

    Example:

    >>> recurrent_discriminator((4,), 10, units=8).output_shape
    (None, 4)
    """
    embedded = keras.Input((shape[0], embedding_dim), name="embedded")
    features = layers.Dropout(dropout, seed=seed + 1, dtype=dtype)(embedded) if dropout else embedded
    outputs = layers.GRU(
        units,
        return_sequences=True,
        kernel_initializer=keras.initializers.GlorotUniform(seed + 2),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 3),
        unroll=True,
        dtype=dtype,
    )(features)
    outputs = layers.LayerNormalization(dtype=dtype)(outputs)
    logits = layers.Dense(1, kernel_initializer=keras.initializers.GlorotUniform(seed + 4), dtype=dtype)(outputs)
    logits = layers.Reshape((shape[0],), dtype="float32", name="logits")(logits)
    network = keras.Model(embedded, logits, name="recurrent")
    return TextDiscriminator(network, vocabulary_size, seed=seed, dtype=dtype, name="recurrent_discriminator")
