"""A discriminator of texts that accepts token ids and distributions over tokens."""

import keras
import tensorflow as tf
from keras import layers


@keras.saving.register_keras_serializable("ganzoo")
class TextDiscriminator(keras.Model):
    """A token embedding followed by a network of embedded sequences.

    When to use it: as the return value of a text discriminator's builder. Token ids are looked up in the embedding
    table. Distributions over the vocabulary (one-hot vectors, or differentiable samples of a generator) are multiplied
    by the same table, so a sequence gets the same logits in both representations.

    Args:
        network: functional `keras.Model`, (batch, length, embedding_dim) -> logits.
        vocabulary_size: int >= 1, number of tokens.
        seed: int, seed of the embedding's initializer. Default 0.

    Input shape: (batch, length) int32, or (batch, length, vocabulary_size) float. Output shape: that of `network`,
    float32 logits.

    Example:

    >>> embedded = keras.Input((4, 8))
    >>> network = keras.Model(embedded, layers.Dense(1)(layers.Flatten()(embedded)))
    >>> TextDiscriminator(network, vocabulary_size=10)(tf.zeros((2, 4), tf.int32)).shape
    TensorShape([2, 1])
    """

    def __init__(self, network, vocabulary_size, seed=0, dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.network, self.vocabulary_size, self.seed = network, vocabulary_size, seed
        self.embedding = layers.Embedding(
            vocabulary_size, network.input_shape[-1], keras.initializers.RandomNormal(0, 0.3, seed), dtype=dtype,
            name="embedding",
        )  # fmt: skip
        self.embedding.build((None,))
        self.built = True

    @property
    def input_shape(self):
        """(None, length)."""
        return tuple(self.network.input_shape[:2])

    @property
    def output_shape(self):
        """The output shape of `network`."""
        return self.network.output_shape

    def call(self, tokens, training=False):
        """Returns float32 logits."""
        if len(tokens.shape) == 2:
            embedded = self.embedding(tokens)
        else:
            table = keras.ops.cast(self.embedding.embeddings, self.compute_dtype)
            embedded = tf.matmul(keras.ops.cast(tokens, self.compute_dtype), table)
        return keras.ops.cast(self.network(embedded, training=training), "float32")

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "network": keras.saving.serialize_keras_object(self.network),
            "vocabulary_size": self.vocabulary_size,
            "seed": self.seed,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds a discriminator from the result of `get_config`, with newly initialized weights."""
        network = keras.saving.deserialize_keras_object(config["network"], custom_objects=custom_objects)
        return cls(**(config | {"network": network}))
