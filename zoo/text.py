"""The foundation of variants that generate texts: sequences of tokens, which no gradient flows through."""

from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

# Networks are registered where they are imported, and `.keras` files name them.
from . import networks, sequence_generator, text_discriminator  # noqa: F401
from .arguments import validated
from .base import PRECISIONS, Precision
from .errors import ArgumentError
from .losses import LOSSES
from .pairs import frozen_copy
from .sampling import LatentSampling
from .step import AdversarialStep
from .text_encoder import Vocabulary, write_tokens
from .tokens import cut, sampling_gumbels, training_gumbels


class TextModel(LatentSampling, AdversarialStep):
    """A generator of token sequences and a discriminator of them.

    When to use it: as the base of a text variant, which says what the generator learns from: a reward, or a gradient
    through relaxed tokens. It owns how sequences are fed, drawn, judged and turned into words.

    Noise hangs on (seed, step, global row) alone, so replicas, and a run that was resumed, draw the same sequences.

    Args:
        generator: `SequenceGenerator`, or a model with its methods.
        discriminator: `keras.Model`, (batch, length) int32 tokens, or distributions over them -> logits.
        vocabulary: list of str, words in the order of their tokens, from 2 on; None where tokens are no words.
        head_start: int >= 0, first steps in which only the discriminator learns; the generator's optimiser looks on.
            Default 0.
        **kwargs: of `AdversarialStep`: `n_critic`, `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: networks for other lengths or vocabularies, or an argument out of its range.
    """

    inputs_used = ("tokens",)
    default_networks = {"generator": "recurrent", "discriminator": "text_cnn"}
    # The form of the adversarial game, of `zoo/losses.py`.
    loss_name = "non_saturating"
    condition_specs = {"temperature": ((), "float32")}

    @validated
    def __init__(
        self, generator, discriminator, vocabulary: list[str] | None = None,
        head_start: Annotated[int, Ge(0)] = 0, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        if tuple(generator.input_shape) != tuple(discriminator.input_shape):
            raise ArgumentError(
                f"discriminator: received one for sequences of {discriminator.input_shape[1:]}, expected "
                f"{generator.input_shape[1:]}: the generator makes these"
            )
        known = getattr(discriminator, "vocabulary_size", generator.vocabulary_size)
        words = known if vocabulary is None else len(vocabulary) + 2
        if not known == words == generator.vocabulary_size:
            raise ArgumentError(
                f"generator: received one of {generator.vocabulary_size} tokens beside a discriminator of {known} and "
                f"a vocabulary of {words}, expected equal numbers"
            )
        self.generator, self.discriminator = generator, discriminator
        self.averaged_generator = frozen_copy(generator)
        self.length, self.vocabulary_size, self.ends = generator.length, generator.vocabulary_size, generator.ends
        self.vocabulary = None if vocabulary is None else Vocabulary(vocabulary, self.length)
        self.head_start = head_start

    @classmethod
    def create(
        cls,
        shape: tuple[int],
        generator: str | dict | None = None,
        discriminator: str | dict | None = None,
        vocabulary_size: Annotated[int, Ge(1)] | None = None,
        ends: bool = True,
        vocabulary: list[str] | None = None,
        corpus: object = None,
        precision: Precision = "float32",
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **arguments,
    ):
        """Builds the variant with networks by name.

        Args:
            shape: (length,) of a sequence.
            generator: str or dict: a built-in network, an import path `package.module:function`, or a dict with
                `network` and the builder's arguments. Default: the variant's.
            discriminator: likewise.
            vocabulary_size: int >= 1, tokens. Default: those of the vocabulary.
            ends: bool, whether token 0 ends a sequence. Default True.
            vocabulary: list of str, words in the order of their tokens, from 2 on, or None.
            corpus: int32 array (num, length) of training sequences, for what is made of them, or None.
            precision: "float32", "bfloat16" or "float16" (mixed; weights and losses stay float32). Default "float32".
            seed: int >= 0, of weights and everything random. Default 0.
            **arguments: the variant's constructor arguments.

        Returns:
            The model, ready for `compile`.
        """
        if vocabulary_size is None and vocabulary is None:
            raise ArgumentError("vocabulary_size: received nothing, expected a number of tokens or a vocabulary")
        size = len(vocabulary) + 2 if vocabulary_size is None else vocabulary_size
        facts = {"shape": tuple(shape), "vocabulary_size": size, "dtype": PRECISIONS[precision]}
        given = {"generator": generator, "discriminator": discriminator}
        built = [
            networks.build(cls.specified(role, given[role]), role, seed=seed + offset, ends=ends, **facts)
            for role, offset in (("generator", 0), ("discriminator", 1000))
        ]
        own = cls.built_of(corpus, size, ends, vocabulary, arguments)
        return cls(*built, vocabulary=vocabulary, seed=seed, **(arguments | own))

    @classmethod
    def specified(cls, role, given):
        """Returns what is given of a role's network as a dict; where it names no network, the variant's own."""
        return {"network": cls.default_networks[role]} | networks.as_dict(given)

    @classmethod
    def built_of(cls, corpus, vocabulary_size, ends, vocabulary, arguments):
        """Returns a dict of constructor arguments that are made of the training sequences."""
        return {}

    @classmethod
    def source_facts(cls, source):
        """Returns what a text source decides.

        Raises:
            ArgumentError: a source of pictures or points.
        """
        if not hasattr(source, "tokens"):
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has no texts, expected lines:FILE, oracle:lstm, "
                f"oracle:markov or tfds: with text: {cls.__name__} generates texts"
            )
        return {
            "vocabulary_size": source.vocabulary_size,
            "ends": source.ends,
            "vocabulary": source.vocabulary and source.vocabulary.known,
            "corpus": source.tokens,
        }

    def generators(self):
        """The one generator."""
        return [self.generator]

    def discriminators(self):
        """The one discriminator."""
        return [self.discriminator]

    def averaged_networks(self):
        """The one generator with its average."""
        return [(self.averaged_generator, self.generator)]

    def restart_average(self):
        """Makes the averaged generator what the generator is now, after it was pretrained."""
        self.averaged_generator.set_weights(self.generator.get_weights())

    # Data.

    @property
    def data_shapes(self):
        """The shape of a sequence, without the batch axis."""
        return {"tokens": (self.length,)}

    def as_input(self, name, rows):
        """Returns tokens as int32, with everything after their end made equal."""
        return cut(tf.cast(rows, tf.int32), self.ends)

    def rows_of(self, arrays):
        """Returns arrays as a source of batches, once every row of them is known to be tokens."""
        if len(arrays["tokens"]):
            self.check_input("tokens", arrays["tokens"])
        return super().rows_of(arrays)

    def check_input(self, name, rows):
        """Refuses tokens that the networks do not know: a table would be read beyond its end."""
        if rows.shape[1:] != (self.length,) or not np.issubdtype(rows.dtype, np.integer):
            raise ArgumentError(
                f"fit: received tokens of {rows.dtype} and shape {rows.shape[1:]}, expected integers ({self.length},)"
            )
        if rows.min() < 0 or rows.max() >= self.vocabulary_size:
            raise ArgumentError(
                f"fit: received tokens from {rows.min()} to {rows.max()}, expected 0 to {self.vocabulary_size - 1}"
            )

    # The game.

    def drawn(self, rows):
        """Returns the Gumbel noise of a step, cut from one draw over all replicas."""
        shape = (self.length, self.vocabulary_size)
        numbers = self.global_rows(rows)
        return {"noise": training_gumbels(self.seed, self.step.value, numbers, self._replicas, shape)}

    def synthesise(self, batch):
        """Returns the generator's sequences for the turn: int32 (batch, length)."""
        return self.generator.sample(batch["noise"])

    def discriminate(self, tokens, training=True):
        """Returns float32 logits of sequences."""
        return keras.ops.cast(self.discriminator(tokens, training=training), "float32")

    def discriminator_objective(self, batch, fakes):
        """Returns the discriminator's loss on real and generated sequences, and what is logged."""
        real_logits, fake_logits = self.discriminate(batch["tokens"]), self.discriminate(fakes)
        loss = LOSSES[self.loss_name].discriminator(real_logits, fake_logits)
        return loss, {"real_logits": tf.reduce_mean(real_logits), "fake_logits": tf.reduce_mean(fake_logits)}

    def _apply(self, tape, loss, variables, optimizer):
        held = self.head_start if optimizer is self.generator_optimizer else 0
        before = [tf.identity(variable.value) for variable in variables] if held else []
        super()._apply(tape, loss, variables, optimizer)
        # Put back, so that the optimiser learns how large gradients are: with gradients of 0 Adam would believe that
        # they stay small, and begin with steps many times too long.
        for variable, value in zip(variables, before, strict=bool(held)):
            variable.assign(tf.where(self.step.value < held, value, variable.value))

    # Drawing.

    def conditions(self, seeds, temperature=1.0, **given):
        """Returns the temperature of each sample; below 1 likely words become likelier.

        Raises:
            ArgumentError: temperatures that are no numbers above 0, or another number of them.
        """
        values = np.asarray(temperature)
        if values.dtype.kind not in "iuf" or not (values > 0).all() or values.shape not in ((), (len(seeds),)):
            raise ArgumentError(
                f"temperature: received {temperature!r} for {len(seeds)} samples, expected a number above 0 or one each"
            )
        return super().conditions(seeds, **given) | {"temperature": np.broadcast_to(values, len(seeds)).astype("f4")}

    def call(self, inputs, training=False):
        """Returns the averaged generator's logits of each token after those before it."""
        return self.averaged_generator(inputs, training=training)

    def sample(self, seeds, temperature=None):
        """Returns the averaged generator's sequences of int32 seeds (batch,), in the graph: int32 (batch, length)."""
        noise = sampling_gumbels(seeds, self.length, self.vocabulary_size)
        return self.averaged_generator.sample(noise, 1.0 if temperature is None else temperature[:, tf.newaxis])

    def texts(self, num, seed=None, **conditions):
        """Returns a list of generated texts; text i is the text of `seed + i`. Arguments as of `generate`."""
        return self.written(self.generate(num, seed, **conditions))

    def written(self, tokens):
        """Returns sequences, int (num, length), as texts; tokens that are no words are written as numbers."""
        return write_tokens(tokens, self.vocabulary)

    def get_config(self):
        """Returns the constructor arguments."""
        words = None if self.vocabulary is None else self.vocabulary.known
        return super().get_config() | {"vocabulary": words, "head_start": self.head_start}
