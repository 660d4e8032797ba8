"""The Frechet distance of texts in the features of an encoder that is fitted to the training texts."""

from ..tfgan import frechet_distance, gaussian
from . import NotComputableError, Result

RESULTS = {
    "frechet_local": Result(
        "lower", "Frechet distance in a local encoder of these data; never to be compared with a published FED"
    ),
}


def measure(comparison):
    """Returns `frechet_local`, float >= 0 (after de Masson d'Autume et al. 2019, arXiv:1905.09922, section 4).

    Raises:
        NotComputableError: no more texts on a side than features, so that a covariance is singular.
    """
    reference = comparison.reference
    require(reference)
    _require_texts(comparison.samples, "judged", reference)
    sides = (reference.encoder.encode(texts) for texts in (reference.real, comparison.samples))
    return {"frechet_local": frechet_distance(*map(gaussian, sides))}


def require(reference):
    """Raises NotComputableError where the training texts have nothing in common or are too few."""
    if not reference.encoder.dim:
        raise NotComputableError("no word occurs in two training texts: there is nothing to compare them by")
    _require_texts(reference.real, "real", reference)


def facts(comparison):
    """Returns the encoder's identity."""
    return {"extractor": comparison.reference.encoder.identity}


def warnings(comparison):
    """Returns a list of what to know before the number is quoted."""
    samples, beside = len(comparison.samples), len(comparison.reference.beside)
    if beside >= samples:
        return []
    return [f"frechet_local: fewer texts raise it, and {samples} samples stand beside {beside} held-out ones"]


def _require_texts(texts, kind, reference):
    dim = reference.encoder.dim
    if len(texts) <= dim:
        raise NotComputableError(
            f"{len(texts)} {kind} texts, at least {dim + 1} are needed: fewer have no covariance of {dim} features"
        )
