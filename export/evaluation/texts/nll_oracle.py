"""How likely the samples are to the distribution that the data were drawn from."""

from ..likelihoods import nats_a_token
from . import Result, require_oracle

RESULTS = {
    "nll_oracle": Result("lower", "nats a token of the samples under the oracle; lower than real is no merit"),
}


def measure(comparison):
    """Returns `nll_oracle` (Yu et al. 2017, "SeqGAN", arXiv:1609.05473, section 4), nats a token.

    Lower than held-out texts have it is no merit: it falls with the entropy of whatever is generated.

    Raises:
        NotComputableError: data without an oracle.
    """
    oracle = require_oracle(comparison.reference)
    logs = oracle.log_probabilities(comparison.samples)
    return {"nll_oracle": nats_a_token(logs, comparison.samples, comparison.reference.source.ends)}


def require(reference):
    """Raises NotComputableError for data without an oracle."""
    require_oracle(reference)
