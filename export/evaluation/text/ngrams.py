"""BLEU of texts against references, or of each text against all others, from one table of n-grams."""

from collections import Counter

import numpy as np

# The number of matches used instead of 0 (smoothing method 1 of Chen and Cherry 2014).
EPSILON = 0.1
SMOOTHING = f"method1, epsilon {EPSILON}"


def sentence_bleu(texts, references=None, max_order=5):
    """Computes BLEU-1 to BLEU-`max_order` of each text against all references, with uniform weights.

    Paper: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation"; smoothing: Chen and
    Cherry 2014, method 1. The values equal those of `nltk.translate.bleu_score.sentence_bleu`.

    Args:
        texts: list of lists of tokens; an empty text scores 0.
        references: list of lists of tokens, at least one; or None for all other texts (Self-BLEU), where a text alone
            scores 0.
        max_order: int >= 1, the longest n-grams. Default 5.

    Returns:
        float64 array (num_samples, max_order); column n - 1 is BLEU-n.

    Example:

    >>> sentence_bleu([[2, 3, 4]], [[2, 3, 5], [2, 9]], max_order=2).round(4).tolist()
    [[0.6667, 0.5774]]
    """
    table = NGramTable(texts if references is None else references, max_order)
    matches, total = np.zeros((2, len(texts), max_order))
    brevity = np.zeros((len(texts), 1))
    for index, text in enumerate(texts):
        excluded = index if references is None else None
        for n in range(1, max_order + 1):
            counts = count_ngrams(text, n)
            total[index, n - 1] = counts.total()
            matches[index, n - 1] = sum(min(count, table.max_count(gram, excluded)) for gram, count in counts.items())
        brevity[index] = min(0, 1 - table.nearest_length(len(text), excluded) / max(1, len(text)))
    precisions = np.where(matches > 0, matches, EPSILON) / np.maximum(1, total)
    means = np.log(precisions).cumsum(axis=1) / np.arange(1, max_order + 1)
    # Without a single matching word, BLEU is 0; smoothing applies to longer n-grams only.
    return np.where(matches[:, :1] > 0, np.exp(means + brevity), 0)


class NGramTable:
    """The highest count of each n-gram in a single text, and the highest count in any other text.

    Args:
        texts: list of lists of tokens, at least one.
        max_order: int >= 1, the longest n-grams.
    """

    def __init__(self, texts, max_order):
        self._lengths = np.sort([len(text) for text in texts])
        # N-gram -> (its highest count, the index of that text, the highest count in all other texts).
        self._highest = {}
        for index, text in enumerate(texts):
            for gram, count in sum((count_ngrams(text, n) for n in range(1, max_order + 1)), Counter()).items():
                first, owner, second = self._highest.get(gram, (0, None, 0))
                if count > first:
                    self._highest[gram] = (count, index, first)
                else:
                    self._highest[gram] = (first, owner, max(second, count))

    def max_count(self, gram, excluded=None):
        """Returns the highest count of an n-gram in a single text, other than the text of index `excluded`."""
        first, owner, second = self._highest.get(gram, (0, None, 0))
        return second if owner == excluded else first

    def nearest_length(self, length, excluded=None):
        """Returns the text length closest to `length`, the shorter one of two equally close ones; `length` if no text.

        Args:
            length: int, of the evaluated text.
            excluded: None, or the index of the evaluated text if it is one of the texts of this table.
        """
        lengths = self._lengths
        if excluded is not None:
            lengths = np.delete(lengths, np.searchsorted(lengths, length))
        if not len(lengths):
            return length
        return int(lengths[np.abs(lengths - length).argmin()])


def count_ngrams(text, n):
    """Returns a `Counter` of the n-grams of a list of tokens, as tuples.

    >>> count_ngrams([2, 3, 2, 3], 2)
    Counter({(2, 3): 2, (3, 2): 1})
    """
    return Counter(zip(*(text[start:] for start in range(n)), strict=False))
