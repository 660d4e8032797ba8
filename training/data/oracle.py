"""Sequences drawn from a known distribution, so that how likely a generator's are is known as well."""

import functools
import itertools

import numpy as np

from ...zoo.registry import nearest
from .source import DataError
from .texts import TextSource

KINDS = ("lstm", "markov")
# Of either kind: (vocabulary_size, length, count).
DEFAULTS = {"lstm": (500, 12, 20_000), "markov": (6, 5, 200_000)}
# As many sequences can be listed.
MOST_LISTED = 1_000_000
CHUNK = 4096


def load_oracle(argument, resolution=None, vocabulary_size=None, length=None, count=None, seed=0):
    """Draws sequences from a fixed random distribution. Every tenth one is held out.

    Args:
        argument: "lstm" (Yu et al. 2017: an LSTM of 32 units whose weights are all drawn from N(0, 1)) or "markov" (a
            chain of second order with logits from N(0, 4), small enough to list all its sequences).
        resolution: None; sequences have none.
        vocabulary_size: int >= 2. Default 500, or 6 for "markov".
        length: int >= 2. Default 12, or 5 for "markov".
        count: int >= 20, sequences in all. Default 20,000, or 200,000 for "markov".
        seed: int >= 0, of the distribution and of the draws. Default 0.

    Returns:
        A `TextSource` without words and without an end, whose `oracle` knows every sequence's probability.

    Raises:
        DataError: no such oracle, or an option out of range.

    Example:

    >>> load_oracle("markov", count=100)
    TextSource('oracle:markov', 90 + 10 held out, 5 tokens of 6)
    """
    name = f"oracle:{argument}"
    if argument not in KINDS:
        raise DataError(
            f"data.source: received {name!r}, expected one of {[f'oracle:{kind}' for kind in KINDS]}"
            + nearest(argument, KINDS)
        )
    if resolution is not None:
        raise DataError(f"data.resolution: received {resolution} with {name}, expected none: it has no pictures")
    usual = DEFAULTS[argument]
    chosen = [default if given is None else given for given, default in zip((vocabulary_size, length, count), usual)]
    for key, value, least in zip(("vocabulary_size", "length", "count", "seed"), (*chosen, seed), (2, 2, 20, 0)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise DataError(f"data.{key}: received {value!r}, expected a whole number >= {least}")
    vocabulary_size, length, count = chosen
    kind = LSTMOracle if argument == "lstm" else MarkovOracle
    oracle = kind(vocabulary_size, length, seed)
    drawn = oracle.draw(count, seed)
    held_out = np.arange(count) % 10 == 9
    return TextSource(
        name, drawn[~held_out], drawn[held_out], vocabulary_size=vocabulary_size, ends=False, oracle=oracle
    )


class MarkovOracle:
    """A chain of second order: the next token hangs on the last two.

    Args:
        vocabulary_size, length: int.
        seed: int, of its logits.
    """

    def __init__(self, vocabulary_size, length, seed):
        self.vocabulary_size, self.length = vocabulary_size, length
        # Before the first token stand two that are none.
        shape = (vocabulary_size + 1, vocabulary_size + 1, vocabulary_size)
        logits = np.random.default_rng(seed).normal(0, 2, shape)
        self.table = logits - np.log(np.exp(logits).sum(-1, keepdims=True))

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence: float64 array (num,)."""
        tokens = np.asarray(tokens)
        none = np.full((len(tokens), 1), self.vocabulary_size)
        padded = np.concatenate([none, none, tokens], axis=1)
        return self.table[padded[:, :-2], padded[:, 1:-1], padded[:, 2:]].sum(axis=1)

    def draw(self, count, seed):
        """Returns int32 sequences (count, length)."""
        draws = np.random.default_rng([seed, 1]).random((count, self.length))
        last = before = np.full(count, self.vocabulary_size)
        drawn = []
        for position in range(self.length):
            sums = np.exp(self.table[before, last]).cumsum(-1)
            token = (sums < draws[:, position, np.newaxis] * sums[:, -1:]).sum(-1)
            before, last = last, token
            drawn.append(token)
        return np.stack(drawn, axis=1).astype(np.int32)

    @property
    def enumerable(self):
        """Whether all sequences can be listed."""
        return self.vocabulary_size**self.length <= MOST_LISTED

    def sequences(self):
        """Returns all sequences there are: int32 array (num, length)."""
        return np.array(list(itertools.product(range(self.vocabulary_size), repeat=self.length)), np.int32)

    def probabilities(self):
        """Returns the probability of each of `sequences()`: float64 array."""
        return np.exp(self.log_probabilities(self.sequences()))


class LSTMOracle:
    """The oracle of Yu et al. 2017: an LSTM with all weights from N(0, 1).

    Args:
        vocabulary_size, length: int.
        seed: int, of its weights.
    """

    enumerable = False

    def __init__(self, vocabulary_size, length, seed):
        from ...zoo.sequence_generator import SequenceGenerator

        self.generator = SequenceGenerator(vocabulary_size, length, ends=False, scale=1.0, seed=seed)

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence: float64 array (num,)."""
        tokens = np.asarray(tokens, np.int32)
        parts = [tokens[start : start + CHUNK] for start in range(0, len(tokens), CHUNK)]
        return np.concatenate([self._reader(part).numpy().astype(np.float64).sum(axis=1) for part in parts])

    def draw(self, count, seed):
        """Returns int32 sequences (count, length)."""
        shape = (self.generator.length, self.generator.vocabulary_size)
        stream = np.random.default_rng([seed, 1])
        drawn = [
            self._drawer(stream.gumbel(size=(min(CHUNK, count - start), *shape)).astype(np.float32)).numpy()
            for start in range(0, count, CHUNK)
        ]
        return np.concatenate(drawn)

    @functools.cached_property
    def _reader(self):
        import tensorflow as tf

        return tf.function(self.generator.log_probabilities, reduce_retracing=True, autograph=False)

    @functools.cached_property
    def _drawer(self):
        import tensorflow as tf

        return tf.function(self.generator.sample, reduce_retracing=True, autograph=False)
