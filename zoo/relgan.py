"""RelGAN: no rewards, but relaxed tokens that a gradient flows through."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Gt

from .arguments import validated
from .losses import LOSSES
from .registry import variant
from .text import TextModel
from .tokens import training_uniforms_of_rows

# What tokens are mixed by has a name of its own beside the step's noise.
BLENDING_SEED = 3_000_017


@variant
class RelGAN(TextModel):
    """Text without reinforcement: a Gumbel softmax lets the discriminator's gradient through to the generator.

    When to use it: where rewards of whole sequences teach too slowly. Forwards the discriminator sees tokens, backwards
    the generator hears a softmax that grows sharper while it learns (straight-through).

    Paper: Nie et al. 2019, "RelGAN: relational generative adversarial networks for text generation" (ICLR 2019),
    equations 3 to 8, with its relativistic loss log sigmoid(D(real) - D(fake)) over several representations; the
    inverse temperature grows as final^(step / anneal_steps). The generator is whatever sequence generator is given, not
    the paper's relational memory.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, distributions over tokens (batch, length, vocabulary_size) -> (batch, logits).
        inverse_temperature: float > 0, the final one. Default 10; the paper's 100 and 1,000 are for softmax outputs
            that the discriminator sees as they are.
        anneal_steps: int >= 1, generator updates until then. Default 3000.
        blended: bool, whether the discriminator learns from sequences one token of which is mixed with another. Default
            True; not in the paper.
        loss: "relativistic", the paper's; "non_saturating"; or "minimax", which descends the Jensen-Shannon divergence
            where the others lean to what is likely. Default "relativistic".
        **kwargs: of `TextModel` and `AdversarialStep`: `vocabulary`, `head_start`, `n_critic` (default 5),
            `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> model = RelGAN.create((6,), {"units": 4}, {"filters": 4}, vocabulary_size=10)
    >>> model.generate(3, seed=0).shape
    (3, 6)
    """

    default_n_critic = 5

    @validated
    def __init__(
        self, generator, discriminator, inverse_temperature: Annotated[float, Gt(0)] = 10.0,
        anneal_steps: Annotated[int, Ge(1)] = 3000, blended: bool = True,
        loss: Literal["relativistic", "non_saturating", "minimax"] = "relativistic", **kwargs,
    ):  # fmt: skip
        super().__init__(generator, discriminator, **kwargs)
        self.inverse_temperature, self.anneal_steps, self.blended = inverse_temperature, anneal_steps, blended
        # Not `loss`, which is an attribute of Keras' own.
        self.loss_name = loss

    @classmethod
    def specified(cls, role, given):
        """Gives the discriminator several representations where it is the text CNN and nothing is said of them."""
        found = super().specified(role, given)
        several = {"representations": 8} if found["network"] == "text_cnn" else {}
        return several | found

    @property
    def metric_names(self):
        """Adds the inverse temperature."""
        return (*super().metric_names, "inverse_temperature")

    def _sharpness(self):
        progress = tf.minimum(tf.cast(self.step.value, tf.float32) / self.anneal_steps, 1.0)
        return tf.pow(tf.constant(self.inverse_temperature, tf.float32), progress)

    def drawn(self, rows):
        """Adds the numbers by which tokens are mixed."""
        if not self.blended:
            return super().drawn(rows)
        numbers = training_uniforms_of_rows(BLENDING_SEED + self.seed, self.step.value, self.global_rows(rows), 6)
        return super().drawn(rows) | {"blends": numbers}

    def blend(self, sequences, numbers):
        """Mixes a token of each sequence, at a random position, with a random other one.

        A discriminator of tokens alone may have any slope between them, and the slope is all that the generator hears.
        Where the other's weight w has the density 2 (1 - w), the best discriminator on the way from token a to token b
        is log((1 - w) p_a + w p_b) - log((1 - w) q_a + w q_b): at a it rises towards b exactly where p_b / q_b is more
        than p_a / q_a.

        Args:
            sequences: float32 tensor (batch, length, vocabulary_size) of one-hot vectors.
            numbers: float32 tensor (batch, 3), uniform in (0, 1].
        """
        weight, position, other = tf.unstack(numbers, axis=1)
        place = tf.one_hot(tf.cast((1 - position) * self.length, tf.int32), self.length)
        token = tf.one_hot(tf.cast((1 - other) * self.vocabulary_size, tf.int32), self.vocabulary_size)
        share = (place * (1 - tf.sqrt(weight))[:, tf.newaxis])[:, :, tf.newaxis]
        return (1 - share) * sequences + share * token[:, tf.newaxis]

    def synthesise(self, batch):
        """Returns the generator's sequences as one-hot vectors that a gradient flows through."""
        return self.generator.relaxed(batch["noise"], self._sharpness())

    def discriminator_objective(self, batch, fakes):
        """Returns the discriminator's loss; -log sigmoid(D(real) - D(fake)) in the relativistic game."""
        real = batch["tokens"]
        if self.blended:
            real = self.blend(tf.one_hot(real, self.vocabulary_size), batch["blends"][:, :3])
            fakes = self.blend(fakes, batch["blends"][:, 3:])
        real_logits, fake_logits = self.discriminate(real), self.discriminate(fakes)
        if self.loss_name == "relativistic":
            loss = tf.reduce_mean(keras.ops.softplus(fake_logits - real_logits))
        else:
            loss = LOSSES[self.loss_name].discriminator(real_logits, fake_logits)
        return loss, {"real_logits": tf.reduce_mean(real_logits), "fake_logits": tf.reduce_mean(fake_logits)}

    def generator_objective(self, batch, fakes):
        """Returns the generator's loss, -log sigmoid(D(fake) - D(real)) in the relativistic game."""
        fake_logits = self.discriminate(fakes)
        if self.loss_name == "relativistic":
            loss = tf.reduce_mean(keras.ops.softplus(self.discriminate(batch["tokens"]) - fake_logits))
        else:
            loss = LOSSES[self.loss_name].generator(fake_logits)
        return loss, {"inverse_temperature": self._sharpness()}

    def get_config(self):
        """Returns the constructor arguments."""
        own = {"inverse_temperature": self.inverse_temperature, "anneal_steps": self.anneal_steps}
        own |= {"blended": self.blended, "loss": self.loss_name}
        return super().get_config() | own
