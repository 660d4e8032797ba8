"""Mode coverage: which modes of the data the samples reach, and the names of the missing ones.

Exact for points around known centers. For images it is as exact as the classifier. The confusion matrix of the
classifier, estimated on held-out real images, corrects the counts: otherwise misclassified samples of other classes
would be counted for a class that is never generated.
"""

import numpy as np
from scipy.optimize import nnls

from . import Count, NotComputableError, Result, count_both_sides

# A mode is covered if the samples have at least this fraction of its share in the reference.
COVERED = 0.1
# A point within this number of standard deviations belongs to the mode, as in Srivastava et al. 2017.
RADIUS = 3
# A perfect generator misses a mode that it should reach this many times with a probability below 1 %.
EXPECTED = 5

RESULTS = {
    "modes_covered": Result("higher", f"modes with at least {COVERED:.0%} of their share in the reference"),
    "modes": Result("", "number of modes in the reference"),
    "modes_kl": Result("lower", "divergence of the samples' shares of the modes from the reference's, in nats"),
    "missing": Result("", "the names of the modes that are not covered"),
    "shares": Result("", "each mode's share of the samples and of the reference"),
    "high_quality": Result("higher", f"share of points within {RADIUS} standard deviations of a mode"),
}


def measure(comparison):
    """Returns the results. With several factors, each value of each factor is a mode, named "factor value".

    Raises:
        NotComputableError: neither labels nor known centers, one class, or no labeled held-out images.
    """
    source, extractor = comparison.reference.source, comparison.reference.extractor
    if "centers" in source.facts:
        return _points(comparison, np.asarray(source.facts["centers"]), source.facts["std"])
    if "label" not in extractor.values:
        raise NotComputableError(f"the extractor {extractor.name} does not know the classes of {source.name}")
    if len(extractor.values["label"]) < 2:
        raise NotComputableError(f"{source.name} has one class: no mode can be missing")
    if source.labels is None or source.held_out_labels is None or comparison.reference.held_out is None:
        raise NotComputableError(f"{source.name} has no labeled training and held-out images to count against")
    fake_shares, real_shares, names = [], [], []
    for factor, values in extractor.values.items():
        fake, real = _shares(comparison, factor, len(values))
        fake_shares.append(fake)
        real_shares.append(real)
        prefix = "" if factor == "label" else f"{factor} "
        names += [f"{prefix}{value}" for value in values]
    return _summary(names, np.concatenate(fake_shares), np.concatenate(real_shares))


def _points(comparison, centers, std):
    def nearest_modes(points):
        distances = np.linalg.norm(points[:, np.newaxis] - centers, axis=-1)
        return distances.argmin(1)[distances.min(1) <= RADIUS * std]

    fake, real = nearest_modes(comparison.fake.samples), nearest_modes(comparison.real.samples)
    counts = [np.bincount(modes, minlength=len(centers)) for modes in (fake, real)]
    names = ["({:.2f}, {:.2f})".format(*center) for center in centers]
    fake_shares, real_shares = (count / max(count.sum(), 1) for count in counts)
    return _summary(names, fake_shares, real_shares) | {"high_quality": len(fake) / len(comparison.fake)}


def _summary(names, fake_shares, real_shares):
    # A class that does not occur in the data is not a mode.
    occurs = real_shares > 0
    names = [name for name, is_mode in zip(names, occurs, strict=True) if is_mode]
    fake_shares, real_shares = fake_shares[occurs], real_shares[occurs]
    covered = fake_shares >= COVERED * real_shares
    # x log(x) tends to 0 for x -> 0. Without a sample in any mode there are no shares, and no divergence.
    divergence = np.sum(fake_shares * np.log(np.where(fake_shares > 0, fake_shares, 1) / real_shares))
    return {
        "modes_covered": int(covered.sum()),
        "modes": len(names),
        "modes_kl": max(0.0, float(divergence)) if fake_shares.any() else None,
        "missing": [name for name, is_covered in zip(names, covered, strict=True) if not is_covered],
        "shares": {
            name: [round(float(fake), 4), round(float(real), 4)]
            for name, fake, real in zip(names, fake_shares, real_shares, strict=True)
        },
    }


def _shares(comparison, factor, num_values):
    """Returns (fake, real) shares of a factor's values, confusions corrected (adjusted counts, Forman 2008)."""
    reference = comparison.reference
    source, held_out = reference.source, reference.held_out
    truth = source.held_out_labels if factor == "label" else source.held_out_factors[factor]
    confusion = confusions(held_out.logits[factor].argmax(1), truth[reference.held_out_rows], num_values)
    predicted = np.bincount(comparison.fake.logits[factor].argmax(1), minlength=num_values) / len(comparison.fake)
    labels = source.labels if factor == "label" else source.factors[factor]
    expected = np.bincount(labels[reference.rows], minlength=num_values) / len(reference.rows)
    shares, _ = nnls(confusion, predicted)
    # If no shares explain the predictions, the uncorrected counts remain.
    return (shares / shares.sum() if shares.any() else predicted), expected


def confusions(predicted, truth, num_classes):
    """Returns the confusion matrix (predicted, truth) with columns that sum to 1; identity for absent classes.

    Args:
        predicted, truth: int arrays (num_samples,).
        num_classes: int >= 1.
    """
    matrix = np.zeros((num_classes, num_classes))
    np.add.at(matrix, (predicted, truth), 1)
    present = matrix.sum(0) > 0
    matrix[:, present] /= matrix[:, present].sum(0)
    matrix[~present, ~present] = 1
    return matrix


def counts(comparison):
    """Returns the numbers of images, and of the held-out ones that show how often the classifier is wrong."""
    reference = comparison.reference
    if "centers" in reference.source.facts:
        return count_both_sides(comparison)
    confused = Count(len(reference.held_out_rows), len(reference.source.held_out))
    return count_both_sides(comparison) | {"held-out images": confused}


def warnings(comparison):
    """Returns a list of notes to read before a mode is called missing."""
    shares = measure(comparison)["shares"]
    expected = len(comparison.fake) * min((real for _, real in shares.values()), default=1)
    if expected >= EXPECTED:
        return []
    return [
        f"modes: with {len(comparison.fake)} samples the rarest mode is expected {expected:.2g} times: below "
        f"{EXPECTED} times, it may be missing by chance"
    ]
