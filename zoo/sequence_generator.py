"""A generator of token sequences: read with the right words given, or left to draw its own."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Gt
from keras import layers, ops

from .arguments import validated
from .tokens import END, alive, by_distribution, gumbel_max

Count = Annotated[int, Ge(1)]
CELLS = {"lstm": layers.LSTMCell, "gru": layers.GRUCell}


@keras.saving.register_keras_serializable("ganzoo")
class SequenceGenerator(keras.Model):
    """An autoregressive distribution over sequences: an embedding, a recurrent cell, and logits of the next token.

    When to use it: as the generator of text GANs and of `LanguageModel`. All ways of using it share its weights: called
    with sequences it gives the logits of each token after the right ones before it (teacher forcing); `sample`,
    `complete` and `relaxed` draw.

    What a sequence begins with is a row of the embedding that is no token. Loops over positions are written out: good
    up to some fifty tokens.

    Args:
        vocabulary_size: int >= 1, tokens, with the end token where there is one.
        length: int >= 1, positions of a sequence.
        ends: bool, whether token 0 ends a sequence and fills what is left. Default True.
        cell: "lstm", "gru", or "none" for a chain whose next token hangs on the last one alone. Default "lstm".
        embedding_dim: int >= 1. Default 32.
        units: int >= 1, of the cell. Default 32.
        scale: float > 0, the standard deviation of initial weights, or None for Keras' own initialisers. Default None.
        seed: int, of the initialisers. Default 0.

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
        vocabulary_size: Count,
        length: Count,
        ends: bool = True,
        cell: Literal["lstm", "gru", "none"] = "lstm",
        embedding_dim: Count = 32,
        units: Count = 32,
        scale: Annotated[float, Gt(0)] | None = None,
        seed: int = 0,
        dtype: object = None,
        **kwargs,
    ):
        super().__init__(dtype=dtype, **kwargs)
        self.vocabulary_size, self.length, self.ends = vocabulary_size, length, ends
        self.cell_name, self.embedding_dim, self.units, self.scale, self.seed = cell, embedding_dim, units, scale, seed

        def initial(offset, usual):
            return (
                usual(seed=seed + offset) if scale is None else keras.initializers.RandomNormal(0, scale, seed + offset)
            )

        policy = self.dtype_policy
        self.embedding = layers.Embedding(
            vocabulary_size + 1, embedding_dim, initial(0, keras.initializers.RandomUniform), dtype=policy,
            name="embedding",
        )  # fmt: skip
        self.cell = None
        if cell != "none":
            self.cell = CELLS[cell](
                units,
                kernel_initializer=initial(1, keras.initializers.GlorotUniform),
                recurrent_initializer=initial(2, keras.initializers.Orthogonal),
                bias_initializer="zeros" if scale is None else initial(3, None),
                dtype=policy,
                name="cell",
                # Keras begins forgetting with a bias of 1, whatever the initialiser says.
                **({"unit_forget_bias": scale is None} if cell == "lstm" else {}),
            )
        self.projection = layers.Dense(
            vocabulary_size, kernel_initializer=initial(4, keras.initializers.GlorotUniform),
            bias_initializer="zeros" if scale is None else initial(5, None), dtype=policy, name="projection",
        )  # fmt: skip
        self.build((None, length))

    def build(self, input_shape):
        """Makes all weights at once, so that no way of drawing has to make them in a loop."""
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

    def _begin(self, rows):
        """Returns the token that is none, and the cell's state, of so many sequences."""
        first = tf.fill((rows,), self.vocabulary_size)
        return first, None if self.cell is None else self.cell.get_initial_state(batch_size=rows)

    def _hear(self, embedded, state):
        """Returns what the cell makes of a token's embedding, and its next state."""
        return (embedded, None) if self.cell is None else self.cell(embedded, state)

    def _logits(self, heard):
        return ops.cast(self.projection(heard), "float32")

    # Reading.

    def call(self, tokens, training=False):
        """Returns the logits of every token after the right ones before it."""
        first, state = self._begin(ops.shape(tokens)[0])
        embedded = self.embedding(ops.concatenate([first[:, None], ops.cast(tokens[:, :-1], "int32")], axis=1))
        if self.cell is None:
            return self._logits(embedded)
        heard = []
        for position in range(self.length):
            out, state = self._hear(embedded[:, position], state)
            heard.append(out)
        return self._logits(ops.stack(heard, axis=1))

    def log_probabilities(self, tokens):
        """Returns the log probability of every token after those before it, 0 after a sequence's end.

        Args:
            tokens: int32 tensor (batch, length).

        Returns:
            float32 tensor (batch, length); its sums over positions are those of whole sequences.
        """
        chosen = -ops.sparse_categorical_crossentropy(tokens, self(tokens), from_logits=True)
        return chosen * alive(tokens, self.ends)

    # Drawing.

    def sample(self, noise, temperature=1.0):
        """Draws sequences by Gumbel noise: the same noise gives the same sequences.

        Args:
            noise: float32 tensor (batch, length, vocabulary_size), standard Gumbel.
            temperature: float > 0, divides the logits; below 1 likely tokens become likelier. Default 1.

        Returns:
            int32 tensor (batch, length).
        """
        # Noise times the temperature, and not logits over it, which a small one would make infinite.
        return self._draw(
            ops.shape(noise)[0], lambda logits, position: gumbel_max(logits, temperature * noise[:, position])
        )

    def complete(self, tokens, given, uniforms):
        """Keeps the first tokens of each sequence and draws the rest.

        Args:
            tokens: int32 tensor (batch, length).
            given: int32 tensor (batch,), how many tokens are kept.
            uniforms: float32 tensor (batch, length), a number a token.

        Returns:
            int32 tensor (batch, length).
        """

        def choose(logits, position):
            return ops.where(position < given, tokens[:, position], by_distribution(logits, uniforms[:, position]))

        return self._draw(ops.shape(tokens)[0], choose)

    def _draw(self, rows, choose):
        token, state = self._begin(rows)
        drawn, ended = [], tf.zeros((rows,), tf.bool)
        for position in range(self.length):
            heard, state = self._hear(self.embedding(token), state)
            token = choose(self._logits(heard), position)
            if self.ends:
                token = ops.where(ended, END, token)
                ended = ops.logical_or(ended, ops.equal(token, END))
            drawn.append(token)
        return ops.stack(drawn, axis=1)

    def relaxed(self, noise, inverse_temperature):
        """Draws sequences as one-hot vectors that a gradient flows through (straight-through Gumbel softmax).

        Forwards a vector is the drawn token, so that whoever judges cannot tell it from a real one by its sharpness;
        backwards it is softmax(inverse_temperature * (logits + noise)). The next position hears the same vector: what a
        token does to those after it counts too.

        Paper: Jang et al. 2017 (arXiv:1611.01144), section 2.2; Nie et al. 2019, "RelGAN", section 3.2.

        Args:
            noise: float32 tensor (batch, length, vocabulary_size), standard Gumbel.
            inverse_temperature: float or scalar tensor > 0.

        Returns:
            float32 tensor (batch, length, vocabulary_size).
        """
        rows = ops.shape(noise)[0]
        first, state = self._begin(rows)
        embedded = self.embedding(first)
        table = ops.cast(self.embedding.embeddings[: self.vocabulary_size], self.compute_dtype)
        drawn, going_on = [], tf.ones((rows, 1))
        for position in range(self.length):
            heard, state = self._hear(embedded, state)
            scores = self._logits(heard) + noise[:, position]
            soft = ops.softmax(inverse_temperature * scores)
            token = ops.cast(ops.argmax(scores, axis=-1), "int32")
            if self.ends:
                # A sequence that has ended is what it is, whatever the logits say.
                token, soft = ops.where(going_on[:, 0] > 0, token, END), soft * going_on
                going_on = going_on * ops.cast(ops.not_equal(token, END), "float32")[:, None]
            # In this order the second term is exactly 0.
            vector = tf.one_hot(token, self.vocabulary_size) + (soft - tf.stop_gradient(soft))
            embedded = tf.matmul(ops.cast(vector, self.compute_dtype), table)
            drawn.append(vector)
        return ops.stack(drawn, axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "vocabulary_size": self.vocabulary_size,
            "length": self.length,
            "ends": self.ends,
            "cell": self.cell_name,
            "embedding_dim": self.embedding_dim,
            "units": self.units,
            "scale": self.scale,
            "seed": self.seed,
            "dtype": keras.dtype_policies.serialize(self.dtype_policy),
        }
