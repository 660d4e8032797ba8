"""The base of text models that are trained by policy gradients."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Lt

from ..core.validation import validated
from ..sequences.token_sequences import mean_over_sequences, sequence_mask
from .text_gan import TextGAN


class PolicyGradientTextGAN(TextGAN):
    """A text model whose generator is a policy, trained with REINFORCE and a moving-average baseline.

    When to use it: as the base of a model that defines a reward for each token of a generated sequence.

    Paper: Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning".
    The gradient of the expected reward is E[sum_t (R_t - b_t) grad log G(y_t | y_<t)] for any baseline b_t that does
    not depend on y_t. Without a baseline, rewards that are all positive increase the probability of every sampled
    token.

    Args:
        generator, discriminator: of `TextGAN`.
        baseline: bool, whether to subtract the moving average of rewards. Default True; False is for control
            experiments.
        baseline_decay: float in [0, 1), decay of the moving average. Default 0.9.
        **kwargs: of `TextGAN` and `AdversarialModel`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.
    """

    # Rewards are computed from probabilities, so the discriminator has to be a classifier.
    supported_losses = ("non_saturating",)

    @validated
    def __init__(
        self, generator, discriminator, baseline: bool = True, baseline_decay: Annotated[float, Ge(0), Lt(1)] = 0.9,
        **kwargs,
    ):  # fmt: skip
        super().__init__(generator, discriminator, **kwargs)
        self.baseline, self.baseline_decay = baseline, baseline_decay
        # Every replica computes the same values, from sums over all replicas.
        shared = {"trainable": False, "dtype": "float32", "aggregation": "only_first_replica"}
        self.mean_rewards = self.add_weight(self.baseline_shape, "zeros", name="mean_rewards", **shared)
        self.reward_weights = self.add_weight(self.baseline_shape, "zeros", name="reward_weights", **shared)

    @property
    def baseline_shape(self):
        """(length,): one baseline per position."""
        return (self.length,)

    @property
    def metric_names(self):
        """Adds the mean reward per token and the generator's entropy in nats per token, estimated on its sequences."""
        return (*super().metric_names, "reward", "entropy")

    def advantages(self, rewards, tokens):
        """Updates the baseline with rewards and returns the rewards minus the baseline.

        Args:
            rewards: float32 tensor (batch, length), one per token.
            tokens: int32 tensor (batch, length), determines where sequences end.

        Returns:
            float32 tensor (batch, length); the rewards themselves if `baseline` is False.
        """
        mask = sequence_mask(tokens, self.has_eos)
        axes = [0] if self.baseline_shape else [0, 1]
        sums, counts = self.all_reduce_sum((tf.reduce_sum(rewards * mask, axes), tf.reduce_sum(mask, axes)))
        # Positions that no sequence reaches keep their average.
        update_rate = tf.cast(counts > 0, tf.float32) * (1 - self.baseline_decay)
        mean = sums / tf.maximum(counts, 1.0)
        self.mean_rewards.assign(self.mean_rewards + update_rate * (mean - self.mean_rewards))
        self.reward_weights.assign(self.reward_weights + update_rate * (1 - self.reward_weights))
        if not self.baseline:
            return rewards
        # Bias correction: the moving average starts at 0.
        return rewards - self.mean_rewards / tf.maximum(self.reward_weights, 1e-6)

    def policy_loss(self, tokens, advantages):
        """Returns the scalar whose gradient is the negative policy gradient, and a dict of scalars to log.

        Args:
            tokens: int32 tensor (batch, length), sampled by the generator.
            advantages: float32 tensor (batch, length); no gradient flows through it.
        """
        logs = self.generator.log_probabilities(tokens)
        loss = -mean_over_sequences(tf.stop_gradient(advantages) * logs, tokens, self.has_eos)
        return loss, {"entropy": tf.stop_gradient(-self.mean_of(logs, tokens))}

    def mean_of(self, values, tokens):
        """Averages values over the tokens of all sequences on all replicas; returns a replica's contribution.

        The mean over replicas of the returned values is the mean over all tokens that belong to their sequences.

        Args:
            values: float32 tensor (batch, length).
            tokens: int32 tensor (batch, length), determines where sequences end.

        Returns:
            float32 scalar.
        """
        mask = sequence_mask(tokens, self.has_eos)
        # Lengths vary, so replicas with equal numbers of sequences have different numbers of tokens.
        tokens_per_replica = self.all_reduce_sum(tf.reduce_sum(mask)) / self._num_replicas
        return tf.reduce_sum(values * mask) / tokens_per_replica

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"baseline": self.baseline, "baseline_decay": self.baseline_decay}
