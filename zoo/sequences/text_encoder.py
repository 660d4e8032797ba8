"""A recurrent text encoder."""

import keras
from keras import layers

from ..core.validation import PositiveInt, validated


@validated
def gru_encoder(
    vocabulary_size: PositiveInt,
    length: PositiveInt,
    embedding_dim: PositiveInt = 64,
    units: PositiveInt = 64,
    seed: int = 0,
    dtype: object = None,
):
    """Builds a text encoder from a token embedding and a bidirectional GRU.

    When to use it: to train a text encoder together with a text-conditional generator.

    Args:
        vocabulary_size: int >= 1, number of tokens, including padding and the unknown token.
        length: int >= 1, tokens per text.
        embedding_dim: int >= 1, dimension of the token embedding. Default 64.
        units: int >= 1, units of the GRU in each direction. Default 64.
        seed: int, seed of the initializers. Default 0.
        dtype: Keras dtype policy or its name. Default: the global policy.

    Input shape: (batch, length) int32. Output shape: (batch, 2 * units), float32.

    Example:

    >>> gru_encoder(100, 12, units=16).output_shape
    (None, 32)
    """
    tokens = keras.Input((length,), dtype="int32", name="tokens")
    embedded = layers.Embedding(
        vocabulary_size, embedding_dim, keras.initializers.RandomUniform(seed=seed), mask_zero=True, dtype=dtype
    )(tokens)
    gru = layers.GRU(
        units,
        kernel_initializer=keras.initializers.GlorotUniform(seed + 1),
        recurrent_initializer=keras.initializers.Orthogonal(seed=seed + 2),
        dtype=dtype,
    )
    encoded = layers.Bidirectional(gru, dtype=dtype)(embedded)
    return keras.Model(tokens, layers.Activation("linear", dtype="float32")(encoded), name="gru_encoder")


def unroll_rnn(encoder):
    """Returns a copy of a text encoder with the same weights and unrolled recurrent layers, for export."""

    def clone_unrolled(layer):
        config = layer.get_config()
        for part in (
            config,
            config.get("layer", {}).get("config", {}),
            config.get("backward_layer", {}).get("config", {}),
        ):
            if "unroll" in part:
                part["unroll"] = True
        return layer.__class__.from_config(config)

    unrolled = keras.models.clone_model(encoder, clone_function=clone_unrolled)
    unrolled.set_weights(encoder.get_weights())
    return unrolled
