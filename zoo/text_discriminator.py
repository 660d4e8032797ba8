"""A discriminator of texts: token ids and distributions over them go in alike."""

import keras
import tensorflow as tf
from keras import layers


@keras.saving.register_keras_serializable("ganzoo")
class TextDiscriminator(keras.Model):
    """An embedding and a judge of embedded sequences.

    When to use it: builders return it. A sequence of token ids is looked up; one of distributions over the vocabulary
    (one-hot vectors, or what a generator gives that a gradient flows through) is multiplied by the same table, so both
    mean the same.

    Args:
        judge: functional `keras.Model`, (batch, length, embedding_dim) -> logits.
        vocabulary_size: int >= 1.
        seed: int, of the table's initialiser. Default 0.

    Input shape: (batch, length) int32, or (batch, length, vocabulary_size) float. Output shape: the judge's.
    """

    def __init__(self, judge, vocabulary_size, seed=0, dtype=None, **kwargs):
        super().__init__(dtype=dtype, **kwargs)
        self.judge, self.vocabulary_size, self.seed = judge, vocabulary_size, seed
        self.embedding = layers.Embedding(
            vocabulary_size, judge.input_shape[-1], keras.initializers.RandomNormal(0, 0.3, seed), dtype=dtype,
            name="embedding",
        )  # fmt: skip
        self.embedding.build((None,))
        self.built = True

    @property
    def input_shape(self):
        """(None, length)."""
        return tuple(self.judge.input_shape[:2])

    @property
    def output_shape(self):
        """The judge's."""
        return self.judge.output_shape

    def call(self, tokens, training=False):
        """Returns float32 logits."""
        if len(tokens.shape) == 2:
            embedded = self.embedding(tokens)
        else:
            table = keras.ops.cast(self.embedding.embeddings, self.compute_dtype)
            embedded = tf.matmul(keras.ops.cast(tokens, self.compute_dtype), table)
        return keras.ops.cast(self.judge(embedded, training=training), "float32")

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "judge": keras.saving.serialize_keras_object(self.judge),
            "vocabulary_size": self.vocabulary_size,
            "seed": self.seed,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the discriminator that `get_config` described, with fresh weights."""
        judge = keras.saving.deserialize_keras_object(config["judge"], custom_objects=custom_objects)
        return cls(**(config | {"judge": judge}))
