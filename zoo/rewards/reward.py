"""Rewards of complete sequences for generators trained by policy gradients."""

from typing import Literal

import keras
import tensorflow as tf
from keras import layers, ops

from ..errors import ArgumentError

# Functions of the discriminator's logits.
TRANSFORMS = {
    "probability": ops.sigmoid,
    "log": lambda logits: -ops.softplus(-logits),
    "jensen_shannon": ops.softplus,
}


class Reward(layers.Layer):
    """Base class of rewards. Rewards can be added to each other and multiplied by numbers.

    When to use it: subclass it and implement `compute_reward` for a custom reward of `SeqGAN`.

    Example:

    >>> reward = DiscriminatorReward() + 0.5 * PlaceboReward()
    >>> reward.compute_reward(tf.zeros((2, 4), tf.int32), lambda tokens, training: tf.zeros((2, 1))).numpy().tolist()
    [1.0, 1.0]
    """

    def __init__(self, **kwargs):
        super().__init__(dtype="float32", **{key: value for key, value in kwargs.items() if key != "dtype"})
        self.built = True

    def compute_reward(self, tokens, discriminate):
        """Returns the reward of each sequence.

        Args:
            tokens: int32 tensor (batch, length).
            discriminate: function of (tokens, training) that returns the discriminator's logits (batch, n).

        Returns:
            float32 tensor (batch,).
        """
        raise NotImplementedError

    def __add__(self, other):
        return RewardSum([self, other], [1.0, 1.0])

    def __mul__(self, factor):
        return RewardSum([self], [float(factor)])

    __rmul__ = __mul__


@keras.saving.register_keras_serializable("ganzoo")
class DiscriminatorReward(Reward):
    """A reward computed from the discriminator's probability D that a sequence is real.

    When to use it: as the adversarial reward of `SeqGAN`, alone or in a sum.

    Args:
        transform: "probability" for D, as in SeqGAN; "log" for log D; or "jensen_shannon" for -log(1 - D), whose policy
            gradient with an optimal discriminator is that of the Jensen-Shannon divergence. Default "probability".

    Raises:
        ArgumentError: unknown transform.

    Example:

    >>> reward = DiscriminatorReward("probability")
    >>> reward.compute_reward(tf.zeros((2, 4), tf.int32), lambda tokens, training: tf.zeros((2, 1))).numpy().tolist()
    [0.5, 0.5]
    """

    def __init__(self, transform: Literal["probability", "log", "jensen_shannon"] = "probability", **kwargs):
        super().__init__(**kwargs)
        if transform not in TRANSFORMS:
            raise ArgumentError(
                f"DiscriminatorReward: transform: received {transform!r}, expected one of {sorted(TRANSFORMS)}"
            )
        self.transform = transform

    def compute_reward(self, tokens, discriminate):
        """Returns the transformed D, averaged over the logits of each sequence."""
        return ops.mean(TRANSFORMS[self.transform](discriminate(tokens, training=False)), axis=-1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"transform": self.transform}


@keras.saving.register_keras_serializable("ganzoo")
class PlaceboReward(Reward):
    """A constant reward: the control experiment. Any metric that improves with it improves without a learning signal.

    When to use it: to test whether the improvement of a metric is caused by the reward. Without a baseline, the placebo
    increases the probability of every sampled sequence. The expected gradient is still zero, but a generator does not
    recover the diversity it loses by noise; and where gradients are clipped, the larger gradients of rare sequences
    lose more. The entropy of the generator decreases, and its samples can become more likely under the model that
    generated the data, which has been mistaken for success.

    Args:
        value: float, the reward. Default 1.

    Example:

    >>> PlaceboReward(2.0).compute_reward(tf.zeros((2, 4), tf.int32), None).numpy().tolist()
    [2.0, 2.0]
    """

    def __init__(self, value: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def compute_reward(self, tokens, discriminate):
        """Returns `value` for each sequence."""
        return tf.fill((ops.shape(tokens)[0],), tf.constant(self.value, tf.float32))

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"value": self.value}


@keras.saving.register_keras_serializable("ganzoo")
class RewardSum(Reward):
    """A weighted sum of rewards.

    When to use it: usually by `+` and `*` of rewards.

    Args:
        parts: list of `Reward`.
        weights: list of float, one per part.

    Example:

    >>> reward = RewardSum([PlaceboReward(2.0), PlaceboReward(1.0)], [1.0, 0.5])
    >>> reward.compute_reward(tf.zeros((1, 4), tf.int32), None).numpy().tolist()
    [2.5]
    """

    def __init__(self, parts, weights, **kwargs):
        super().__init__(**kwargs)
        self.parts, self.part_weights = list(parts), [float(weight) for weight in weights]

    def compute_reward(self, tokens, discriminate):
        """Returns the weighted sum of the rewards of each sequence."""
        pairs = zip(self.part_weights, self.parts, strict=True)
        return sum(weight * part.compute_reward(tokens, discriminate) for weight, part in pairs)

    def get_config(self):
        """Returns the constructor arguments."""
        parts = [keras.saving.serialize_keras_object(part) for part in self.parts]
        return super().get_config() | {"parts": parts, "weights": self.part_weights}

    @classmethod
    def from_config(cls, config):
        """Builds a sum from the result of `get_config`."""
        parts = [keras.saving.deserialize_keras_object(part) for part in config["parts"]]
        return cls(**(config | {"parts": parts}))
