"""SeqGAN: what a token has earned is what the sequences that go on from it are worth."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge
from keras import ops

# Rewards are registered where they are imported, and `.keras` files name them.
from . import bleu_reward, semantic_reward  # noqa: F401
from .arguments import validated
from .errors import ArgumentError
from .registry import variant
from .reinforced import ReinforcedText
from .rewards import DiscriminatorReward, build_reward, read_reward
from .tokens import training_uniforms_of_rows

# Rollouts have a name of their own beside the step's noise.
ROLLOUT_SEED = 2_000_003


@variant
class SeqGAN(ReinforcedText):
    """Text by policy gradients, each token rewarded by what sequences are worth that go on from it.

    When to use it: for short sequences and any reward of whole ones: the discriminator's opinion, BLEU, closeness to a
    topic, or a sum. Start it from a generator that was pretrained by maximum likelihood.

    Paper: Yu et al. 2017, "SeqGAN: sequence generative adversarial nets with policy gradient" (arXiv:1609.05473),
    equations 3 to 7. The reward of token t is the mean reward of `rollouts` sequences that share the first t tokens and
    are drawn to their end by the generator; that of the last token is the reward of the sequence itself. All rollouts
    of all positions are one batch.

    Without rollouts every token has the reward of its sequence: the policy gradient is the same in expectation. It is
    noisier a sequence, but a sequence costs much less; with a larger batch in exchange it may learn more in less time.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, (batch, length) -> (batch, logits).
        reward: `Reward`. Default: `DiscriminatorReward()`.
        rollouts: int >= 0, sequences that are drawn to their end from each token. Default 4.
        **kwargs: of `ReinforcedText`, `TextModel` and `AdversarialStep`: `baseline`, `baseline_decay`, `vocabulary`,
            `head_start`, `n_critic` (default 5), `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> model = SeqGAN.create((6,), {"units": 4}, {"filters": 4}, vocabulary_size=10, rollouts=2)
    >>> model.generate(3, seed=0).shape
    (3, 6)
    """

    default_n_critic = 5
    network_roles = ("generator", "discriminator", "reward")

    @validated
    def __init__(self, generator, discriminator, reward=None, rollouts: Annotated[int, Ge(0)] = 4, **kwargs):
        super().__init__(generator, discriminator, **kwargs)
        if reward is not None and not hasattr(reward, "worth"):
            raise ArgumentError(f"reward: received {reward!r}, expected a Reward; `create` builds one by its name")
        self.reward = DiscriminatorReward() if reward is None else reward
        self.rollouts = rollouts

    @classmethod
    def check_arguments(cls, arguments):
        """Refuses a reward that there is none of, or an argument that it does not have."""
        if "reward" in arguments:
            read_reward(arguments["reward"])

    @classmethod
    def built_of(cls, corpus, vocabulary_size, ends, vocabulary, arguments):
        """Builds the reward that a recipe names."""
        reward = arguments.get("reward")
        if reward is None or hasattr(reward, "worth"):
            return {}
        return {"reward": build_reward(reward, corpus, vocabulary_size, ends, vocabulary)}

    def drawn(self, rows):
        """Adds the numbers that rollouts are drawn by."""
        count = self.rollouts * (self.length - 1) * self.length
        numbers = training_uniforms_of_rows(ROLLOUT_SEED + self.seed, self.step.value, self.global_rows(rows), count)
        return super().drawn(rows) | {"uniforms": numbers}

    def generator_objective(self, batch, fakes):
        """Returns the policy loss on the turn's sequences."""
        rewards = tf.stop_gradient(self.token_rewards(fakes, batch["uniforms"]))
        loss, logs = self.policy_loss(fakes, self.advantages(rewards, fakes))
        return loss, logs | {"reward": self.mean_of(rewards, fakes)}

    def token_rewards(self, tokens, uniforms):
        """Returns what each token has earned.

        Args:
            tokens: int32 tensor (batch, length).
            uniforms: float32 tensor (batch, rollouts * (length - 1) * length) in (0, 1].

        Returns:
            float32 tensor (batch, length).
        """
        rows, length, prefixes = ops.shape(tokens)[0], self.length, self.length - 1
        whole = self.reward.worth(tokens, self.discriminate)
        if not self.rollouts * prefixes:
            return tf.repeat(whole[:, tf.newaxis], length, axis=1)
        # Row (row, rollout, prefix) of one batch, in this order.
        each = (rows, self.rollouts, prefixes)
        repeated = tf.reshape(tf.broadcast_to(tokens[:, None, None], (*each, length)), (-1, length))
        given = tf.reshape(tf.broadcast_to(tf.range(1, length), each), (-1,))
        completed = self.generator.complete(repeated, given, tf.reshape(uniforms, (-1, length)))
        worth = tf.reshape(self.reward.worth(completed, self.discriminate), each)
        return tf.concat([tf.reduce_mean(worth, axis=1), whole[:, tf.newaxis]], axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"rollouts": self.rollouts}
