"""BLEU against held-out texts, and Self-BLEU among the samples: repeating one good sentence maximizes both."""

from ...image.image_reference import subsample_rows
from ..ngrams import SMOOTHING, sentence_bleu
from ..text_reference import empty_share, token_lists
from . import Count, Result

ORDERS = (2, 3, 4, 5)
MAX_TEXTS = 500
# Computed from all samples, unlike the other results.
COMPLETE = ("empty",)
RESULTS = {
    **{
        f"bleu_{n}": Result("higher", f"mean BLEU-{n} of samples against held-out texts (smoothing {SMOOTHING})")
        for n in ORDERS
    },
    **{
        f"self_bleu_{n}": Result("lower", f"mean BLEU-{n} of samples against each other; real texts repeat, too")
        for n in ORDERS
    },
    "empty": Result("lower", "share of samples without a word"),
}


def measure(comparison):
    """Returns `bleu_2` to `bleu_5`, `self_bleu_2` to `self_bleu_5` and `empty`, floats in [0, 1].

    Papers: Yu et al. 2017, "SeqGAN" (arXiv:1609.05473), section 5; Zhu et al. 2018, "Texygen" (arXiv:1802.01886),
    section 2.4. The means are over texts. Both increase with the number of references, which `facts` reports. An
    unknown word matches nothing, not even another unknown word, but counts in the length of its text.
    """
    has_eos, unknown = comparison.reference.source.has_eos, comparison.reference.unknown
    texts = token_lists(_hypotheses(comparison), has_eos, unknown)
    references = token_lists(comparison.reference.bleu_references, has_eos, unknown)
    results = {}
    for name, compared_with in (("bleu", references), ("self_bleu", None)):
        means = sentence_bleu(texts, compared_with, max(ORDERS)).mean(axis=0)
        results |= {f"{name}_{n}": float(means[n - 1]) for n in ORDERS}
    return results | {"empty": empty_share(comparison.samples, has_eos)}


def facts(comparison):
    """Returns the numbers of texts and references, and the smoothing."""
    texts, references = len(_hypotheses(comparison)), len(comparison.reference.bleu_references)
    return {"bleu": {"texts": texts, "references": references, "split": "held out", "smoothing": SMOOTHING}}


def _hypotheses(comparison):
    """Returns the evaluated texts: the same number as in the held-out baseline, since Self-BLEU depends on it."""
    baseline = len(comparison.reference.baseline)
    count = MAX_TEXTS if baseline < 2 else min(MAX_TEXTS, baseline)
    return comparison.samples[subsample_rows(len(comparison.samples), count)]


def counts(comparison):
    """Returns the numbers of evaluated texts and of references, of those that there are."""
    reference = comparison.reference
    return {
        "samples": Count(len(_hypotheses(comparison)), len(comparison.samples)),
        "references": Count(len(reference.bleu_references), len(reference.source.held_out)),
    }
