"""An autoregressive generator of token sequences."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Gt
from keras import layers, ops

from ..core.validation import PositiveInt, validated
from .token_sequences import END, gumbel_max, inverse_cdf_sample, sequence_mask

CELLS = {"lstm": layers.LSTMCell, "gru": layers.GRUCell}


@keras.saving.register_keras_serializable("ganzoo")
class SequenceGenerator(keras.Model):
    """An autoregressive model of sequences: a token embedding, a recurrent cell, and logits of the next token.

    When to use it: as the generator of text GANs and of `LanguageModel`. Calling it on sequences returns the logits of
    each token given the preceding real tokens (teacher forcing). `sample`, `rollout` and `sample_relaxed` generate
    sequences with the same weights.

    The start token is an additional row of the embedding and is never generated. Loops over positions are unrolled,
    which is practical up to about fifty tokens.

    Args:
        vocabulary_size: int >= 1, number of tokens, including the EOS token if there is one.
        length: int >= 1, positions per sequence.
        has_eos: bool, whether token 0 ends a sequence and pads the rest of its row. Default True.
        cell: "lstm", "gru", or "none" for a Markov chain, whose next token depends only on the previous one. Default
            "lstm".
        embedding_dim: int >= 1, dimension of the token embedding. Default 32.
        units: int >= 1, units of the cell. Default 32.
        initializer_stddev: float > 0, standard deviation of normally distributed initial weights, or None for the
            default initializers of Keras. Default None.
        seed: int, seed of the initializers. Default 0.

    Input shape: (batch, length) int32. Output shape: (batch, length, vocabulary_size) float32 logits.

    Example:

    >>> generator = SequenceGenerator(10, 4)
    >>> generator(tf.zeros((2, 4), tf.int32)).shape
    TensorShape([2, 4, 10])
    >>> generator.sample(tf.zeros((2, 4, 10))).shape
    TensorShape([2, 4])
    """

    @validated
    def __init__(
        self,
        vocabulary_size: PositiveInt,
        length: PositiveInt,
        has_eos: bool = True,
        cell: Literal["lstm", "gru", "none"] = "lstm",
        embedding_dim: PositiveInt = 32,
        units: PositiveInt = 32,
        initializer_stddev: Annotated[float, Gt(0)] | None = None,
        seed: int = 0,
        dtype: object = None,
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        self.vocabulary_size, self.length, self.has_eos = vocabulary_size, length, has_eos
        self.cell_name, self.embedding_dim, self.units = cell, embedding_dim, units
        self.initializer_stddev, self.seed = initializer_stddev, seed

        def initializer(offset, default):
            if initializer_stddev is None:
                return default(seed=seed + offset)
            return keras.initializers.RandomNormal(0, initializer_stddev, seed + offset)

        policy = self.dtype_policy
        self.embedding = layers.Embedding(
            vocabulary_size + 1, embedding_dim, initializer(0, keras.initializers.RandomUniform), dtype=policy,
            name="embedding",
        )  # fmt: skip
        self.cell = None
        if cell != "none":
            self.cell = CELLS[cell](
                units,
                kernel_initializer=initializer(1, keras.initializers.GlorotUniform),
                recurrent_initializer=initializer(2, keras.initializers.Orthogonal),
                bias_initializer="zeros" if initializer_stddev is None else initializer(3, None),
                dtype=policy,
                name="cell",
                # By default Keras sets the bias of the forget gate to 1, whatever the initializer.
                **({"unit_forget_bias": initializer_stddev is None} if cell == "lstm" else {}),
            )
        self.projection = layers.Dense(
            vocabulary_size, kernel_initializer=initializer(4, keras.initializers.GlorotUniform),
            bias_initializer="zeros" if initializer_stddev is None else initializer(5, None), dtype=policy,
            name="projection",
        )  # fmt: skip
        self.build((None, length))

    def build(self, input_shape):
        """Builds all layers, so that no sampling method creates weights inside a loop."""
        self.embedding.build((None,))
        if self.cell is not None:
            self.cell.build((None, self.embedding_dim))
        self.projection.build((None, self.embedding_dim if self.cell is None else self.units))
        self.built = True

    @property
    def input_shape(self):
        """(None, length)."""
        return (None, self.length)

    @property
    def output_shape(self):
        """(None, length, vocabulary_size)."""
        return (None, self.length, self.vocabulary_size)

    # One position.

    def _initial_state(self, batch_size):
        """Returns the start tokens (batch,) and the initial state of the cell."""
        start = tf.fill((batch_size,), self.vocabulary_size)
        return start, None if self.cell is None else self.cell.get_initial_state(batch_size=batch_size)

    def _cell_step(self, embedded, state):
        """Returns the output of the cell for an embedded token, and its next state."""
        return (embedded, None) if self.cell is None else self.cell(embedded, state)

    def _logits(self, outputs):
        return ops.cast(self.projection(outputs), "float32")

    # Teacher forcing.

    def call(self, tokens, training=False):
        """Returns the logits of each token given the preceding real tokens."""
        start, state = self._initial_state(ops.shape(tokens)[0])
        embedded = self.embedding(ops.concatenate([start[:, None], ops.cast(tokens[:, :-1], "int32")], axis=1))
        if self.cell is None:
            return self._logits(embedded)
        outputs = []
        for position in range(self.length):
            output, state = self._cell_step(embedded[:, position], state)
            outputs.append(output)
        return self._logits(ops.stack(outputs, axis=1))

    def log_probabilities(self, tokens):
        """Returns the log-probability of each token given the preceding ones, 0 after the end of a sequence.

        Args:
            tokens: int32 tensor (batch, length).

        Returns:
            float32 tensor (batch, length); the sum over positions is the log-likelihood of a sequence.
        """
        logs = -ops.sparse_categorical_crossentropy(tokens, self(tokens), from_logits=True)
        return logs * sequence_mask(tokens, self.has_eos)

    # Sampling.

    def sample(self, noise, temperature=1.0):
        """Samples sequences by the Gumbel-max trick; equal noise gives equal sequences.

        Args:
            noise: float32 tensor (batch, length, vocabulary_size), standard Gumbel.
            temperature: float > 0, or a tensor that broadcasts to (batch, vocabulary_size); divides the logits. Values
                below 1 favor likely tokens. Default 1.

        Returns:
            int32 tensor (batch, length).
        """
        # The noise is multiplied instead of dividing the logits, which a small temperature would make infinite.
        return self._sample(
            ops.shape(noise)[0], lambda logits, position: gumbel_max(logits, temperature * noise[:, position])
        )

    def rollout(self, tokens, prefix_lengths, uniforms):
        """Keeps a prefix of each sequence and samples the remaining tokens.

        Args:
            tokens: int32 tensor (batch, length).
            prefix_lengths: int32 tensor (batch,), number of leading tokens to keep.
            uniforms: float32 tensor (batch, length), one number per token.

        Returns:
            int32 tensor (batch, length).
        """

        def choose(logits, position):
            samples = inverse_cdf_sample(logits, uniforms[:, position])
            return ops.where(position < prefix_lengths, tokens[:, position], samples)

        return self._sample(ops.shape(tokens)[0], choose)

    def _sample(self, batch_size, choose):
        """Generates sequences token by token; `choose` maps (logits, position) to int32 tokens (batch,)."""
        token, state = self._initial_state(batch_size)
        tokens, ended = [], tf.zeros((batch_size,), tf.bool)
        for position in range(self.length):
            output, state = self._cell_step(self.embedding(token), state)
            token = choose(self._logits(output), position)
            if self.has_eos:
                token = ops.where(ended, END, token)
                ended = ops.logical_or(ended, ops.equal(token, END))
            tokens.append(token)
        return ops.stack(tokens, axis=1)

    def sample_relaxed(self, noise, inverse_temperature):
        """Samples sequences of one-hot vectors that gradients flow through (straight-through Gumbel softmax).

        In the forward pass each vector is the one-hot vector of the sampled token, so a discriminator cannot
        distinguish generated from real vectors by their sharpness. In the backward pass it is
        softmax(inverse_temperature * (logits + noise)). The same vector is the input of the next position, so the
        gradient includes the effect of a token on all later ones.

        Paper: Jang et al. 2017 (arXiv:1611.01144), section 2.2; Nie et al. 2019, "RelGAN", section 3.2.

        Args:
            noise: float32 tensor (batch, length, vocabulary_size), standard Gumbel.
            inverse_temperature: float or scalar tensor > 0.

        Returns:
            float32 tensor (batch, length, vocabulary_size).
        """
        batch_size = ops.shape(noise)[0]
        start, state = self._initial_state(batch_size)
        embedded = self.embedding(start)
        table = ops.cast(self.embedding.embeddings[: self.vocabulary_size], self.compute_dtype)
        vectors, active = [], tf.ones((batch_size, 1))
        for position in range(self.length):
            output, state = self._cell_step(embedded, state)
            scores = self._logits(output) + noise[:, position]
            soft = ops.softmax(inverse_temperature * scores)
            token = ops.cast(ops.argmax(scores, axis=-1), "int32")
            if self.has_eos:
                # After the end of a sequence the token is EOS regardless of the logits, so no gradient flows to them.
                token, soft = ops.where(active[:, 0] > 0, token, END), soft * active
                active = active * ops.cast(ops.not_equal(token, END), "float32")[:, None]
            # In this order of operations the second term is exactly 0.
            vector = tf.one_hot(token, self.vocabulary_size) + (soft - tf.stop_gradient(soft))
            embedded = tf.matmul(ops.cast(vector, self.compute_dtype), table)
            vectors.append(vector)
        return ops.stack(vectors, axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "vocabulary_size": self.vocabulary_size,
            "length": self.length,
            "has_eos": self.has_eos,
            "cell": self.cell_name,
            "embedding_dim": self.embedding_dim,
            "units": self.units,
            "initializer_stddev": self.initializer_stddev,
            "seed": self.seed,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }
