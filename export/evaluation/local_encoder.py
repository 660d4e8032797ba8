"""Features of texts without any network from elsewhere: which words and pairs of words they have, in few numbers."""

import numpy as np
import scipy.sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from .extractor import hash_weights

# Of single tokens and of pairs alike: in one space single tokens would hide in which order they stand.
DIRECTIONS = 32
# An n-gram of a single text tells nothing about others.
LEAST_TEXTS = 2
MOST_GRAMS = 5000


class LocalEncoder:
    """Single tokens and pairs of tokens, weighted by how rare they are, projected onto their main directions.

    When to use it: for a Frechet distance between sets of texts. It is fitted to the training texts (latent semantic
    analysis, Deerwester et al. 1990), so distances of different data have nothing to do with each other, nor with those
    in the features of a sentence encoder.

    Args:
        tokens: int32 array (num, length), the training texts.
        vocabulary_size: int >= 1.
        ends: bool, whether token 0 ends a text.

    Attributes:
        dim: int, features of a text: 64, or fewer where there are not as many n-grams; 0 where no text has a token of
            another.
    """

    def __init__(self, tokens, vocabulary_size, ends):
        parts = [GramEncoder(tokens, order, vocabulary_size, ends) for order in (1, 2)]
        self.parts, self.fitted_to = [part for part in parts if part.dim], len(tokens)
        self.dim = sum(part.dim for part in self.parts)

    @property
    def identity(self):
        """A dict that is equal for encoders that give equal numbers."""
        return {
            "name": f"tf-idf of 1- and 2-grams in {self.dim} directions",
            "weights": hash_weights([part.grams for part in self.parts]),
            "grams": [len(part.grams) for part in self.parts],
            "fitted_to": self.fitted_to,
        }

    def encode(self, tokens):
        """Returns float64 features (num, dim) of int32 texts (num, length)."""
        return np.concatenate([part.encode(tokens) for part in self.parts], axis=1)


class GramEncoder:
    """The n-grams of one length: tf-idf, and the main directions of the training texts.

    Args:
        tokens, vocabulary_size, ends: of `LocalEncoder`.
        order: int >= 1, tokens of an n-gram.

    Attributes:
        grams: int64 array, the numbers of the n-grams that count, sorted: at most 5,000, each of two texts or more.
        dim: int, directions: 32, or as many as there are n-grams.
    """

    def __init__(self, tokens, order, vocabulary_size, ends):
        self.order, self.vocabulary_size, self.ends = order, vocabulary_size, ends
        rows, numbers = self._numbered(tokens)
        # Each n-gram once a text.
        texts = np.unique(numbers * len(tokens) + rows) // len(tokens)
        found, counts = np.unique(texts, return_counts=True)
        commonest = np.argsort(-counts, kind="stable")[:MOST_GRAMS]
        self.grams = np.sort(found[commonest[counts[commonest] >= LEAST_TEXTS]])
        self.dim = min(DIRECTIONS, len(self.grams))
        if self.dim:
            self.weighting, self.projection = TfidfTransformer(), TruncatedSVD(self.dim, random_state=0)
            self.projection.fit(self.weighting.fit_transform(self._counted(tokens)))

    def encode(self, tokens):
        """Returns float64 features (num, dim) of int32 texts (num, length)."""
        return self.projection.transform(self.weighting.transform(self._counted(tokens)))

    def _numbered(self, tokens):
        """Returns (rows, numbers) of the n-grams that texts have, int64 arrays."""
        places = max(0, tokens.shape[1] - self.order + 1)
        windows = [tokens[:, start : start + places].astype(np.int64) for start in range(self.order)]
        whole = windows[-1] != 0 if self.ends else np.ones((len(tokens), places), bool)
        numbers = sum(window * self.vocabulary_size**power for power, window in enumerate(reversed(windows)))
        return np.nonzero(whole)[0], numbers[whole]

    def _counted(self, tokens):
        """Returns the sparse matrix of how often each text has each n-gram."""
        rows, numbers = self._numbered(tokens)
        columns = np.minimum(np.searchsorted(self.grams, numbers), len(self.grams) - 1)
        known = self.grams[columns] == numbers
        places = rows[known], columns[known]
        return scipy.sparse.csr_matrix((np.ones(len(places[0])), places), (len(tokens), len(self.grams)))
