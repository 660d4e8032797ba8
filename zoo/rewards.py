"""Rewards of whole sequences: what a generator that learns by reinforcement is told it has earned."""

import math
from typing import Literal

import keras
import tensorflow as tf
from keras import layers, ops

from .arguments import explain, schema_of
from .errors import ArgumentError
from .registry import nearest

# Of the discriminator's logits.
FORMS = {
    "probability": ops.sigmoid,
    "log": lambda logits: -ops.softplus(-logits),
    "jensen_shannon": ops.softplus,
}


class Reward(layers.Layer):
    """What a sequence is worth; rewards are added, and multiplied by numbers.

    Example:

    >>> reward = DiscriminatorReward() + 0.5 * PlaceboReward()
    >>> reward.worth(tf.zeros((2, 4), tf.int32), lambda tokens, training: tf.zeros((2, 1))).numpy().tolist()
    [1.0, 1.0]
    """

    def __init__(self, **kwargs):
        super().__init__(dtype="float32", **{key: value for key, value in kwargs.items() if key != "dtype"})
        self.built = True

    def worth(self, tokens, discriminate):
        """Returns the reward of each sequence.

        Args:
            tokens: int32 tensor (batch, length).
            discriminate: function of (tokens, training) that gives logits (batch, n).

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
    """The discriminator's opinion, D being the probability of "real" that it gives.

    Args:
        form: "probability" for D (SeqGAN's), "log" for log D, or "jensen_shannon" for -log(1 - D), whose policy
            gradient is that of the Jensen-Shannon divergence where the discriminator is the best there is. Default
            "probability".
    """

    def __init__(self, form: Literal["probability", "log", "jensen_shannon"] = "probability", **kwargs):
        super().__init__(**kwargs)
        if form not in FORMS:
            raise ArgumentError(f"DiscriminatorReward: form: received {form!r}, expected one of {sorted(FORMS)}")
        self.form = form

    def worth(self, tokens, discriminate):
        """Returns the chosen form of D, the mean over the discriminator's logits."""
        return ops.mean(FORMS[self.form](discriminate(tokens, training=False)), axis=-1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"form": self.form}


@keras.saving.register_keras_serializable("ganzoo")
class PlaceboReward(Reward):
    """The same for every sequence: a control. Whatever gets better under it gets better for no reason.

    Without a baseline it makes likelier whatever was drawn. In expectation its gradient is still zero, but a generator
    does not come back from what noise has taken; and where gradients are clipped, the longer ones of rare sequences
    lose more. The generator's entropy falls, and its samples can become likelier under any model that the data were
    drawn from, which has been taken for success.

    Args:
        value: float. Default 1.
    """

    def __init__(self, value: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.value = value

    def worth(self, tokens, discriminate):
        """Returns the value."""
        return tf.fill((ops.shape(tokens)[0],), tf.constant(self.value, tf.float32))

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"value": self.value}


@keras.saving.register_keras_serializable("ganzoo")
class RewardSum(Reward):
    """A weighted sum of rewards.

    Args:
        parts: list of `Reward`.
        weights: list of float, one a part.
    """

    def __init__(self, parts, weights, **kwargs):
        super().__init__(**kwargs)
        self.parts, self.weights_of_parts = list(parts), [float(weight) for weight in weights]

    def worth(self, tokens, discriminate):
        """Returns the sum."""
        pairs = zip(self.weights_of_parts, self.parts, strict=True)
        return sum(weight * part.worth(tokens, discriminate) for weight, part in pairs)

    def get_config(self):
        """Returns the constructor arguments."""
        parts = [keras.saving.serialize_keras_object(part) for part in self.parts]
        return super().get_config() | {"parts": parts, "weights": self.weights_of_parts}

    @classmethod
    def from_config(cls, config):
        """Builds the sum that `get_config` described."""
        parts = [keras.saving.deserialize_keras_object(part) for part in config["parts"]]
        return cls(**(config | {"parts": parts}))


# What a reward that is made of training texts is told about them.
FACTS = ("corpus", "vocabulary_size", "ends", "vocabulary")


def build_reward(specification, corpus, vocabulary_size, ends, vocabulary):
    """Builds the reward that a recipe names.

    Args:
        specification: see `read_reward`.
        corpus: int32 array (num, length), training sequences, or None.
        vocabulary_size: int.
        ends: bool, whether token 0 ends a sequence.
        vocabulary: list of str or None.

    Raises:
        ArgumentError: no such reward, an argument that it does not have, or data that it cannot be made of.
    """
    facts = dict(zip(FACTS, (corpus, vocabulary_size, ends, vocabulary), strict=True))
    parts, weights = [], []
    for kind, maker, arguments, weight in read_reward(specification):
        if not isinstance(maker, type):
            if corpus is None:
                raise ArgumentError(
                    f"model.reward: received {kind!r} without training texts, expected a corpus to make it of"
                )
            arguments = arguments | facts
        parts.append(maker(**arguments))
        weights.append(weight)
    return parts[0] if len(parts) == 1 and weights == [1.0] else RewardSum(parts, weights)


def read_reward(specification):
    """Reads what a recipe says of a reward.

    Args:
        specification: str, dict or list of them: a reward by `kind` ("discriminator", "placebo", "bleu", "semantic")
            with its arguments and, in a sum, its `weight`.

    Returns:
        list of (kind, maker, arguments, weight): the maker is a `Reward`, or a function that also takes training texts.

    Raises:
        ArgumentError: no such reward, an argument that it does not have, or a weight that is no finite number.
    """
    from .bleu_reward import make_bleu_reward
    from .semantic_reward import make_semantic_reward

    makers = {
        "discriminator": DiscriminatorReward,
        "placebo": PlaceboReward,
        "bleu": make_bleu_reward,
        "semantic": make_semantic_reward,
    }
    listed = specification if isinstance(specification, list) else [specification]
    if not listed or not all(isinstance(part, (str, dict)) for part in listed):
        raise ArgumentError(
            f"model.reward: received {specification!r}, expected one of {sorted(makers)}, a table with `kind` or a list"
        )
    found = []
    for part in listed:
        chosen = {"kind": part} if isinstance(part, str) else dict(part)
        kind, weight = chosen.pop("kind", None), chosen.pop("weight", 1.0)
        if not isinstance(kind, str) or kind not in makers:
            raise ArgumentError(
                f"model.reward.kind: received {kind!r}, expected one of {sorted(makers)}" + nearest(kind, makers)
            )
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise ArgumentError(f"model.reward.weight: received {weight!r}, expected a finite number")
        found.append((kind, makers[kind], _checked(makers[kind], chosen), weight))
    return found


def _checked(maker, chosen):
    """Returns the chosen arguments as the maker's own annotations have them."""
    import pydantic

    schema = schema_of(maker.__init__ if isinstance(maker, type) else maker, exclude=(*FACTS, "kwargs"))
    unknown = [name for name in chosen if name not in schema.model_fields]
    if unknown:
        raise ArgumentError(
            f"model.reward.{unknown[0]}: unknown argument, expected one of {sorted(schema.model_fields)}"
            + nearest(unknown[0], schema.model_fields)
        )
    try:
        values = schema(**chosen)
    except pydantic.ValidationError as error:
        raise ArgumentError(explain(error, "model.reward")) from None
    return {name: getattr(values, name) for name in chosen}
