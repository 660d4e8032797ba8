"""From captions to vectors: a vocabulary, token ids, and a recurrent network over them."""

from collections import Counter
from typing import Annotated

import keras
import numpy as np
from annotated_types import Ge
from keras import layers

from .arguments import validated
from .captions import words
from .errors import ArgumentError

Count = Annotated[int, Ge(1)]
PADDING, UNKNOWN = 0, 1
MOST_WORDS = 10_000


def write_tokens(tokens, vocabulary=None):
    """Writes sequences of tokens, int (num, length), as a list of str; tokens that are no words as numbers.

    >>> write_tokens([[3, 1, 4]])
    ['3 1 4']
    """
    if vocabulary is None:
        return [" ".join(map(str, row)) for row in np.asarray(tokens).tolist()]
    return vocabulary.written(tokens)


class Vocabulary:
    """The words that a model knows, and how it reads a text.

    Token 0 pads, token 1 stands for every unknown word; longer texts are cut.

    Args:
        known: list of str, in the order of their tokens, from 2 on.
        length: int >= 1, tokens of a text.
    """

    def __init__(self, known, length):
        self.known, self.length = list(known), length
        self.reader = layers.TextVectorization(
            standardize=spaced, output_sequence_length=length, vocabulary=self.known, name="reader"
        )

    @classmethod
    def of(cls, texts, most=MOST_WORDS):
        """Collects the vocabulary of texts, frequent words first; as long as the longest of them."""
        read = [words(text) for text in texts]
        counts = Counter(word for text in read for word in text)
        if not counts:
            raise ArgumentError("captions: received no words, expected captions with letters or digits")
        known = sorted(counts, key=lambda word: (-counts[word], word))[:most]
        return cls(known, max(len(text) for text in read))

    def __len__(self):
        return len(self.known) + 2

    def unknown(self, texts):
        """Returns the sorted words of texts that are not in the vocabulary."""
        return sorted({word for text in texts for word in words(text)} - set(self.known))

    def tokens(self, texts):
        """Reads texts in NumPy: int32 array (num, length)."""
        number = {word: index + 2 for index, word in enumerate(self.known)}
        read = np.zeros((len(texts), self.length), np.int32)
        for row, text in enumerate(texts):
            found = [number.get(word, UNKNOWN) for word in words(text)][: self.length]
            read[row, : len(found)] = found
        return read

    def written(self, tokens):
        """Writes sequences of tokens, int (num, length), as texts: list of str, up to the first padding."""
        words = ["", "<unk>", *self.known]
        rows = [row[: row.index(PADDING)] if PADDING in row else row for row in np.asarray(tokens).tolist()]
        return [" ".join(words[token] for token in row) for row in rows]

    def __call__(self, texts):
        """Reads a string tensor (batch,) in the graph: int32 (batch, length)."""
        return keras.ops.cast(self.reader(texts), "int32")


@keras.saving.register_keras_serializable("ganzoo")
def spaced(texts):
    """Standardises a string tensor as `words` does."""
    import tensorflow as tf

    return tf.strings.regex_replace(tf.strings.lower(texts, encoding="utf-8"), r"[^\p{L}\p{N}]+", " ")


@validated
def gru_encoder(
    vocabulary_size: Count, length: Count, embedding_dim: Count = 64, units: Count = 64, seed: int = 0,
    dtype: object = None,
):  # fmt: skip
    """Builds a text encoder: an embedding and a bidirectional GRU.

    Args:
        vocabulary_size: int >= 1, tokens with padding and unknown.
        length: int >= 1, tokens of a text.
        embedding_dim: int >= 1. Default 64.
        units: int >= 1, of the GRU in each direction. Default 64.
        seed: int, of the initialisers. Default 0.
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


def unrolled(encoder):
    """Returns a text encoder with the same weights whose recurrent layers are written out step by step."""

    def cloned(layer):
        config = layer.get_config()
        for part in (
            config,
            config.get("layer", {}).get("config", {}),
            config.get("backward_layer", {}).get("config", {}),
        ):
            if "unroll" in part:
                part["unroll"] = True
        return layer.__class__.from_config(config)

    twin = keras.models.clone_model(encoder, clone_function=cloned)
    twin.set_weights(encoder.get_weights())
    return twin
