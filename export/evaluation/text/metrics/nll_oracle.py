"""Likelihood of the samples under the known distribution of the data."""

from .....zoo.sequences.log_likelihood import nats_per_token
from . import Count, Result, require_oracle

RESULTS = {
    "nll_oracle": Result("lower", "nats per token of the samples under the oracle; below the real value is no merit"),
}


def measure(comparison):
    """Returns `nll_oracle` (Yu et al. 2017, "SeqGAN", arXiv:1609.05473, section 4), nats per token.

    A value below that of held-out texts is no merit: it falls with the entropy of the samples.

    Raises:
        NotComputableError: data without an oracle.
    """
    oracle = require_oracle(comparison.reference)
    logs = oracle.log_probabilities(comparison.samples)
    return {"nll_oracle": nats_per_token(logs, comparison.samples, comparison.reference.source.has_eos)}


def require(reference):
    """Raises NotComputableError for data without an oracle."""
    require_oracle(reference)


def counts(comparison):
    """Returns the number of samples: real texts do not enter."""
    return {"samples": Count(len(comparison.samples), len(comparison.samples))}
