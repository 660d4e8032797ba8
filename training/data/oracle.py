"""Sequences drawn from a known distribution, so that how likely a generator's are is known as well."""

import functools

import numpy as np

from ...zoo.registry import nearest
from .source import DataError, split_rows
from .texts import TextSource

KINDS = ("lstm", "markov")
# Of either kind: (vocabulary_size, length, count).
DEFAULTS = {"lstm": (500, 12, 20_000), "markov": (6, 5, 200_000)}
# As many sequences can be listed.
MOST_LISTED = 1_000_000
# Numbers that are drawn or computed at a time.
CHUNK = 2**24


def load_oracle(argument, resolution=None, vocabulary_size=None, length=None, count=None, seed=0):
    """Draws sequences from a fixed random distribution. Every tenth one is held out.

    Args:
        argument: "lstm" (Yu et al. 2017: an LSTM of 32 units whose weights are all drawn from N(0, 1)) or "markov" (a
            chain of second order with logits from N(0, 4), small enough to list all its sequences).
        resolution: None; sequences have none.
        vocabulary_size: int >= 2. Default 500, or 6 for "markov", which takes 200 at most.
        length: int >= 2. Default 12, or 5 for "markov".
        count: int >= 20, sequences in all. Default 20,000, or 200,000 for "markov".
        seed: int in [0, 2**31), of the distribution and of the draws. Default 0.

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
    oracle_class = LSTMOracle if argument == "lstm" else MarkovOracle
    given = zip((vocabulary_size, length, count), DEFAULTS[argument], strict=True)
    vocabulary_size, length, count = (default if value is None else value for value, default in given)
    for option, value, least, most in (
        ("vocabulary_size", vocabulary_size, 2, oracle_class.most_tokens),
        ("length", length, 2, None),
        ("count", count, 20, None),
        ("seed", seed, 0, 2**31 - 1),
    ):
        if type(value) is not int or value < least or (most is not None and value > most):
            reach = f">= {least}" if most is None else f"from {least} to {most}"
            raise DataError(f"data.{option}: received {value!r} with {name}, expected a whole number {reach}")
    oracle = oracle_class(vocabulary_size, length, seed)
    drawn = oracle.draw(count, seed)
    train, held_out = (drawn[rows] for rows in split_rows(count))
    return TextSource(name, train, held_out, vocabulary_size=vocabulary_size, ends=False, oracle=oracle)


class Oracle:
    """A distribution over sequences of a fixed length, every token of which is an ordinary one.

    A subclass says how likely sequences are, and draws them.

    Args:
        vocabulary_size, length: int.
    """

    # The largest vocabulary, or None.
    most_tokens = None

    def __init__(self, vocabulary_size, length):
        self.vocabulary_size, self.length = vocabulary_size, length

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence of int (num, length): float64 array (num,)."""
        raise NotImplementedError

    def draw(self, count, seed):
        """Returns int32 sequences (count, length)."""
        raise NotImplementedError

    @property
    def enumerable(self):
        """Whether all sequences can be listed."""
        return self.vocabulary_size**self.length <= MOST_LISTED

    def sequences(self):
        """Returns all sequences there are, in the order of the numbers that their tokens write: int32 (num, length)."""
        shape = (self.vocabulary_size,) * self.length
        return np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), axis=1).astype(np.int32)

    def probabilities(self):
        """Returns the probability of each of `sequences()`: float64 array (num,)."""
        return np.exp(self.log_probabilities(self.sequences()))

    def _chunks(self, count):
        """Yields slices of so many sequences, whose logits fit into memory."""
        rows = max(1, CHUNK // (self.vocabulary_size * self.length))
        for start in range(0, count, rows):
            yield slice(start, min(start + rows, count))


class MarkovOracle(Oracle):
    """A chain of second order: the next token hangs on the last two.

    Args:
        vocabulary_size, length: int.
        seed: int, of its logits.
    """

    # The table has a number for each three of them.
    most_tokens = 200

    def __init__(self, vocabulary_size, length, seed):
        super().__init__(vocabulary_size, length)
        # Before the first token stand two that are none.
        shape = (vocabulary_size + 1, vocabulary_size + 1, vocabulary_size)
        logits = np.random.default_rng(seed).normal(0, 2, shape)
        self.table = logits - np.log(np.exp(logits).sum(-1, keepdims=True))

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence of int (num, length): float64 array (num,)."""
        tokens = np.asarray(tokens)
        none = np.full((len(tokens), 1), self.vocabulary_size)
        padded = np.concatenate([none, none, tokens], axis=1)
        return self.table[padded[:, :-2], padded[:, 1:-1], padded[:, 2:]].sum(axis=1)

    def draw(self, count, seed):
        """Returns int32 sequences (count, length)."""
        uniforms = np.random.default_rng([seed, 1]).random((count, self.length))
        return np.concatenate([self._drawn(uniforms[rows]) for rows in self._chunks(count)])

    def _drawn(self, uniforms):
        last = before = np.full(len(uniforms), self.vocabulary_size)
        drawn = []
        for position in range(self.length):
            sums = np.exp(self.table[before, last]).cumsum(-1)
            token = (sums < uniforms[:, position, np.newaxis] * sums[:, -1:]).sum(-1)
            before, last = last, token
            drawn.append(token)
        return np.stack(drawn, axis=1).astype(np.int32)


class LSTMOracle(Oracle):
    """The oracle of Yu et al. 2017 (arXiv:1609.05473), section 4: an LSTM with all weights from N(0, 1).

    Args:
        vocabulary_size, length: int.
        seed: int, of its weights.
    """

    def __init__(self, vocabulary_size, length, seed):
        from ...zoo.sequence_generator import SequenceGenerator

        super().__init__(vocabulary_size, length)
        self.generator = SequenceGenerator(vocabulary_size, length, ends=False, scale=1.0, seed=seed)

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence of int (num, length): float64 array (num,)."""
        tokens = np.asarray(tokens, np.int32)
        parts = [self._reader(tokens[rows]).numpy() for rows in self._chunks(len(tokens))]
        return np.concatenate(parts).astype(np.float64).sum(axis=1)

    def draw(self, count, seed):
        """Returns int32 sequences (count, length)."""
        stream, shape = np.random.default_rng([seed, 1]), (self.length, self.vocabulary_size)
        noise = (stream.gumbel(size=(rows.stop - rows.start, *shape)) for rows in self._chunks(count))
        return np.concatenate([self._drawer(part.astype(np.float32)).numpy() for part in noise])

    @functools.cached_property
    def _reader(self):
        import tensorflow as tf

        return tf.function(self.generator.log_probabilities, reduce_retracing=True, autograph=False)

    @functools.cached_property
    def _drawer(self):
        import tensorflow as tf

        return tf.function(self.generator.sample, reduce_retracing=True, autograph=False)
