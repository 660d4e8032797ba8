"""RelGAN: training by gradients through relaxed tokens instead of rewards."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Gt

from ...core.prng import training_uniforms_of_rows
from ...core.validation import validated
from ...families.text_gan import TextGAN
from ...registry import variant

# Offset of the seed, so that interpolation is independent of other random numbers of a step.
INTERPOLATION_SEED = 3_000_017


@variant
class RelGAN(TextGAN):
    """A text GAN trained without policy gradients: a Gumbel softmax passes the discriminator's gradient on.

    When to use it: where training on rewards of complete sequences is too slow. In the forward pass the discriminator
    receives one-hot tokens; in the backward pass the generator receives the gradient of a softmax whose temperature
    decreases during training (straight-through estimator).

    Paper: Nie et al. 2019, "RelGAN: relational generative adversarial networks for text generation" (ICLR 2019,
    https://openreview.net/forum?id=rJedV3R5tm), equations 3 to 8, with its relativistic loss log sigmoid(D(real) -
    D(fake)) over several representations. The inverse temperature grows as final^(step / anneal_steps). Any sequence
    generator can be used; the relational memory of the paper is not included.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, distributions over tokens (batch, length, vocabulary_size) -> (batch, logits).
        inverse_temperature: float > 0, the final value. Default 10; the values of the paper, 100 and 1,000, are for
            softmax outputs that the discriminator receives directly.
        anneal_steps: int >= 1, generator updates until the final value is reached. Default 3000.
        interpolate_tokens: bool, whether to interpolate one token of each sequence with another one in discriminator
            updates, see `interpolate`. Default True; not in the paper.
        **kwargs: of `TextGAN` and `AdversarialModel`: `loss`, `label_smoothing`, `regularizers`, `vocabulary`,
            `discriminator_warmup_steps`, `sample_unknown`, `n_critic` (default 5), `generator_updates`,
            `ema_halflife_kimg`, `ema_rampup`, `seed`. The loss is "relativistic" by default, as in the paper;
            "minimax" minimizes the Jensen-Shannon divergence, while the others favor likely sequences.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> model = RelGAN.create((6,), {"units": 4}, {"filters": 4}, vocabulary_size=10)
    >>> model.generate(3, seed=0).shape
    (3, 6)
    """

    default_n_critic = 5
    supported_losses = ("relativistic", "non_saturating", "minimax")
    # The discriminator receives distributions over tokens.
    differentiable_samples = True

    @validated
    def __init__(
        self, generator, discriminator, inverse_temperature: Annotated[float, Gt(0)] = 10.0,
        anneal_steps: Annotated[int, Ge(1)] = 3000, interpolate_tokens: bool = True, **kwargs,
    ):  # fmt: skip
        super().__init__(generator, discriminator, **kwargs)
        self.inverse_temperature, self.anneal_steps = inverse_temperature, anneal_steps
        self.interpolate_tokens = interpolate_tokens

    @classmethod
    def resolve_network_spec(cls, role, spec):
        """Returns the specification of a role's network; a text CNN gets 8 representations unless specified."""
        spec = super().resolve_network_spec(role, spec)
        defaults = {"representations": 8} if spec["network"] == "text_cnn" else {}
        return defaults | spec

    @property
    def metric_names(self):
        """Adds the current inverse temperature."""
        return (*super().metric_names, "inverse_temperature")

    def current_inverse_temperature(self):
        """Returns the inverse temperature of the current step: float32 scalar."""
        progress = tf.minimum(tf.cast(self.step.value, tf.float32) / self.anneal_steps, 1.0)
        return tf.pow(tf.constant(self.inverse_temperature, tf.float32), progress)

    def sample_step_inputs(self, num_rows, step, update=0):
        """Adds the uniform random numbers of the interpolation: three for real and three for generated sequences."""
        inputs = super().sample_step_inputs(num_rows, step, update)
        if self.interpolate_tokens:
            rows, seed = self.global_row_indices(num_rows), INTERPOLATION_SEED + self.seed
            inputs["interpolation"] = training_uniforms_of_rows(seed, step, rows, 6, update)
        return inputs

    def interpolate(self, sequences, uniforms):
        """Interpolates one token of each sequence, at a random position, with a random token.

        A discriminator that is trained only on one-hot tokens can have any slope between them, and this slope is the
        only training signal of the generator. If the weight w of the other token has the density 2 (1 - w), the optimal
        discriminator between token a and token b is log((1 - w) p_a + w p_b) - log((1 - w) q_a + w q_b), with the
        probabilities p of real and q of generated tokens. At a it increases toward b if and only if
        p_b / q_b > p_a / q_a.

        Args:
            sequences: float32 tensor (batch, length, vocabulary_size) of one-hot vectors.
            uniforms: float32 tensor (batch, 3) in (0, 1]: for the weight, the position and the token.

        Returns:
            float32 tensor (batch, length, vocabulary_size).
        """
        weight, position, token = tf.unstack(uniforms, axis=1)
        position = tf.one_hot(tf.cast((1 - position) * self.length, tf.int32), self.length)
        token = tf.one_hot(tf.cast((1 - token) * self.vocabulary_size, tf.int32), self.vocabulary_size)
        weights = (position * (1 - tf.sqrt(weight))[:, tf.newaxis])[:, :, tf.newaxis]
        return (1 - weights) * sequences + weights * token[:, tf.newaxis]

    def generate_fakes(self, batch, training=True):
        """Returns the generator's sequences as one-hot vectors that gradients flow through."""
        return self.generator.sample_relaxed(batch["noise"], self.current_inverse_temperature())

    def real_samples(self, batch):
        """Returns the sequences of an update as one-hot vectors (batch, length, vocabulary_size)."""
        return tf.one_hot(batch["tokens"], self.vocabulary_size)

    def discriminator_objective(self, batch, fakes):
        """Returns the discriminator's loss on interpolated sequences, and a dict of scalars to log."""
        real = self.real_samples(batch)
        if self.interpolate_tokens:
            real = self.interpolate(real, batch["interpolation"][:, :3])
            fakes = self.interpolate(fakes, batch["interpolation"][:, 3:])
        real_logits, fake_logits = (self.discriminate(samples, batch, training=True) for samples in (real, fakes))
        return self.discriminator_loss(real_logits, fake_logits), self.describe_logits(real_logits, fake_logits)

    def generator_objective(self, batch, fakes):
        """Returns the adversarial loss, and the inverse temperature to log."""
        loss = self.generator_adversarial_loss(batch, fakes)
        return loss, {"inverse_temperature": self.current_inverse_temperature()}

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "inverse_temperature": self.inverse_temperature,
            "anneal_steps": self.anneal_steps,
            "interpolate_tokens": self.interpolate_tokens,
        }
