"""BLEU of texts against references, or of every text against all others, from one table of n-grams."""

from collections import Counter

import numpy as np

# What a precision without a match counts for: a tenth of an n-gram (smoothing method 1 of Chen and Cherry 2014).
EPSILON = 0.1
SMOOTHING = f"method1, epsilon {EPSILON}"


def sentence_bleu(texts, references=None, longest=5):
    """Computes BLEU-1 to BLEU-`longest` of each text against all references, weights uniform.

    Paper: Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation"; smoothing: Chen and
    Cherry 2014, method 1. The numbers are those of `nltk.translate.bleu_score.sentence_bleu`.

    Args:
        texts: list of lists of tokens; an empty one scores 0.
        references: list of lists of tokens, at least one; or None for all other texts: none is its own reference.
        longest: int >= 1, the longest n-grams. Default 5.

    Returns:
        float64 array (num, longest); column n - 1 is BLEU-n.

    Example:

    >>> sentence_bleu([[2, 3, 4]], [[2, 3, 5], [2, 9]], longest=2).round(4).tolist()
    [[0.6667, 0.5774]]
    """
    table = NGramTable(texts if references is None else references, longest)
    matched, total = np.zeros((2, len(texts), longest))
    brevity = np.zeros((len(texts), 1))
    for number, text in enumerate(texts):
        itself = number if references is None else None
        for n in range(1, longest + 1):
            counts = count_ngrams(text, n)
            total[number, n - 1] = counts.total()
            matched[number, n - 1] = sum(min(count, table.most(gram, itself)) for gram, count in counts.items())
        brevity[number] = min(0, 1 - table.nearest_length(len(text), itself) / max(1, len(text)))
    precisions = np.where(matched > 0, matched, EPSILON) / np.maximum(1, total)
    means = np.log(precisions).cumsum(axis=1) / np.arange(1, longest + 1)
    # Without any word in common there is nothing to smooth.
    return np.where(matched[:, :1] > 0, np.exp(means + brevity), 0)


class NGramTable:
    """How often each n-gram occurs at most in one of some texts, and at most in one of the others.

    Args:
        texts: list of lists of tokens, at least one.
        longest: int >= 1, the longest n-grams.
    """

    def __init__(self, texts, longest):
        self._lengths = np.sort([len(text) for text in texts])
        # N-gram -> (its highest count, the text that has it, the highest count of all other texts).
        self._highest = {}
        for number, text in enumerate(texts):
            for gram, count in sum((count_ngrams(text, n) for n in range(1, longest + 1)), Counter()).items():
                first, owner, second = self._highest.get(gram, (0, None, 0))
                if count > first:
                    self._highest[gram] = (count, number, first)
                else:
                    self._highest[gram] = (first, owner, max(second, count))

    def most(self, gram, without=None):
        """Returns the highest count of an n-gram in one text, that numbered `without` left out."""
        first, owner, second = self._highest.get(gram, (0, None, 0))
        return second if owner == without else first

    def nearest_length(self, length, without=None):
        """Returns the length of a text that is nearest; of two as near, the shorter one.

        Args:
            length: int, of the text that is judged.
            without: None, or the number of that text where it is one of them.
        """
        lengths = self._lengths
        if without is not None:
            lengths = np.delete(lengths, np.searchsorted(lengths, length))
        return int(lengths[np.abs(lengths - length).argmin()])


def count_ngrams(text, n):
    """Returns a `Counter` of the n-grams of a list of tokens, as tuples.

    >>> count_ngrams([2, 3, 2, 3], 2)
    Counter({(2, 3): 2, (3, 2): 1})
    """
    return Counter(zip(*(text[start:] for start in range(n)), strict=False))
