"""Text features without a pretrained network: tf-idf of unigrams and bigrams in a low-dimensional projection."""

import numpy as np
import scipy.sparse
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfTransformer

from ..features.extractor import hash_weights

# For unigrams and bigrams each: in a shared projection, unigrams would dominate and hide the order of tokens.
DIRECTIONS = 32
# An n-gram of a single text carries no information about other texts.
MIN_TEXTS = 2
MAX_NGRAMS = 5000


class LocalEncoder:
    """Unigrams and bigrams of tokens, weighted by tf-idf and projected onto their main directions.

    When to use it: for a Frechet distance between sets of texts. It is fitted to the training texts (latent semantic
    analysis, Deerwester et al. 1990), so distances on different data are not comparable, nor are they comparable with
    distances in the features of a sentence encoder.

    Args:
        tokens: int32 array (num_samples, length), the training texts.
        vocabulary_size: int >= 1.
        has_eos: bool, whether token 0 ends a text.
        unknown: int, the token of unknown words, or None. N-grams with an unknown word are no features: two unknown
            words need not be the same. Default None.

    Attributes:
        dim: int, features of a text: 64, or fewer if there are fewer n-grams; 0 if no token occurs in two texts.
    """

    def __init__(self, tokens, vocabulary_size, has_eos, unknown=None):
        encoders = [NGramEncoder(tokens, order, vocabulary_size, has_eos, unknown) for order in (1, 2)]
        self.encoders, self.fitted_to = [encoder for encoder in encoders if encoder.dim], len(tokens)
        self.dim = sum(encoder.dim for encoder in self.encoders)

    @property
    def identity(self):
        """A dict that is equal for encoders with equal features."""
        return {
            "name": f"tf-idf of 1- and 2-grams in {self.dim} directions",
            "weights": hash_weights([encoder.grams for encoder in self.encoders]),
            "grams": [len(encoder.grams) for encoder in self.encoders],
            "fitted_to": self.fitted_to,
        }

    def encode(self, tokens):
        """Returns float64 features (num_samples, dim) of int32 texts (num_samples, length)."""
        return np.concatenate([encoder.encode(tokens) for encoder in self.encoders], axis=1)


class NGramEncoder:
    """The n-grams of one order: tf-idf, and the main directions of the training texts.

    Args:
        tokens, vocabulary_size, has_eos, unknown: of `LocalEncoder`.
        order: int >= 1, tokens of an n-gram.

    Attributes:
        grams: int64 array, the ids of the selected n-grams, sorted: at most 5,000, each in two texts or more.
        dim: int, number of directions: 32, or the number of n-grams if there are fewer.
    """

    def __init__(self, tokens, order, vocabulary_size, has_eos, unknown=None):
        self.order, self.vocabulary_size, self.has_eos, self.unknown = order, vocabulary_size, has_eos, unknown
        rows, ids = self._ngram_ids(tokens)
        # Document frequency: each n-gram counts once per text.
        document_ids = np.unique(ids * len(tokens) + rows) // len(tokens)
        unique_ids, counts = np.unique(document_ids, return_counts=True)
        most_common = np.argsort(-counts, kind="stable")[:MAX_NGRAMS]
        self.grams = np.sort(unique_ids[most_common[counts[most_common] >= MIN_TEXTS]])
        self.dim = min(DIRECTIONS, len(self.grams))
        if self.dim:
            self.weighting, self.projection = TfidfTransformer(), TruncatedSVD(self.dim, random_state=0)
            self.projection.fit(self.weighting.fit_transform(self._count_matrix(tokens)))

    def encode(self, tokens):
        """Returns float64 features (num_samples, dim) of int32 texts (num_samples, length)."""
        return self.projection.transform(self.weighting.transform(self._count_matrix(tokens)))

    def _ngram_ids(self, tokens):
        """Returns (rows, ids) of the n-grams of texts, int64 arrays."""
        positions = max(0, tokens.shape[1] - self.order + 1)
        windows = [tokens[:, start : start + positions].astype(np.int64) for start in range(self.order)]
        complete = windows[-1] != 0 if self.has_eos else np.ones((len(tokens), positions), bool)
        if self.unknown is not None:
            complete &= np.all([window != self.unknown for window in windows], axis=0)
        ids = sum(window * self.vocabulary_size**power for power, window in enumerate(reversed(windows)))
        return np.nonzero(complete)[0], ids[complete]

    def _count_matrix(self, tokens):
        """Returns the sparse matrix (num_samples, num_ngrams) of n-gram counts."""
        rows, ids = self._ngram_ids(tokens)
        columns = np.minimum(np.searchsorted(self.grams, ids), len(self.grams) - 1)
        selected = self.grams[columns] == ids
        indices = rows[selected], columns[selected]
        return scipy.sparse.csr_matrix((np.ones(len(indices[0])), indices), (len(tokens), len(self.grams)))
