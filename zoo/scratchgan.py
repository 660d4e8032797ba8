"""ScratchGAN: a reward for every token, and no pretraining."""

from typing import Annotated

import keras
import tensorflow as tf
from annotated_types import Ge, Le

from .arguments import validated
from .errors import ArgumentError
from .registry import variant
from .reinforced import ReinforcedText
from .tokens import alive


@variant
class ScratchGAN(ReinforcedText):
    """Text by policy gradients from scratch: a recurrent discriminator rewards every token.

    When to use it: without pretraining, in large batches: dense rewards and a baseline make the gradient quiet enough
    to begin with noise.

    Paper: de Masson d'Autume et al. 2019, "Training language GANs from scratch" (arXiv:1905.09922), section 3. The
    reward of a token is r_t = 2 D(y_1..t) - 1, its return R_t = sum over s >= t of gamma^(s - t) r_s, and the baseline
    one moving mean of all returns.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, (batch, length) -> (batch, length) logits, each of a token and those before it.
        discount: float in [0, 1], gamma. Default 0.23, the paper's.
        **kwargs: of `ReinforcedText`, `TextModel` and `AdversarialStep`: `baseline`, `baseline_decay` (default 0.92),
            `vocabulary`, `head_start`, `n_critic` (default 1), `average_half_life`, `average_ramp`, `seed`.

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
                f"discriminator: received one of logits {discriminator.output_shape}, expected {(None, self.length)}: "
                "ScratchGAN rewards every token; take the network `recurrent`"
            )
        self.discount = discount

    @property
    def baseline_shape(self):
        """(): one number for all positions."""
        return ()

    def default_optimizers(self):
        """Adam with the paper's rates: the discriminator's is a hundred times the generator's."""
        return keras.optimizers.Adam(9.6e-5, beta_1=0.5), keras.optimizers.Adam(9.4e-3, beta_1=0.5)

    def discriminator_objective(self, batch, fakes):
        """Returns the mean loss of all tokens that belong to their sequences."""
        real, logs = batch["tokens"], {}
        loss = 0.0
        for name, tokens, sign in (("real_logits", real, -1.0), ("fake_logits", fakes, 1.0)):
            logits = self.discriminate(tokens)
            loss += self.mean_of(keras.ops.softplus(sign * logits), tokens)
            logs[name] = self.mean_of(logits, tokens)
        return loss, logs

    def generator_objective(self, batch, fakes):
        """Returns the policy loss with discounted returns of the tokens' own rewards."""
        rewards = 2 * keras.ops.sigmoid(self.discriminate(fakes, training=False)) - 1
        rewards = tf.stop_gradient(rewards)
        loss, logs = self.policy_loss(fakes, self.advantages(self.returns(rewards, fakes), fakes))
        return loss, logs | {"reward": self.mean_of(rewards, fakes)}

    def returns(self, rewards, tokens):
        """Returns sum over s >= t of gamma^(s - t) r_s, within each sequence: float32 (batch, length)."""
        counted = rewards * alive(tokens, self.ends)
        found = [counted[:, -1]]
        for position in reversed(range(self.length - 1)):
            found.append(counted[:, position] + self.discount * found[-1])
        return tf.stack(found[::-1], axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"discount": self.discount}
