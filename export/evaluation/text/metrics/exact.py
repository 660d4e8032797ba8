"""Divergences between the oracle and the model over all sequences: exact values, neither samples nor estimates."""

import numpy as np

from .....zoo.sequences.log_likelihood import log_likelihoods
from . import Count, NotComputableError, Result, require_model, require_oracle

RESULTS = {
    "js": Result("lower", "Jensen-Shannon divergence of oracle and model, nats, over all sequences; ln 2 at most"),
    "kl_forward": Result("lower", "KL divergence of the model from the oracle, nats: high if it misses sequences"),
    "kl_reverse": Result("lower", "KL divergence of the oracle from the model, nats: high if it invents sequences"),
}


def measure(comparison):
    """Returns `js`, `kl_forward` (oracle to model) and `kl_reverse` (model to oracle), in nats of complete sequences.

    Raises:
        NotComputableError: samples without a model, or an oracle with too many sequences to enumerate.
    """
    require(comparison.reference)
    oracle, generator = require_oracle(comparison.reference), require_model(comparison)
    sequences = oracle.sequences()
    real, fake = oracle.log_probabilities(sequences), log_likelihoods(generator, sequences)
    mixture = np.logaddexp(real, fake) - np.log(2)
    return {
        "js": (_divergence(real, mixture) + _divergence(fake, mixture)) / 2,
        "kl_forward": _divergence(real, fake),
        "kl_reverse": _divergence(fake, real),
    }


def require(reference):
    """Raises NotComputableError for data without an oracle, or with too many sequences to enumerate."""
    if not require_oracle(reference).enumerable:
        raise NotComputableError(f"{reference.source.name} has too many sequences to enumerate")


def _divergence(logs, others):
    return float(np.sum(np.exp(logs) * (logs - others)))


def counts(comparison):
    """Returns the number of sequences that are enumerated: all, whatever was sampled."""
    sequences = len(require_oracle(comparison.reference).sequences())
    return {"sequences": Count(sequences, sequences)}
