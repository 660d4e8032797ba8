"""Copies of training texts, and repetitions among the samples."""

import numpy as np

from ..text_reference import empty_share
from . import Result

RESULTS = {
    "copied": Result("lower", "share of samples that equal a training text; compare with that of held-out texts"),
    "distinct": Result("higher", "different texts among the samples, as a share of them"),
    "empty": Result("lower", "share of samples without a word"),
}


def measure(comparison):
    """Returns `copied`, 1 for a generator that only copies, `distinct` in (0, 1], and `empty`."""
    samples, reference = comparison.samples, comparison.reference
    return {
        "copied": float(np.mean([row.tobytes() in reference.training_set for row in samples])),
        "distinct": len(np.unique(samples, axis=0)) / len(samples),
        "empty": empty_share(samples, reference.source.has_eos),
    }
