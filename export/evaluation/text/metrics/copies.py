"""Copies of training texts, and repetitions among the samples."""

import numpy as np

from ..text_reference import empty_share, has_unknown, unknown_share
from . import Count, Result

RESULTS = {
    "copied": Result("lower", "share of samples that equal a training text; compare with that of held-out texts"),
    "distinct": Result("higher", "different texts among the samples, as a share of them"),
    "empty": Result("lower", "share of samples without a word"),
    "unknown": Result("lower", "share of unknown words among the samples' words"),
}


def measure(comparison):
    """Returns `copied`, 1 for a generator that only copies, `distinct` in (0, 1], `empty` and `unknown`.

    A text with an unknown word is no copy: the word may stand for another one.
    """
    samples, reference = comparison.samples, comparison.reference
    found = np.array([row.tobytes() in reference.training_set for row in samples])
    return {
        "copied": float((found & ~has_unknown(samples, reference.unknown)).mean()),
        "distinct": len(np.unique(samples, axis=0)) / len(samples),
        "empty": empty_share(samples, reference.source.has_eos),
        "unknown": unknown_share(samples, reference.source.has_eos, reference.unknown),
    }


def counts(comparison):
    """Returns the numbers of samples and of the training texts that are searched: all."""
    samples, searched = len(comparison.samples), len(comparison.reference.source.tokens)
    return {"samples": Count(samples, samples), "searched texts": Count(searched, searched)}
