"""How likely held-out texts are to the model, and how sure it is of its own: the two ways to be wrong."""

from ..likelihoods import log_likelihoods, nats_a_token
from . import Result, require_model

RESULTS = {
    "nll_held_out": Result("lower", "nats a token of held-out texts under the model"),
    "entropy": Result("", "nats a token of the model's own samples under itself; it falls with their diversity"),
}


def measure(comparison):
    """Returns `nll_held_out` and `entropy`, nats a token; a text's end is one of its tokens, what fills it is none.

    The first is infinite in the limit for a model that cannot say what people say, the second is low for one that says
    little; Caccia et al. 2020, "Language GANs falling short" (arXiv:1811.02549), show that neither tells without the
    other.

    Raises:
        NotComputableError: samples without a model.
    """
    generator, ends = require_model(comparison), comparison.reference.source.ends
    sides = {"nll_held_out": comparison.reference.held_out, "entropy": comparison.samples}
    return {name: nats_a_token(log_likelihoods(generator, texts), texts, ends) for name, texts in sides.items()}


def facts(comparison):
    """Returns how many held-out texts are read."""
    return {"likelihood": {"texts": len(comparison.reference.held_out), "split": "held out"}}
