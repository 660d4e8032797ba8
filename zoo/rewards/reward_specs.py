"""Construction of rewards from their specification in a recipe."""

import math

import pydantic

from ..core.validation import explain, schema_of
from ..errors import ArgumentError
from ..registry import nearest
from .bleu_reward import make_bleu_reward
from .reward import DiscriminatorReward, PlaceboReward, RewardSum
from .semantic_reward import make_semantic_reward

# Arguments of factories that build a reward from the training texts; a recipe cannot set them.
CORPUS_ARGUMENTS = ("corpus", "vocabulary_size", "has_eos", "vocabulary", "tokenizer")
# Rewards by the name that a recipe gives them.
REWARDS = {
    "discriminator": DiscriminatorReward,
    "placebo": PlaceboReward,
    "bleu": make_bleu_reward,
    "semantic": make_semantic_reward,
}


def build_reward(specification, corpus, vocabulary_size, has_eos, vocabulary, tokenizer=None):
    """Builds a reward from its specification.

    Args:
        specification: str, dict or list, see `read_reward`.
        corpus: int32 array (num_samples, length), training sequences, or None.
        vocabulary_size: int >= 1.
        has_eos: bool, whether token 0 ends a sequence.
        vocabulary: list of str, words in the order of their tokens, from 2 on, or None.
        tokenizer: dict, the options of the `Tokenizer` of the vocabulary, or None for its defaults. Default None.

    Returns:
        A `Reward`.

    Raises:
        ArgumentError: an unknown reward or argument, or training texts that it cannot be computed from.
    """
    values = (corpus, vocabulary_size, has_eos, vocabulary, tokenizer)
    corpus_arguments = dict(zip(CORPUS_ARGUMENTS, values, strict=True))
    parts, weights = [], []
    for kind, factory, arguments, weight in read_reward(specification):
        if not isinstance(factory, type):
            if corpus is None:
                raise ArgumentError(
                    f"model.reward: received {kind!r} without training texts, expected a corpus: {kind!r} is computed "
                    "from it"
                )
            arguments = arguments | corpus_arguments
        parts.append(factory(**arguments))
        weights.append(weight)
    return parts[0] if weights == [1.0] else RewardSum(parts, weights)


def read_reward(specification):
    """Validates the specification of a reward.

    Args:
        specification: str, dict, or a list of them for a sum. A dict holds the `kind` of the reward ("discriminator",
            "placebo", "bleu" or "semantic"), its arguments, and its `weight` in the sum (default 1); a str is a `kind`.

    Returns:
        list of (kind, factory, arguments, weight). The factory is a `Reward` subclass, or a function that also takes
        the arguments `CORPUS_ARGUMENTS`.

    Raises:
        ArgumentError: an unknown reward or argument, or a weight that is not a finite number.
    """
    entries = specification if isinstance(specification, list) else [specification]
    if not entries or not all(isinstance(entry, (str, dict)) for entry in entries):
        raise ArgumentError(
            f"model.reward: received {specification!r}, expected one of {sorted(REWARDS)}, a table with "
            "`kind`, or a list of them"
        )
    parts = []
    for entry in entries:
        arguments = {"kind": entry} if isinstance(entry, str) else dict(entry)
        kind, weight = arguments.pop("kind", None), arguments.pop("weight", 1.0)
        if not isinstance(kind, str) or kind not in REWARDS:
            raise ArgumentError(
                f"model.reward.kind: received {kind!r}, expected one of {sorted(REWARDS)}" + nearest(kind, REWARDS)
            )
        if isinstance(weight, bool) or not isinstance(weight, (int, float)) or not math.isfinite(weight):
            raise ArgumentError(f"model.reward.weight: received {weight!r}, expected a finite number")
        parts.append((kind, REWARDS[kind], _validated_arguments(REWARDS[kind], arguments), weight))
    return parts


def _validated_arguments(factory, arguments):
    """Returns arguments, converted to the types that the factory's annotations declare."""
    function = factory.__init__ if isinstance(factory, type) else factory
    schema = schema_of(function, exclude=(*CORPUS_ARGUMENTS, "kwargs"))
    unknown = [name for name in arguments if name not in schema.model_fields]
    if unknown:
        raise ArgumentError(
            f"model.reward.{unknown[0]}: unknown argument, expected one of {sorted(schema.model_fields)}"
            + nearest(unknown[0], schema.model_fields)
        )
    try:
        values = schema(**arguments)
    except pydantic.ValidationError as error:
        raise ArgumentError(explain(error, "model.reward")) from None
    return {name: getattr(values, name) for name in arguments}
