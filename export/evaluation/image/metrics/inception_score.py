"""Inception Score with the extractor's classifier: confident predictions per image, diverse predictions overall."""

from ...features.tfgan import inception_score
from . import NotComputableError, Result

RESULTS = {"inception_score": Result("higher", "exp of the mean divergence of p(y|x) from p(y) (Salimans et al. 2016)")}


def measure(comparison):
    """Returns `inception_score`, float from 1 to the number of classes; real images do not enter.

    Raises:
        NotComputableError: an extractor without classes, or with one.
    """
    logits = comparison.fake.logits.get("label")
    if logits is None:
        raise NotComputableError(f"the extractor {comparison.reference.extractor.name} knows no classes")
    if logits.shape[1] < 2:
        raise NotComputableError("the classifier has one class: every score is 1")
    return {"inception_score": inception_score(logits)}
