"""The foundation of text variants that learn from rewards: the policy gradient."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge, Lt

from .arguments import validated
from .text import TextModel
from .tokens import alive, mean_over_sequences


class ReinforcedText(TextModel):
    """A text model whose generator is a policy: what earned more than usual becomes likelier (REINFORCE).

    When to use it: as the base of a variant that says what each token of a generated sequence has earned.

    Paper: Williams 1992, "Simple statistical gradient-following algorithms for connectionist reinforcement learning".
    The gradient of the expected reward is E[sum_t (R_t - b_t) grad log G(y_t | y_<t)] for any baseline b_t that does
    not hang on y_t; without one, rewards that are all positive make everything likelier that happens to be drawn.

    Args:
        generator, discriminator: of `TextModel`.
        baseline: bool, whether the moving mean of rewards is taken off. Default True; False is for controls.
        baseline_decay: float in [0, 1), of the moving mean. Default 0.9.
        **kwargs: of `TextModel` and `AdversarialStep`.
    """

    @validated
    def __init__(
        self, generator, discriminator, baseline: bool = True, baseline_decay: Annotated[float, Ge(0), Lt(1)] = 0.9,
        **kwargs,
    ):  # fmt: skip
        super().__init__(generator, discriminator, **kwargs)
        self.baseline, self.baseline_decay = baseline, baseline_decay
        # Every replica computes the same numbers from sums over all of them.
        shared = {"trainable": False, "dtype": "float32", "aggregation": "only_first_replica"}
        self.mean_rewards = self.add_weight(self.baseline_shape, "zeros", name="mean_rewards", **shared)
        self.reward_weights = self.add_weight(self.baseline_shape, "zeros", name="reward_weights", **shared)

    @property
    def baseline_shape(self):
        """(length,): a baseline for each position."""
        return (self.length,)

    @property
    def metric_names(self):
        """Adds the mean reward of a token and the generator's entropy, nats a token, as its own sequences show it."""
        return (*super().metric_names, "reward", "entropy")

    def advantages(self, rewards, tokens):
        """Returns rewards without what is usual, and learns what is usual.

        Args:
            rewards: float32 tensor (batch, length), one a token.
            tokens: int32 tensor (batch, length), which tells where sequences end.

        Returns:
            float32 tensor (batch, length).
        """
        counted = alive(tokens, self.ends)
        axes = [0] if self.baseline_shape else [0, 1]
        sums, counts = self.over_replicas((tf.reduce_sum(rewards * counted, axes), tf.reduce_sum(counted, axes)))
        seen = tf.cast(counts > 0, tf.float32) * (1 - self.baseline_decay)
        mean = sums / tf.maximum(counts, 1.0)
        self.mean_rewards.assign(self.mean_rewards + seen * (mean - self.mean_rewards))
        self.reward_weights.assign(self.reward_weights + seen * (1 - self.reward_weights))
        if not self.baseline:
            return rewards
        # Divided by how much of the moving mean is rewards and not the zero it began with.
        return rewards - self.mean_rewards / tf.maximum(self.reward_weights, 1e-6)

    def policy_loss(self, tokens, advantages):
        """Returns the scalar whose gradient is the policy gradient, and what is logged.

        Args:
            tokens: int32 tensor (batch, length), the generator's own sequences.
            advantages: float32 tensor (batch, length); no gradient flows through it.
        """
        logs = self.generator.log_probabilities(tokens)
        loss = -mean_over_sequences(tf.stop_gradient(advantages) * logs, tokens, self.ends)
        return loss, {"entropy": tf.stop_gradient(-self.mean_of(logs, tokens))}

    def mean_of(self, values, tokens):
        """Returns the mean over all tokens that belong to their sequence, of all replicas, as a replica's share of it.

        Args:
            values: float32 tensor (batch, length).
            tokens: int32 tensor (batch, length), which tells where sequences end.
        """
        counted = alive(tokens, self.ends)
        # Sequences end where they like: replicas with equally many of them have not equally many tokens.
        share = self.over_replicas(tf.reduce_sum(counted)) / self._replicas
        return tf.reduce_sum(values * counted) / share

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"baseline": self.baseline, "baseline_decay": self.baseline_decay}
