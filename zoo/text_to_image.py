"""Text to image: a caption goes in, and the discriminator also judges whether it fits."""

from typing import Annotated

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge

from .arguments import validated
from .captions import CaptionedRows
from .errors import ArgumentError
from .feed import ArrayRows
from .game import AdversarialGame
from .latents import sampling_labels, training_latents
from .losses import LOSSES
from .pairs import frozen_copy, inputs_of
from .registry import variant
from .text_encoder import Vocabulary, gru_encoder, unrolled

# Captions of the data that a model keeps, for samples that nobody asked for in words.
MOST_EXAMPLES = 1000
# The latents of interpolated captions have a name of their own beside the step's.
INTERPOLATION_SEED = 1_000_003


@variant
class TextToImageGAN(AdversarialGame):
    """The text-to-image GAN, whose discriminator rejects right pictures with wrong captions (GAN-CLS, GAN-INT).

    When to use it: for pictures with captions. The text encoder is trained with the discriminator, which has to tell
    right captions from wrong ones; the generator hears it, and does not move it.

    Paper: Reed et al. 2016, "Generative adversarial text to image synthesis" (arXiv:1605.05396), algorithm 1 and
    equation 5. The paper's discriminator minimises -log s_r - (log(1 - s_w) + log(1 - s_f)) / 2 over a real picture
    with its caption, with a wrong one, and a fake; here the part with s_w is a term of its own, the matching loss,
    whose weight can be chosen, and the rest is the chosen adversarial loss.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch, text_dim)] -> (batch, *shape).
        discriminator: `keras.Model`, [(batch, *shape), (batch, text_dim)] -> (batch, 1) logits.
        text_encoder: `keras.Model`, (batch, length) int32 tokens -> (batch, text_dim); one whose `trainable` is False
            stays as it is.
        vocabulary: list of str, words in the order of their tokens, from 2 on.
        examples: list of str, captions that are drawn where none are asked for.
        matching_weight: float >= 0, of the matching loss. Default 1; 0 leaves wrong captions out.
        interpolation_weight: float >= 0, of the generator's loss on captions half way between two (GAN-INT). Default 0.
        **kwargs: of `AdversarialGame` and `AdversarialModel`: `loss` (default "non_saturating"), `label_smoothing`,
            `n_critic` (default 1), `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> captions = ["a red square", "a blue circle"]
    >>> small = {"width": 4}
    >>> model = TextToImageGAN.create((8, 8, 3), small, small, latent_dim=4, captions=captions)
    >>> model.generate(2, seed=0, texts=["a blue square", "a red circle"]).shape
    (2, 8, 8, 3)
    """

    inputs_used = ("images", "captions", "wrong_captions")
    default_network = "text_dcgan"
    network_roles = ("generator", "discriminator", "text_encoder")

    @validated
    def __init__(
        self,
        generator,
        discriminator,
        text_encoder,
        vocabulary: list[str],
        examples: list[str],
        matching_weight: Annotated[float, Ge(0)] = 1.0,
        interpolation_weight: Annotated[float, Ge(0)] = 0.0,
        **kwargs,
    ):
        (length,) = inputs_of(text_encoder)[0].shape[1:]
        self.condition_specs = {"tokens": ((length,), "int32")}
        self.matching_weight, self.interpolation_weight = matching_weight, interpolation_weight
        super().__init__(generator, discriminator, **kwargs)
        heard = inputs_of(generator)[1].shape[-1]
        if text_encoder.output_shape[-1] != heard:
            raise ArgumentError(
                f"text_encoder: received one of vectors of {text_encoder.output_shape[-1]} numbers, expected {heard}, "
                "what the generator takes: build both for the same text_dim"
            )
        self.text_encoder = text_encoder
        self.averaged_encoder = frozen_copy(text_encoder)
        self.reader = Vocabulary(vocabulary, length)
        self.examples = list(examples)

    @classmethod
    def create(cls, shape, *networks, captions, text_encoder: dict | None = None, seed=0, **arguments):
        """Builds the variant for a set of captions, with networks by name.

        Args:
            shape: tuple of int, one image without the batch axis.
            *networks: of `AdversarialModel.create`: the generator's and the discriminator's specification.
            captions: list of str, those of the training images: the vocabulary, and the length of a text.
            text_encoder: dict of `gru_encoder`'s arguments: `embedding_dim`, `units`.
            seed: int >= 0, of weights and latents. Default 0.
            **arguments: of `AdversarialModel.create` and of the constructor.
        """
        known = {"embedding_dim", "units"}
        if set(text_encoder or {}) - known:
            raise ArgumentError(
                f"model.text_encoder: received {sorted(set(text_encoder) - known)}, expected some of {sorted(known)}"
            )
        unique = sorted(set(captions))
        reader = Vocabulary.of(unique)
        encoder = gru_encoder(len(reader), reader.length, seed=seed + 2000, **(text_encoder or {}))
        chosen = np.random.default_rng(0).permutation(len(unique))[:MOST_EXAMPLES]
        own = {"text_encoder": encoder, "vocabulary": reader.known, "examples": [unique[row] for row in chosen]}
        return super().create(shape, *networks, seed=seed, **own, **arguments)

    @classmethod
    def network_facts(cls, arguments):
        """The networks are built for the encoder's vectors."""
        return {"text_dim": arguments["text_encoder"].output_shape[-1]}

    @classmethod
    def source_facts(cls, source):
        """Returns the captions of a source.

        Raises:
            ArgumentError: a source without captions.
        """
        if source.captions is None:
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has no captions, expected shapes or captions:DIR: "
                f"{cls.__name__} draws what they say"
            )
        return {"captions": sorted(set(np.asarray(source.captions).reshape(-1)))}

    # Data.

    def arranged(self, rows):
        """Gives each image one of its captions, and one that is wrong for it."""
        if isinstance(rows, ArrayRows) and "captions" in rows.rows:
            return CaptionedRows(rows.rows["images"], rows.rows["captions"])
        if getattr(rows, "captions", None) is not None:
            return CaptionedRows(rows.samples, rows.captions, rows.meanings)
        return rows

    def prepared(self, batch):
        """Reads both captions of each row into tokens."""
        return {
            "images": batch["images"],
            "tokens": self.reader(batch["captions"]),
            "wrong_tokens": self.reader(batch["wrong_captions"]),
        }

    # Sampling.

    def conditions(self, seeds, texts=None):
        """Returns the tokens of texts; without any, each seed has one of the example captions."""
        if texts is None:
            texts = self.sampling_texts(seeds)
        texts = [texts] * len(seeds) if isinstance(texts, str) else list(texts)
        if len(texts) != len(seeds) or not all(isinstance(text, str) for text in texts):
            raise ArgumentError(
                f"texts: received {len(texts)} for {len(seeds)} samples, expected a str for each, or one"
            )
        return {"tokens": self.reader.tokens(texts)}

    def sampling_texts(self, seeds):
        """Returns the caption that each seed has where none is asked for."""
        rows = sampling_labels(np.asarray(seeds, np.int32), len(self.examples)).numpy()
        return [self.examples[row] for row in rows]

    def generate(self, num, seed=None, batch_size=64, texts=None):
        """Samples the averaged generator; image i is the image of `seed + i` and its text.

        Args:
            num: int >= 1.
            seed: int in [0, 2**31 - num], or None for a fresh one each call. Default None.
            batch_size: int >= 1, images made at a time. Default 64.
            texts: str, or list of str, one for each image. Default: each seed has one of the example captions. Words
                that are not in the vocabulary count as one unknown word: `reader.unknown(texts)` names them.

        Returns:
            float32 array (num, *shape) in [-1, 1].

        Raises:
            ArgumentError: `num`, `seed` or `texts` that cannot be used.
        """
        return super().generate(num, seed, batch_size, texts=texts)

    def sample(self, seeds, *conditions):
        """Returns the averaged generator's samples of int32 seeds (batch,) and tokens (batch, length), in the graph."""
        return super().sample(seeds, self.averaged_encoder(conditions[0], training=False))

    def call(self, inputs, training=False):
        """Returns the averaged generator's samples of [latents, tokens]."""
        latents, tokens = inputs
        return self.averaged_generator([latents, self.averaged_encoder(tokens)], training=training)

    def sampling_network(self):
        """Returns [latents, tokens] -> samples, loops written out: devices have none over lists of tensors."""
        latents = keras.Input((self.latent_dim,), name="latents")
        tokens = keras.Input(self.averaged_encoder.input_shape[1:], dtype="int32", name="tokens")
        return keras.Model(
            [latents, tokens], self.averaged_generator([latents, unrolled(self.averaged_encoder)(tokens)])
        )

    # The step.

    def discriminators(self):
        """The encoder learns with the discriminator."""
        return [*super().discriminators(), self.text_encoder]

    def averaged_networks(self):
        """The encoder is averaged with the generator that hears it."""
        return [*super().averaged_networks(), (self.averaged_encoder, self.text_encoder)]

    @property
    def metric_names(self):
        """Adds both parts of the discriminator's loss, and the mean logit of right pictures with wrong captions."""
        return (*super().metric_names, "adversarial_loss", "matching_loss", "wrong_logits")

    def encode(self, tokens):
        """Returns the vectors of tokens, float32 (batch, text_dim), in training mode."""
        return self.text_encoder(tokens, training=True)

    def synthesise(self, batch):
        """Draws what the turn's captions say; no gradient reaches the encoder."""
        return self.generator([batch["latents"], tf.stop_gradient(self.encode(batch["tokens"]))], training=True)

    def discriminate(self, samples, text):
        """Returns logits of samples and the vectors of their captions."""
        return keras.ops.cast(self.discriminator([samples, text], training=True), "float32")

    def discriminator_objective(self, batch, fakes):
        """Returns the adversarial loss plus the weighted matching loss, and what is logged."""
        real = batch["images"]
        right, wrong = tf.split(self.encode(tf.concat([batch["tokens"], batch["wrong_tokens"]], 0)), 2)
        # One call, so that batch normalisation sees the same pictures on both sides of the match.
        both = self.discriminate(tf.concat([real, real], 0), tf.concat([right, wrong], 0))
        real_logits, wrong_logits = tf.split(both, 2)
        fake_logits = self.discriminate(fakes, right)
        adversarial = self.discriminator_loss(real_logits, fake_logits)
        matching = LOSSES[self.loss_name].rejection(wrong_logits)
        logs = {
            "real_logits": tf.reduce_mean(real_logits),
            "fake_logits": tf.reduce_mean(fake_logits),
            "wrong_logits": tf.reduce_mean(wrong_logits),
            "adversarial_loss": adversarial,
            "matching_loss": matching,
            **self.discriminator_metrics(real_logits, fake_logits),
        }
        return adversarial + self.matching_weight * matching, logs

    def generator_objective(self, batch, fakes):
        """Returns the adversarial loss, plus the weighted one of captions half way between the row's two."""
        right = tf.stop_gradient(self.encode(batch["tokens"]))
        loss = self.generator_loss(self.discriminate(fakes, right))
        if self.interpolation_weight:
            between = 0.5 * (right + tf.stop_gradient(self.encode(batch["wrong_tokens"])))
            rows = between.shape[0] or tf.shape(between)[0]
            numbers = self.global_rows(rows)
            latents = training_latents(self.seed + INTERPOLATION_SEED, self.step.value, numbers, self.latent_dim)
            drawn = self.generator([latents, between], training=True)
            loss = loss + self.interpolation_weight * self.generator_loss(self.discriminate(drawn, between))
        return loss, {}

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "vocabulary": self.reader.known,
            "examples": self.examples,
            "matching_weight": self.matching_weight,
            "interpolation_weight": self.interpolation_weight,
        }
