"""Token sequences sampled from a known distribution, under which the likelihood of generated sequences is exact."""

import functools

import numpy as np

from ....zoo.registry import nearest
from ..data_error import DataError
from ..image_source import split_rows
from ..text_source import TextSource

KINDS = ("lstm", "markov")
# (vocabulary_size, length, count) of each kind.
DEFAULTS = {"lstm": (500, 12, 20_000), "markov": (6, 5, 200_000)}
# The largest number of distinct sequences that are enumerated.
MAX_ENUMERATED = 1_000_000
# The number of logits or random numbers per chunk.
CHUNK = 2**24


def load_oracle(argument, resolution=None, vocabulary_size=None, length=None, count=None, seed=0):
    """Samples sequences from a fixed random distribution. Every tenth one is held out.

    Args:
        argument: "lstm" (Yu et al. 2017: an LSTM of 32 units with all weights from N(0, 1)) or "markov" (a second-order
            Markov chain with logits from N(0, 4), small enough to enumerate all its sequences).
        resolution: must be None, sequences have no pixels.
        vocabulary_size: int >= 2, at most 200 for "markov"; or None for 500, or 6 for "markov".
        length: int >= 2, or None for 12, or 5 for "markov".
        count: int >= 20, the total number of sequences; or None for 20,000, or 200,000 for "markov".
        seed: int in [0, 2**31), of the distribution and of the samples. Default 0.

    Returns:
        A `TextSource` without a vocabulary or an end token. Its `oracle` computes the probability of any sequence.

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
        raise DataError(f"data.resolution: received {resolution} with {name}, expected none: it has no pixels")
    oracle_class = LSTMOracle if argument == "lstm" else MarkovOracle
    values = zip((vocabulary_size, length, count), DEFAULTS[argument], strict=True)
    vocabulary_size, length, count = (default if value is None else value for value, default in values)
    for option, value, minimum, maximum in (
        ("vocabulary_size", vocabulary_size, 2, oracle_class.max_vocabulary_size),
        ("length", length, 2, None),
        ("count", count, 20, None),
        ("seed", seed, 0, 2**31 - 1),
    ):
        if type(value) is not int or value < minimum or (maximum is not None and value > maximum):
            interval = f">= {minimum}" if maximum is None else f"from {minimum} to {maximum}"
            raise DataError(f"data.{option}: received {value!r} with {name}, expected an integer {interval}")
    oracle = oracle_class(vocabulary_size, length, seed)
    tokens = oracle.sample(count, seed)
    train, held_out = (tokens[rows] for rows in split_rows(count))
    return TextSource(name, train, held_out, vocabulary_size=vocabulary_size, has_eos=False, oracle=oracle)


class Oracle:
    """A distribution over token sequences of fixed length, without an end token.

    Subclasses implement `log_probabilities` and `sample`.

    Args:
        vocabulary_size: int >= 2.
        length: int >= 2, tokens per sequence.
    """

    # None for no limit.
    max_vocabulary_size = None

    def __init__(self, vocabulary_size, length):
        self.vocabulary_size, self.length = vocabulary_size, length

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence of int (num_samples, length): float64 array (num_samples,)."""
        raise NotImplementedError

    def sample(self, count, seed):
        """Samples sequences: int32 array (count, length)."""
        raise NotImplementedError

    @property
    def enumerable(self):
        """Whether all sequences can be enumerated."""
        return self.vocabulary_size**self.length <= MAX_ENUMERATED

    def sequences(self):
        """Returns all sequences in lexicographic order: int32 array (num_sequences, length)."""
        shape = (self.vocabulary_size,) * self.length
        return np.stack(np.unravel_index(np.arange(np.prod(shape)), shape), axis=1).astype(np.int32)

    def probabilities(self):
        """Returns the probability of each of `sequences()`: float64 array (num_sequences,)."""
        return np.exp(self.log_probabilities(self.sequences()))

    def _chunks(self, count):
        """Yields slices that divide `count` sequences into chunks whose logits fit into memory."""
        rows = max(1, CHUNK // (self.vocabulary_size * self.length))
        for start in range(0, count, rows):
            yield slice(start, min(start + rows, count))


class MarkovOracle(Oracle):
    """A second-order Markov chain: the next token depends on the last two.

    Args:
        vocabulary_size: int in [2, 200].
        length: int >= 2, tokens per sequence.
        seed: int >= 0, of the logits.
    """

    # The transition table has vocabulary_size**3 entries.
    max_vocabulary_size = 200

    def __init__(self, vocabulary_size, length, seed):
        super().__init__(vocabulary_size, length)
        # The extra state precedes the first token.
        shape = (vocabulary_size + 1, vocabulary_size + 1, vocabulary_size)
        logits = np.random.default_rng(seed).normal(0, 2, shape)
        self.table = logits - np.log(np.exp(logits).sum(-1, keepdims=True))

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence of int (num_samples, length): float64 array (num_samples,)."""
        tokens = np.asarray(tokens)
        start = np.full((len(tokens), 1), self.vocabulary_size)
        padded = np.concatenate([start, start, tokens], axis=1)
        return self.table[padded[:, :-2], padded[:, 1:-1], padded[:, 2:]].sum(axis=1)

    def sample(self, count, seed):
        """Samples sequences: int32 array (count, length)."""
        uniforms = np.random.default_rng([seed, 1]).random((count, self.length))
        return np.concatenate([self._inverse_cdf_sample(uniforms[rows]) for rows in self._chunks(count)])

    def _inverse_cdf_sample(self, uniforms):
        last = before = np.full(len(uniforms), self.vocabulary_size)
        tokens = []
        for position in range(self.length):
            cdf = np.exp(self.table[before, last]).cumsum(-1)
            token = (cdf < uniforms[:, position, np.newaxis] * cdf[:, -1:]).sum(-1)
            before, last = last, token
            tokens.append(token)
        return np.stack(tokens, axis=1).astype(np.int32)


class LSTMOracle(Oracle):
    """The oracle of Yu et al. 2017 (arXiv:1609.05473), section 4: an LSTM with all weights from N(0, 1).

    Args:
        vocabulary_size: int >= 2.
        length: int >= 2, tokens per sequence.
        seed: int >= 0, of the weights.
    """

    def __init__(self, vocabulary_size, length, seed):
        from ....zoo.sequences.sequence_generator import SequenceGenerator

        super().__init__(vocabulary_size, length)
        self.generator = SequenceGenerator(vocabulary_size, length, has_eos=False, initializer_stddev=1.0, seed=seed)

    def log_probabilities(self, tokens):
        """Returns the log probability of each sequence of int (num_samples, length): float64 array (num_samples,)."""
        tokens = np.asarray(tokens, np.int32)
        parts = [self._log_probabilities_graph(tokens[rows]).numpy() for rows in self._chunks(len(tokens))]
        return np.concatenate(parts).astype(np.float64).sum(axis=1)

    def sample(self, count, seed):
        """Samples sequences: int32 array (count, length)."""
        random, shape = np.random.default_rng([seed, 1]), (self.length, self.vocabulary_size)
        noise = (random.gumbel(size=(rows.stop - rows.start, *shape)) for rows in self._chunks(count))
        return np.concatenate([self._sample_graph(chunk.astype(np.float32)).numpy() for chunk in noise])

    @functools.cached_property
    def _log_probabilities_graph(self):
        import tensorflow as tf

        return tf.function(self.generator.log_probabilities, reduce_retracing=True, autograph=False)

    @functools.cached_property
    def _sample_graph(self):
        import tensorflow as tf

        return tf.function(self.generator.sample, reduce_retracing=True, autograph=False)
