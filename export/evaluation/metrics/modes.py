"""Which modes of the data the samples reach, and by name which they miss.

Exact for points around known centres. For images, as exact as the classifier: its own confusions, known from held-out
real images, are taken out of the counts, since a class that is never drawn is "seen" all the same wherever another one
is taken for it.
"""

import numpy as np
from scipy.optimize import nnls

from . import NotComputableError, Result

# A mode counts as covered from this share of what the reference has of it.
COVERED = 0.1
# Points belong to a mode within so many standard deviations, as in Srivastava et al. 2017.
REACH = 3

RESULTS = {
    "modes_covered": Result("higher", f"modes with at least {COVERED:.0%} of their share in the reference"),
    "modes": Result("", "how many modes the reference has"),
    "modes_kl": Result("lower", "divergence of the samples' shares of the modes from the reference's, in nats"),
    "missing": Result("", "the names of the modes that are not covered"),
    "shares": Result("", "each mode's share of the samples and of the reference"),
    "high_quality": Result("higher", f"share of points within {REACH} standard deviations of a mode"),
}


def measure(comparison):
    """Returns the results; of several factors a mode is a value of one of them, and the factor is in its name.

    Raises:
        NotComputableError: neither labels nor known centres, or one class; no labelled held-out images.
    """
    source, extractor = comparison.reference.source, comparison.reference.extractor
    if "centres" in source.facts:
        return _points(comparison, np.asarray(source.facts["centres"]), source.facts["std"])
    if "label" not in extractor.values:
        raise NotComputableError(f"the extractor {extractor.name} does not know the classes of {source.name}")
    if len(extractor.values["label"]) < 2:
        raise NotComputableError(f"{source.name} has one class: no mode can be missing")
    if source.labels is None or source.held_out_labels is None or comparison.reference.held_out is None:
        raise NotComputableError(f"{source.name} has no labelled training and held-out images to count against")
    found, expected, names = [], [], []
    for factor, values in extractor.values.items():
        mine, theirs = _shares(comparison, factor, len(values))
        found.append(mine)
        expected.append(theirs)
        prefix = "" if factor == "label" else f"{factor} "
        names += [f"{prefix}{value}" for value in values]
    return _summary(names, np.concatenate(found), np.concatenate(expected))


def _points(comparison, centres, std):
    def belongs(points):
        distances = np.linalg.norm(points[:, np.newaxis] - centres, axis=-1)
        return distances.argmin(1)[distances.min(1) <= REACH * std]

    mine, theirs = belongs(comparison.fake.samples), belongs(comparison.real.samples)
    counts = [np.bincount(rows, minlength=len(centres)) for rows in (mine, theirs)]
    names = ["({:.2f}, {:.2f})".format(*centre) for centre in centres]
    found, expected = (count / max(count.sum(), 1) for count in counts)
    return _summary(names, found, expected) | {"high_quality": len(mine) / len(comparison.fake)}


def _summary(names, found, expected):
    # A class of which the data have nothing is no mode of theirs.
    there = expected > 0
    names, found, expected = (
        [name for name, kept in zip(names, there, strict=True) if kept],
        found[there],
        expected[there],
    )
    covered = found >= COVERED * expected
    # The logarithm's limit at 0 is 0; of samples in no mode at all there are no shares that could diverge.
    divergence = np.sum(found * np.log(np.where(found > 0, found, 1) / expected))
    return {
        "modes_covered": int(covered.sum()),
        "modes": len(names),
        "modes_kl": max(0.0, float(divergence)) if found.any() else None,
        "missing": [name for name, kept in zip(names, covered, strict=True) if not kept],
        "shares": {
            name: [round(float(mine), 4), round(float(theirs), 4)]
            for name, mine, theirs in zip(names, found, expected, strict=True)
        },
    }


def _shares(comparison, factor, count):
    """Shares of a factor's values, the classifier's confusions taken out (adjusted counts, Forman 2008)."""
    reference = comparison.reference
    source, held_out = reference.source, reference.held_out
    truth = source.held_out_labels if factor == "label" else source.held_out_factors[factor]
    confusion = confusions(held_out.logits[factor].argmax(1), truth[reference.held_out_rows], count)
    found = np.bincount(comparison.fake.logits[factor].argmax(1), minlength=count) / len(comparison.fake)
    known = source.labels if factor == "label" else source.factors[factor]
    expected = np.bincount(known[reference.rows], minlength=count) / len(reference.rows)
    shares, _ = nnls(confusion, found)
    # Where nothing explains what was read, the plain counts are all there is.
    return (shares / shares.sum() if shares.any() else found), expected


def confusions(read, truth, count):
    """Returns the matrix (read, truth) of how often each class is read as which; the identity for classes not there."""
    matrix = np.zeros((count, count))
    np.add.at(matrix, (read, truth), 1)
    present = matrix.sum(0) > 0
    matrix[:, present] /= matrix[:, present].sum(0)
    matrix[~present, ~present] = 1
    return matrix
