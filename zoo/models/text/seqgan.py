"""SeqGAN: policy gradients with rewards of complete sequences, estimated per token by Monte Carlo rollouts."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Ge
from keras import ops

from ...core.prng import training_uniforms_of_rows
from ...core.validation import validated
from ...errors import ArgumentError
from ...families.policy_gradient_text_gan import PolicyGradientTextGAN
from ...registry import variant

# `.keras` files name rewards, which are registered when they are imported.
from ...rewards import bleu_reward, semantic_reward  # noqa: F401
from ...rewards.reward import DiscriminatorReward
from ...rewards.reward_specs import build_reward, read_reward

# Offset of the seed, so that rollouts are independent of other random numbers of a step.
ROLLOUT_SEED = 2_000_003


@variant
class SeqGAN(PolicyGradientTextGAN):
    """A text GAN trained by policy gradients, with token rewards estimated by Monte Carlo rollouts.

    When to use it: for short sequences and any reward of complete sequences: the discriminator's output, BLEU,
    similarity to a topic, or a sum of them. Start from a generator that is pretrained by maximum likelihood.

    Paper: Yu et al. 2017, "SeqGAN: sequence generative adversarial nets with policy gradient" (arXiv:1609.05473),
    equations 3 to 7. The reward of token t is the mean reward of `rollouts` sequences that share the first t tokens and
    are completed by the generator. The reward of the last token is that of the sequence itself. The rollouts of all
    positions are computed in one batch.

    Without rollouts every token gets the reward of its sequence, and the policy gradient is the same in expectation.
    Its variance per sequence is higher, but a sequence costs much less, so a larger batch may learn more in less time.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, (batch, length) -> (batch, logits).
        reward: `Reward`. Default: `DiscriminatorReward()`.
        rollouts: int >= 0, completions sampled for each prefix of a sequence. Default 4.
        **kwargs: of `PolicyGradientTextGAN`, `TextGAN` and `AdversarialModel`: `baseline`, `baseline_decay`,
            `vocabulary`, `discriminator_warmup_steps`, `sample_unknown`, `n_critic` (default 5), `ema_halflife_kimg`,
            `ema_rampup`, `seed`.

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
        if reward is not None and not hasattr(reward, "compute_reward"):
            raise ArgumentError(f"reward: received {reward!r}, expected a Reward: use SeqGAN.create with its name")
        self.reward = DiscriminatorReward() if reward is None else reward
        self.rollouts = rollouts

    @classmethod
    def check_arguments(cls, arguments):
        """Refuses an unknown reward, and an argument that it does not take."""
        super().check_arguments(arguments)
        if "reward" in arguments:
            read_reward(arguments["reward"])

    @classmethod
    def arguments_from_corpus(cls, corpus, vocabulary_size, has_eos, vocabulary, arguments):
        """Builds the reward that a recipe specifies."""
        reward = arguments.get("reward")
        if reward is None or hasattr(reward, "compute_reward"):
            return {}
        tokenizer = arguments.get("tokenizer")
        return {"reward": build_reward(reward, corpus, vocabulary_size, has_eos, vocabulary, tokenizer)}

    def sample_step_inputs(self, num_rows, step, update=0):
        """Adds the uniform random numbers of the rollouts."""
        count = self.rollouts * (self.length - 1) * self.length
        rows = self.global_row_indices(num_rows)
        uniforms = training_uniforms_of_rows(ROLLOUT_SEED + self.seed, step, rows, count, update)
        return super().sample_step_inputs(num_rows, step, update) | {"uniforms": uniforms}

    def generator_objective(self, batch, fakes):
        """Returns the policy loss on generated sequences, and a dict of scalars to log."""
        rewards = tf.stop_gradient(self.token_rewards(fakes, batch["uniforms"]))
        loss, logs = self.policy_loss(fakes, self.advantages(rewards, fakes))
        return loss, logs | {"reward": self.mean_of(rewards, fakes)}

    def token_rewards(self, tokens, uniforms):
        """Returns the reward of each token, estimated by rollouts.

        Args:
            tokens: int32 tensor (batch, length).
            uniforms: float32 tensor (batch, rollouts * (length - 1) * length) in (0, 1].

        Returns:
            float32 tensor (batch, length).
        """
        batch_size, length, prefixes = ops.shape(tokens)[0], self.length, self.length - 1
        sequence_rewards = self.reward.compute_reward(tokens, self.logits_of_tokens)
        if not self.rollouts * prefixes:
            return tf.repeat(sequence_rewards[:, tf.newaxis], length, axis=1)
        # All rollouts are one batch, flattened from these axes.
        axes = (batch_size, self.rollouts, prefixes)
        repeated = tf.reshape(tf.broadcast_to(tokens[:, None, None], (*axes, length)), (-1, length))
        prefix_lengths = tf.reshape(tf.broadcast_to(tf.range(1, length), axes), (-1,))
        completed = self.generator.rollout(repeated, prefix_lengths, tf.reshape(uniforms, (-1, length)))
        rollout_rewards = tf.reshape(self.reward.compute_reward(completed, self.logits_of_tokens), axes)
        return tf.concat([tf.reduce_mean(rollout_rewards, axis=1), sequence_rewards[:, tf.newaxis]], axis=1)

    def logits_of_tokens(self, tokens, training=False):
        """Returns the discriminator's logits of sequences, for rewards."""
        return self.discriminate(tokens, {}, training)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"rollouts": self.rollouts}
