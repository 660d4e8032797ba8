"""Frechet distance within each class: it detects one image repeated for a class, which FID barely penalizes."""

import numpy as np

from ...features.tfgan import frechet_distance, gaussian
from . import Count, NotComputableError, Result, count_both_sides, require_labels

NEEDS_LABELS = True
RESULTS = {
    "intra_fid": Result("lower", "mean over the classes of the Frechet distance within each (Miyato and Koyama 2018)"),
    "intra_fid_worst": Result("", "the class with the largest distance, and the distance"),
}


def measure(comparison):
    """Returns the mean over classes (arXiv:1802.05637, section 5), and the worst class.

    Raises:
        NotComputableError: samples without labels, or a class with no more samples than features.
    """
    labels, names = require_labels(comparison)
    real, fake = comparison.real, comparison.fake
    dim = real.features.shape[1]
    distances = {}
    for label in np.unique(real.labels):
        fake_class, real_class = fake.features[labels == label], real.features[real.labels == label]
        if min(len(fake_class), len(real_class)) <= dim:
            raise NotComputableError(
                f"{names[label]} has {len(real_class)} real and {len(fake_class)} evaluated samples, more than {dim} "
                "are needed: a covariance of its features is singular with fewer"
            )
        distances[names[label]] = frechet_distance(gaussian(real_class), gaussian(fake_class))
    worst = max(distances, key=distances.get)
    mean = float(np.mean(list(distances.values())))
    return {"intra_fid": mean, "intra_fid_worst": f"{worst}: {distances[worst]:.2f}"}


def counts(comparison):
    """Returns the numbers of images, and those of the smallest class of each side."""
    sides = {"real images": comparison.real.labels, "samples": comparison.fake.labels}
    smallest = {kind: int(np.unique(labels, return_counts=True)[1].min()) for kind, labels in sides.items()}
    return count_both_sides(comparison) | {
        f"{kind} of the smallest class": Count(size, size) for kind, size in smallest.items()
    }
