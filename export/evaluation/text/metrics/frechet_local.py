"""Frechet distance of texts in the features of an encoder that is fitted to the training texts."""

from ...features.tfgan import frechet_distance, gaussian
from . import NotComputableError, Result

RESULTS = {
    "frechet_local": Result(
        "lower", "Frechet distance in a local encoder of these data; never to be compared with a published FED"
    ),
}
# With fewer texts the estimation error of the covariance dominates the distance.
ADVISED = 1000


def measure(comparison):
    """Returns `frechet_local`, float >= 0 (after de Masson d'Autume et al. 2019, arXiv:1905.09922, section 4).

    Raises:
        NotComputableError: no more texts on a side than features, which makes a covariance singular.
    """
    reference = comparison.reference
    require(reference)
    _require_texts(comparison.samples, "evaluated", reference)
    sides = (reference.encoder.encode(texts) for texts in (reference.real, comparison.samples))
    return {"frechet_local": frechet_distance(*map(gaussian, sides))}


def require(reference):
    """Raises NotComputableError if the training texts have no words in common or are too few."""
    if not reference.encoder.dim:
        raise NotComputableError("no word occurs in two training texts: there are no features to compare")
    _require_texts(reference.real, "real", reference)


def facts(comparison):
    """Returns the encoder's identity."""
    return {"extractor": comparison.reference.encoder.identity}


def warnings(comparison):
    """Returns a list of notes to read before the score is quoted."""
    samples, baseline = len(comparison.samples), len(comparison.reference.baseline)
    fewest = min(samples, len(comparison.reference.real))
    notes = []
    if fewest < ADVISED:
        notes.append(
            f"frechet_local: computed from {fewest} texts; fewer than {ADVISED} bias it upward: compare only scores of "
            "equal counts"
        )
    if baseline >= samples:
        return notes
    return [
        *notes,
        f"frechet_local: the held-out baseline has {baseline} texts, the samples are {samples}: fewer texts increase "
        "the distance",
    ]


def _require_texts(texts, kind, reference):
    dim = reference.encoder.dim
    if len(texts) <= dim:
        raise NotComputableError(
            f"{len(texts)} {kind} texts, at least {dim + 1} are needed: fewer have no covariance of {dim} features"
        )
