"""BLEU against held-out texts, and Self-BLEU among the samples: either alone is won by repeating one good sentence."""

from ..ngrams import SMOOTHING, sentence_bleu
from ..reference import chosen_rows
from ..text_reference import empty_share, said
from . import Result

ORDERS = (2, 3, 4, 5)
MOST_TEXTS = 500
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
    section 2.4. The means are over texts. Both rise with the number of references, which `facts` tells.
    """
    ends = comparison.reference.source.ends
    texts, references = said(_hypotheses(comparison), ends), said(comparison.reference.bleu, ends)
    found = {}
    for name, given in (("bleu", references), ("self_bleu", None)):
        means = sentence_bleu(texts, given, max(ORDERS)).mean(axis=0)
        found |= {f"{name}_{n}": float(means[n - 1]) for n in ORDERS}
    return found | {"empty": empty_share(comparison.samples, ends)}


def facts(comparison):
    """Returns how many texts are compared with how many, and what is done where nothing matches."""
    texts, references = len(_hypotheses(comparison)), len(comparison.reference.bleu)
    return {"bleu": {"texts": texts, "references": references, "split": "held out", "smoothing": SMOOTHING}}


def _hypotheses(comparison):
    """The texts that are judged: as many as there are held-out ones to judge beside them."""
    beside = len(comparison.reference.beside)
    most = MOST_TEXTS if beside < 2 else min(MOST_TEXTS, beside)
    return comparison.samples[chosen_rows(len(comparison.samples), most)]
