"""The family of models that generate texts, as sequences of discrete tokens."""

import math
from typing import Annotated, Any, Self

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

# `.keras` files name networks, which are registered when they are imported.
from .. import networks  # noqa: F401
from ..core.keras_settings import dtype_policy
from ..core.validation import validated
from ..errors import ArgumentError
from ..pipeline.preprocessor import TokenPreprocessor
from ..sequences import sequence_generator, text_discriminator  # noqa: F401
from ..sequences.token_sequences import sampling_gumbels, training_gumbels
from ..sequences.vocabulary import FIRST_WORD, UNKNOWN, Vocabulary, decode_tokens
from .adversarial_model import AdversarialModel, Precision
from .condition_specs import Number
from .network_checks import frozen_copy
from .sampling_mixin import SamplingMixin


class TextGAN(SamplingMixin, AdversarialModel):
    """A generator of token sequences and a discriminator.

    When to use it: as the base of a text model. A model defines the training signal of the generator: a reward, or a
    gradient through relaxed tokens. This class owns the input of sequences, their sampling, the discriminator loss and
    the conversion to text.

    Noise is a function of (seed, step, global row), so replicas and resumed runs sample the same sequences.

    Args:
        generator: `SequenceGenerator`, or a model with its methods.
        discriminator: `keras.Model`, (batch, length) int32 tokens, or distributions over tokens -> logits.
        vocabulary: list of str, words in the order of their tokens, from 2 on, or None if tokens are not words.
        tokenizer: dict, the options of the `Tokenizer` that splits texts into words, or None for its defaults.
        discriminator_warmup_steps: int >= 0, first steps in which only the discriminator is updated. The generator's
            optimizer collects its statistics meanwhile. Default 0.
        sample_unknown: bool, whether `generate` may sample the unknown token of a vocabulary, which is decoded as
            `<unk>`. In training it is always sampled like any other token: the data contain it, and a policy gradient
            needs the probabilities that were sampled from. Default False.
        **kwargs: of `AdversarialModel`: `loss`, `label_smoothing`, `n_critic`, `generator_updates`,
            `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: networks for other lengths or vocabularies, or an argument out of its range.
    """

    data_family = "text"
    default_networks = {"generator": "recurrent", "discriminator": "text_cnn"}
    augmentable = False
    differentiable_samples = False
    condition_specs = (Number("temperature", 1.0),)

    @validated
    def __init__(
        self, generator, discriminator, vocabulary: list[str] | None = None, tokenizer: dict | None = None,
        discriminator_warmup_steps: Annotated[int, Ge(0)] = 0, sample_unknown: bool = False, **kwargs,
    ):  # fmt: skip
        super().__init__(**kwargs)
        if tuple(generator.input_shape) != tuple(discriminator.input_shape):
            raise ArgumentError(
                f"discriminator: received one for sequences of {discriminator.input_shape[1:]}, expected "
                f"{generator.input_shape[1:]}: the shape that the generator produces"
            )
        discriminator_tokens = getattr(discriminator, "vocabulary_size", generator.vocabulary_size)
        vocabulary_tokens = discriminator_tokens if vocabulary is None else len(vocabulary) + FIRST_WORD
        if not discriminator_tokens == vocabulary_tokens == generator.vocabulary_size:
            raise ArgumentError(
                f"generator: received {generator.vocabulary_size} tokens with a discriminator of "
                f"{discriminator_tokens} and a vocabulary of {vocabulary_tokens}, expected equal numbers"
            )
        self.generator, self.discriminator = generator, discriminator
        self.ema_generator = frozen_copy(generator)
        self.length, self.vocabulary_size, self.has_eos = generator.length, generator.vocabulary_size, generator.has_eos
        self.vocabulary = None if vocabulary is None else Vocabulary(vocabulary, self.length, tokenizer)
        self.discriminator_warmup_steps, self.sample_unknown = discriminator_warmup_steps, sample_unknown

    @classmethod
    @validated
    def create(
        cls,
        shape: tuple[int],
        generator: str | dict | None = None,
        discriminator: str | dict | None = None,
        vocabulary_size: Annotated[int, Ge(1)] | None = None,
        has_eos: bool = True,
        vocabulary: list[str] | None = None,
        corpus: object = None,
        precision: Precision | None = None,
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **arguments: Any,
    ) -> Self:
        """Builds the model with networks by name.

        Args:
            shape: (length,) of a sequence.
            generator: str or dict: a built-in network, an import path `package.module:function`, or a dict with
                `network` and the builder's arguments. Default: the model's.
            discriminator: likewise.
            vocabulary_size: int >= 1, number of tokens. Default: that of the vocabulary.
            has_eos: bool, whether token 0 ends a sequence. Default True.
            vocabulary: list of str, words in the order of their tokens, from 2 on, or None.
            corpus: int32 array (num_samples, length) of training sequences, for arguments that are computed from them,
                or None.
            precision: "float32", "bfloat16" or "float16" (mixed; weights and losses stay float32). Default: Keras's
                global dtype policy, which is float32 unless it was set.
            seed: int >= 0, seed of the weights and of all randomness. Default 0.
            **arguments: the model's constructor arguments.

        Returns:
            The model, ready for `compile`.

        Raises:
            ArgumentError: neither `vocabulary_size` nor `vocabulary`, or an invalid network or argument.
        """
        if vocabulary_size is None and vocabulary is None:
            raise ArgumentError("vocabulary_size: received nothing, expected a number of tokens or a vocabulary")
        if vocabulary_size is None:
            vocabulary_size = len(vocabulary) + FIRST_WORD
        derived = {
            "shape": tuple(shape),
            "vocabulary_size": vocabulary_size,
            "has_eos": has_eos,
            "dtype": dtype_policy(precision),
        }
        pair = [
            networks.build(cls.resolve_network_spec(role, spec), role, seed=seed + offset, **derived)
            for role, spec, offset in (("generator", generator, 0), ("discriminator", discriminator, 1000))
        ]
        arguments |= cls.arguments_from_corpus(corpus, vocabulary_size, has_eos, vocabulary, arguments)
        return cls(*pair, vocabulary=vocabulary, seed=seed, **arguments)

    @classmethod
    def arguments_from_corpus(cls, corpus, vocabulary_size, has_eos, vocabulary, arguments):
        """Returns the constructor arguments that are computed from the training sequences.

        Args:
            corpus, vocabulary_size, has_eos, vocabulary: of `create`.
            arguments: dict, the constructor arguments of `create`.

        Returns:
            dict; its items replace those of `arguments`.
        """
        return {}

    @classmethod
    def arguments_from_source(cls, source):
        """Returns the arguments of `create` that a text source determines.

        Raises:
            ArgumentError: a source of another family.
        """
        if source.family != cls.data_family:
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has no texts, expected lines:FILE, oracle:lstm, "
                f"oracle:markov or a tfds: dataset with texts: {cls.__name__} generates texts"
            )
        return {
            "vocabulary_size": source.vocabulary_size,
            "has_eos": source.has_eos,
            "vocabulary": source.vocabulary and source.vocabulary.words,
            "tokenizer": source.vocabulary and source.vocabulary.tokenizer.get_config(),
            "corpus": source.tokens,
        }

    def reset_ema(self):
        """Resets the averaged weights to the current weights of the generator, for use after pretraining."""
        self.ema_generator.set_weights(self.generator.get_weights())

    # Data.

    def make_preprocessor(self):
        """Returns a preprocessor of token sequences."""
        return TokenPreprocessor(self.length, self.vocabulary_size, self.has_eos, owner=type(self).__name__)

    # Training.

    def sample_step_inputs(self, num_rows, step, update=0):
        """Adds the Gumbel noise of a step, a replica's slice of the noise of the global batch."""
        shape = (self.length, self.vocabulary_size)
        rows = self.global_row_indices(num_rows)
        noise = training_gumbels(self.seed, step, rows, self._num_replicas, shape, update)
        return super().sample_step_inputs(num_rows, step, update) | {"noise": noise}

    def real_samples(self, batch):
        """Returns the sequences of an update: int32 (batch, length)."""
        return batch["tokens"]

    def generate_fakes(self, batch, training=True):
        """Returns the generator's sequences for an update: int32 (batch, length)."""
        return self.generator.sample(batch["noise"])

    def discriminate(self, samples, batch, training):
        """Returns the discriminator's float32 logits of sequences."""
        return keras.ops.cast(self.discriminator(samples, training=training), "float32")

    def _apply(self, tape, loss, variables, optimizer):
        warmup_steps = self.discriminator_warmup_steps if optimizer is self.generator_optimizer else 0
        before = [tf.identity(variable.value) for variable in variables] if warmup_steps else []
        super()._apply(tape, loss, variables, optimizer)
        # The optimizer runs and the weights are restored, so that its statistics reflect the actual gradients. With
        # gradients of 0, Adam would underestimate their size and start with far too large updates.
        for variable, value in zip(variables, before, strict=bool(warmup_steps)):
            variable.assign(tf.where(self.step.value < warmup_steps, value, variable.value))

    # Sampling.

    def call(self, inputs, training=False):
        """Returns the averaged generator's logits of each token given the preceding ones."""
        return self.ema_generator(inputs, training=training)

    def sample(self, seeds, temperature=None):
        """Returns the averaged generator's sequences of int32 seeds (batch,), inside a graph: int32 (batch, length)."""
        noise = self.sampling_noise(seeds)
        return self.ema_generator.sample(noise, 1.0 if temperature is None else temperature[:, tf.newaxis])

    def sampling_noise(self, seeds):
        """Returns the Gumbel noise of int32 seeds (batch,): float32 (batch, length, vocabulary_size).

        It is -inf for the unknown token unless `sample_unknown` is set. The other tokens keep their noise, so a text
        without unknown words is the same either way.
        """
        noise = sampling_gumbels(seeds, self.length, self.vocabulary_size)
        if self.vocabulary is None or self.sample_unknown:
            return noise
        return noise - tf.constant([math.inf if token == UNKNOWN else 0.0 for token in range(self.vocabulary_size)])

    def texts(self, num_samples: int, seed: int | None = None, **conditions: Any) -> list[str]:
        """Returns a list of generated texts; text i is the text of `seed + i`. Arguments as in `generate`."""
        return self.decode(self.generate(num_samples, seed, **conditions))

    def decode(self, tokens: np.ndarray) -> list[str]:
        """Returns the texts of sequences, int (num_samples, length); without a vocabulary, token ids as numbers."""
        return decode_tokens(tokens, self.vocabulary)

    def get_config(self):
        """Returns the constructor arguments."""
        words = None if self.vocabulary is None else self.vocabulary.words
        return super().get_config() | {
            "vocabulary": words,
            "tokenizer": self.vocabulary and self.vocabulary.tokenizer.get_config(),
            "discriminator_warmup_steps": self.discriminator_warmup_steps,
            "sample_unknown": self.sample_unknown,
        }
