"""ScratchGAN: training without pretraining, with a reward for every token."""

from typing import Annotated

import keras
import tensorflow as tf
from annotated_types import Ge, Le

from ...core.validation import validated
from ...errors import ArgumentError
from ...families.policy_gradient_text_gan import PolicyGradientTextGAN
from ...registry import variant
from ...sequences.token_sequences import sequence_mask


@variant
class ScratchGAN(PolicyGradientTextGAN):
    """A text GAN trained from random weights: a recurrent discriminator gives a reward for every token.

    When to use it: without pretraining and with large batches. Dense rewards and a baseline reduce the variance of the
    policy gradient enough to start from random weights.

    Paper: de Masson d'Autume et al. 2019, "Training language GANs from scratch" (arXiv:1905.09922), section 3. The
    reward of a token is r_t = 2 D(y_1..t) - 1, its return is R_t = sum over s >= t of gamma^(s - t) r_s, and the
    baseline is a single moving average of all returns.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, (batch, length) -> (batch, length) logits, one per token given the preceding ones.
        discount: float in [0, 1], gamma. Default 0.23, as in the paper.
        baseline_decay: float in [0, 1), decay of the baseline's moving average. Default 0.92.
        **kwargs: of `PolicyGradientTextGAN`, `TextGAN` and `AdversarialModel`: `baseline`, `vocabulary`,
            `discriminator_warmup_steps`, `sample_unknown`, `n_critic` (default 1), `ema_halflife_kimg`, `ema_rampup`,
            `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> model = ScratchGAN.create((6,), {"units": 4}, {"units": 4}, vocabulary_size=10)
    >>> model.generate(3, seed=0).shape
    (3, 6)
    """

    default_networks = {"generator": "recurrent", "discriminator": "recurrent"}

    @validated
    def __init__(
        self, generator, discriminator, discount: Annotated[float, Ge(0), Le(1)] = 0.23, baseline_decay: float = 0.92,
        **kwargs,
    ):  # fmt: skip
        super().__init__(generator, discriminator, baseline_decay=baseline_decay, **kwargs)
        if discriminator.output_shape != (None, self.length):
            raise ArgumentError(
                f"discriminator: received logits of shape {discriminator.output_shape}, expected "
                f"{(None, self.length)}: ScratchGAN needs one logit per token; use the network 'recurrent'"
            )
        self.discount = discount

    @property
    def baseline_shape(self):
        """(): one baseline for all positions."""
        return ()

    def default_optimizers(self):
        """Adam with the learning rates of the paper; the discriminator's is about a hundred times the generator's."""
        return keras.optimizers.Adam(9.6e-5, beta_1=0.5), keras.optimizers.Adam(9.4e-3, beta_1=0.5)

    def discriminator_objective(self, batch, fakes):
        """Returns the mean loss over all tokens that belong to their sequences, and a dict of scalars to log."""
        real = batch["tokens"]
        real_logits, fake_logits = (self.discriminate(tokens, batch, training=True) for tokens in (real, fakes))
        return self.token_losses(real, real_logits, fakes, fake_logits)

    def token_losses(self, real, real_logits, fakes, fake_logits):
        """Returns the discriminator's mean loss over all tokens of real and generated sequences, and what to log.

        Args:
            real, fakes: int32 tensors (batch, length), sequences.
            real_logits, fake_logits: float32 tensors (batch, length), the logits of their tokens.
        """
        smoothing = self.label_smoothing
        right, wrong = keras.ops.softplus(-real_logits), keras.ops.softplus(real_logits)
        loss = self.mean_of((1 - smoothing) * right + smoothing * wrong, real)
        loss += self.mean_of(keras.ops.softplus(fake_logits), fakes)
        correct = [
            self.mean_of(keras.ops.cast(are_correct, "float32"), tokens)
            for are_correct, tokens in ((real_logits > 0, real), (fake_logits < 0, fakes))
        ]
        return loss, {
            "real_logits": self.mean_of(real_logits, real),
            "fake_logits": self.mean_of(fake_logits, fakes),
            "d_accuracy": 0.5 * sum(correct),
        }

    def evaluation_metrics(self, batch, fakes):
        """Returns the means of `evaluate` over the tokens that belong to their sequences."""
        real, fake_logits = batch["tokens"], self.discriminate(fakes, batch, training=False)
        d_loss, logs = self.token_losses(real, self.discriminate(real, batch, training=False), fakes, fake_logits)
        return {"d_loss": d_loss, "g_loss": self.mean_of(keras.ops.softplus(-fake_logits), fakes), **logs}

    def generator_objective(self, batch, fakes):
        """Returns the policy loss with the discounted returns of the token rewards, and a dict of scalars to log."""
        rewards = 2 * keras.ops.sigmoid(self.discriminate(fakes, batch, training=False)) - 1
        rewards = tf.stop_gradient(rewards)
        loss, logs = self.policy_loss(fakes, self.advantages(self.returns(rewards, fakes), fakes))
        return loss, logs | {"reward": self.mean_of(rewards, fakes)}

    def returns(self, rewards, tokens):
        """Returns the sum over s >= t of gamma^(s - t) r_s within each sequence: float32 (batch, length)."""
        rewards = rewards * sequence_mask(tokens, self.has_eos)
        returns = [rewards[:, -1]]
        for position in reversed(range(self.length - 1)):
            returns.append(rewards[:, position] + self.discount * returns[-1])
        return tf.stack(returns[::-1], axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"discount": self.discount}
