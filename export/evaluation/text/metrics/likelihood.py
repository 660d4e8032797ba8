"""Likelihood of held-out texts under the model, and the model's entropy: one measures coverage, one diversity."""

from .....zoo.sequences.log_likelihood import log_likelihoods, nats_per_token
from . import Count, Result, require_model

RESULTS = {
    "nll_held_out": Result("lower", "nats per token of held-out texts under the model"),
    "entropy": Result("", "nats per token of the model's own samples under itself; it falls with their diversity"),
}


def measure(comparison):
    """Returns `nll_held_out` and `entropy`, nats per token; the end token counts, padding does not.

    `nll_held_out` grows without bound for a model that cannot produce the real texts; `entropy` is low for a model that
    produces few texts. Caccia et al. 2020, "Language GANs falling short" (arXiv:1811.02549), show that neither is
    meaningful without the other.

    Raises:
        NotComputableError: samples without a model.
    """
    generator, has_eos = require_model(comparison), comparison.reference.source.has_eos
    sides = {"nll_held_out": comparison.reference.held_out, "entropy": comparison.samples}
    return {name: nats_per_token(log_likelihoods(generator, texts), texts, has_eos) for name, texts in sides.items()}


def facts(comparison):
    """Returns the number of held-out texts."""
    return {"likelihood": {"texts": len(comparison.reference.held_out), "split": "held out"}}


def counts(comparison):
    """Returns the numbers of samples and of held-out texts, of those that there are."""
    reference, samples = comparison.reference, len(comparison.samples)
    held_out = Count(len(reference.held_out), len(reference.source.held_out))
    return {"samples": Count(samples, samples), "held-out texts": held_out}
