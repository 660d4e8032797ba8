"""Text to image: the generator is conditioned on a caption; the discriminator checks that image and caption match."""

from typing import Annotated, Any

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge

from ...core.keras_settings import dtype_policy
from ...core.prng import training_latents
from ...core.validation import validated
from ...errors import ArgumentError
from ...families.condition_specs import Captions
from ...families.image_gan import ImageGAN
from ...families.network_checks import frozen_copy, inputs_of
from ...pipeline.preprocessor import CaptionedImagePreprocessor
from ...registry import variant
from ...sequences.text_encoder import gru_encoder, unroll_rnn
from ...sequences.tokenization import Tokenizer
from ...sequences.vocabulary import Vocabulary

# Captions of the data that a model keeps, for samples without a requested caption.
MAX_EXAMPLES = 1000
# Distinguishes the latents of interpolated captions from those of the step.
INTERPOLATION_SEED = 1_000_003


@variant
class TextToImageGAN(ImageGAN):
    """The text-to-image GAN, whose discriminator also rejects real images with wrong captions (GAN-CLS, GAN-INT).

    When to use it: for images with captions. The text encoder is trained with the discriminator, which must tell
    matching captions from wrong ones; no gradient of the generator's loss reaches the encoder.

    Paper: Reed et al. 2016, "Generative adversarial text to image synthesis" (arXiv:1605.05396), algorithm 1 and
    equation 5. The paper's discriminator minimizes -log s_r - (log(1 - s_w) + log(1 - s_f)) / 2 over a real image with
    its caption, with a wrong caption, and a fake. Here the part with s_w is a separate term, the matching loss, whose
    weight can be chosen; the rest is the chosen adversarial loss.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch, text_dim)] -> (batch, *shape).
        discriminator: `keras.Model`, [(batch, *shape), (batch, text_dim)] -> (batch, 1) logits.
        text_encoder: `keras.Model`, (batch, length) int32 tokens -> (batch, text_dim); not trained where its
            `trainable` is False.
        vocabulary: list of str, words in the order of their tokens, from 2 on.
        examples: list of str, the captions of samples that are generated without one.
        tokenizer: dict, the options of the `Tokenizer` that splits captions into words, or None for its defaults.
        matching_weight: float >= 0, of the matching loss. Default 1; 0 ignores wrong captions.
        interpolation_weight: float >= 0, of the generator's loss on captions halfway between two (GAN-INT). Default 0.
        **kwargs: of `ImageGAN`: `loss` (default "non_saturating"), `label_smoothing`, `n_critic` (default 1),
            `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> captions = ["a red square", "a blue circle"]
    >>> small = {"width": 4}
    >>> model = TextToImageGAN.create((8, 8, 3), small, small, latent_dim=4, captions=captions)
    >>> model.generate(2, seed=0, texts=["a blue square", "a red circle"]).shape
    (2, 8, 8, 3)
    """

    default_networks = {"generator": "text_dcgan", "discriminator": "text_dcgan"}
    network_roles = ("generator", "discriminator", "text_encoder")

    @validated
    def __init__(
        self,
        generator,
        discriminator,
        text_encoder,
        vocabulary: list[str],
        examples: list[str],
        tokenizer: dict | None = None,
        matching_weight: Annotated[float, Ge(0)] = 1.0,
        interpolation_weight: Annotated[float, Ge(0)] = 0.0,
        **kwargs,
    ):
        (length,) = inputs_of(text_encoder)[0].shape[1:]
        vocabulary = Vocabulary(vocabulary, length, tokenizer)
        self.condition_specs = (Captions(vocabulary, list(examples)),)
        self.matching_weight, self.interpolation_weight = matching_weight, interpolation_weight
        super().__init__(generator, discriminator, **kwargs)
        text_dim = inputs_of(generator)[1].shape[-1]
        if text_encoder.output_shape[-1] != text_dim:
            raise ArgumentError(
                f"text_encoder: received one with output dimension {text_encoder.output_shape[-1]}, expected "
                f"{text_dim}, the generator's text_dim: build both for the same text_dim"
            )
        self.text_encoder = text_encoder
        self.ema_text_encoder = frozen_copy(text_encoder)
        self.vocabulary, self.examples = vocabulary, list(examples)

    @classmethod
    def create(
        cls, shape, *networks, captions, text_encoder: dict | None = None, tokenizer: dict | None = None, seed=0,
        **arguments,
    ):  # fmt: skip
        """Builds the model for a set of captions, with networks by name.

        Args:
            shape: tuple of int, one image without the batch axis.
            *networks: of `ImageGAN.create`: the specifications of generator and discriminator.
            captions: list of str, those of the training images; they determine the vocabulary and the text length.
            text_encoder: dict of `gru_encoder`'s arguments: `embedding_dim`, `units`.
            tokenizer: of the constructor.
            seed: int >= 0, of weights and latents. Default 0.
            **arguments: of `ImageGAN.create` and of the constructor.
        """
        accepted = {"embedding_dim", "units"}
        if set(text_encoder or {}) - accepted:
            raise ArgumentError(
                f"model.text_encoder: received {sorted(set(text_encoder) - accepted)}, expected some of "
                f"{sorted(accepted)}"
            )
        unique = sorted(set(captions))
        vocabulary = Vocabulary.from_texts(unique, tokenizer=tokenizer)
        policy = dtype_policy(arguments.get("precision"))
        encoder = gru_encoder(
            len(vocabulary), vocabulary.length, seed=seed + 2000, dtype=policy, **(text_encoder or {})
        )
        chosen = np.random.default_rng(0).permutation(len(unique))[:MAX_EXAMPLES]
        derived = {
            "text_encoder": encoder, "vocabulary": vocabulary.words, "examples": [unique[row] for row in chosen],
            "tokenizer": vocabulary.tokenizer.get_config(),
        }  # fmt: skip
        return super().create(shape, *networks, seed=seed, **derived, **arguments)

    @classmethod
    def network_arguments(cls, arguments):
        """The networks are built for the encoder's output."""
        return {"text_dim": arguments["text_encoder"].output_shape[-1]}

    @classmethod
    def arguments_from_source(cls, source):
        """Returns the captions of a source and how they are split into words.

        Raises:
            ArgumentError: a source of another family, or without captions.
        """
        if source.captions is None:
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has no captions, expected shapes or captions:DIR: "
                f"{cls.__name__} generates images of captions"
            )
        return super().arguments_from_source(source) | {
            "captions": sorted(set(np.asarray(source.captions).reshape(-1))),
            "tokenizer": Tokenizer.of(getattr(source, "tokenizer", None)).get_config(),
        }

    def make_preprocessor(self):
        """Returns a preprocessor of images with captions."""
        return CaptionedImagePreprocessor(self.image_shape, self.vocabulary, owner=type(self).__name__)

    # Sampling.

    def generate(
        self, num_samples: int, seed: int | None = None, batch_size: int | None = None, texts: Any = None,
    ) -> np.ndarray:  # fmt: skip
        """Samples the averaged generator; image i is the image of `seed + i` and its text.

        Args:
            num_samples, seed, batch_size: of `SamplingMixin.generate`.
            texts: str, or list of str, one per image. Default: each seed has one of the example captions. Words that
                are not in the vocabulary count as one unknown word: `vocabulary.unknown(texts)` lists them.

        Returns:
            float32 array (num_samples, *shape) in [-1, 1].

        Raises:
            ArgumentError: `num_samples`, `seed` or `texts` that cannot be used.
        """
        return super().generate(num_samples, seed, batch_size, texts=texts)

    def sample(self, seeds, *conditions):
        """Returns the averaged generator's samples of int32 seeds (batch,) and tokens (batch, length), in a graph."""
        return super().sample(seeds, self.ema_text_encoder(conditions[0], training=False))

    def call(self, inputs, training=False):
        """Returns the averaged generator's samples of [latents, tokens]."""
        latents, tokens = inputs
        return self.ema_generator([latents, self.ema_text_encoder(tokens)], training=training)

    def sampling_network(self):
        """Returns [latents, tokens] -> samples with unrolled loops: TFLite has none over lists of tensors."""
        latents = keras.Input((self.latent_dim,), name="latents")
        tokens = keras.Input(self.ema_text_encoder.input_shape[1:], dtype="int32", name="tokens")
        return keras.Model([latents, tokens], self.ema_generator([latents, unroll_rnn(self.ema_text_encoder)(tokens)]))

    # The training step.

    def discriminators(self):
        """Returns the discriminator and the encoder, which is trained with it."""
        return [*super().discriminators(), self.text_encoder]

    def ema_networks(self):
        """Returns the generator and the encoder with their averages."""
        return [*super().ema_networks(), (self.ema_text_encoder, self.text_encoder)]

    @property
    def metric_names(self):
        """Adds both parts of the discriminator's loss, and the mean logit of real images with wrong captions."""
        return (*super().metric_names, "adversarial_loss", "matching_loss", "wrong_logits")

    def encode(self, tokens, training):
        """Returns the text embeddings of tokens, float32 (batch, text_dim)."""
        return self.text_encoder(tokens, training=training)

    def sample_step_inputs(self, num_rows, step, update=0):
        """Adds the latents of interpolated captions."""
        inputs = super().sample_step_inputs(num_rows, step, update)
        if self.interpolation_weight:
            rows, seed = self.global_row_indices(num_rows), self.seed + INTERPOLATION_SEED
            inputs["interpolation_latents"] = training_latents(seed, step, rows, self.latent_dim, update)
        return inputs

    def generate_fakes(self, batch, training=True):
        """Returns samples of the captions of an update; no gradient reaches the encoder."""
        text = tf.stop_gradient(self.encode(batch["tokens"], training))
        return self.generator([batch["latents"], text], training=training)

    def discriminate(self, samples, batch, training):
        """Returns float32 logits of samples given their captions."""
        return self.discriminate_text(samples, self.encode(batch["tokens"], training), training)

    def discriminate_text(self, samples, text, training):
        """Returns float32 logits of samples given text embeddings (batch, text_dim)."""
        return keras.ops.cast(self.discriminator([samples, text], training=training), "float32")

    def discriminator_objective(self, batch, fakes):
        """Returns the adversarial loss plus the weighted matching loss, and the scalars to log."""
        real = self.augment(batch["images"], batch, "real")
        tokens = tf.concat([batch["tokens"], batch["wrong_tokens"]], 0)
        right, wrong = tf.split(self.encode(tokens, training=True), 2)
        # One call, so that batch normalization processes the same images with right and with wrong captions.
        texts = tf.concat([right, wrong], 0)
        both = self.discriminate_text(tf.concat([real, real], 0), texts, training=True)
        real_logits, wrong_logits = tf.split(both, 2)
        fake_logits = self.discriminate_text(self.augment(fakes, batch, "fake"), right, training=True)
        adversarial = self.discriminator_loss(real_logits, fake_logits)
        matching = self.matching_loss(real_logits, wrong_logits)
        logs = self.describe_logits(real_logits, fake_logits) | {
            "wrong_logits": tf.reduce_mean(wrong_logits),
            "adversarial_loss": adversarial,
            "matching_loss": matching,
        }
        return adversarial + self.matching_weight * matching, logs

    def matching_loss(self, real_logits, wrong_logits):
        """Returns what the discriminator minimizes on real images with wrong captions, which it is to reject."""
        if self.adversarial_loss.is_relativistic:
            return self.discriminator_loss(real_logits, wrong_logits)
        return self.adversarial_loss.fake_loss(wrong_logits)

    def generator_objective(self, batch, fakes):
        """Returns the adversarial loss, plus the weighted one of captions halfway between a row's two captions."""
        right = tf.stop_gradient(self.encode(batch["tokens"], training=True))
        real_logits, fakes = None, self.augment(fakes, batch, "fake")
        if self.adversarial_loss.is_relativistic:
            real_logits = self.discriminate_text(self.augment(batch["images"], batch, "real"), right, training=True)
        loss = self.generator_loss(real_logits, self.discriminate_text(fakes, right, training=True))
        if self.interpolation_weight:
            wrong = tf.stop_gradient(self.encode(batch["wrong_tokens"], training=True))
            between = 0.5 * (right + wrong)
            interpolated = self.generator([batch["interpolation_latents"], between], training=True)
            logits = self.discriminate_text(self.augment(interpolated, batch, "fake"), between, training=True)
            loss = loss + self.interpolation_weight * self.generator_loss(real_logits, logits)
        return loss, {}

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "vocabulary": self.vocabulary.words,
            "tokenizer": self.vocabulary.tokenizer.get_config(),
            "examples": self.examples,
            "matching_weight": self.matching_weight,
            "interpolation_weight": self.interpolation_weight,
        }
