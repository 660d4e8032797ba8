"""The Frechet distance within each class: it shows one picture drawn for all of a class, which FID forgives."""

import numpy as np

from ..tfgan import frechet_distance, gaussian
from . import NotComputableError, Result, require_labels

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
        mine, theirs = fake.features[labels == label], real.features[real.labels == label]
        if min(len(mine), len(theirs)) <= dim:
            raise NotComputableError(
                f"{names[label]} has {len(theirs)} real and {len(mine)} judged samples, more than {dim} are needed: "
                "a covariance of its features is singular with fewer"
            )
        distances[names[label]] = frechet_distance(gaussian(theirs), gaussian(mine))
    worst = max(distances, key=distances.get)
    mean = float(np.mean(list(distances.values())))
    return {"intra_fid": mean, "intra_fid_worst": f"{worst}: {distances[worst]:.2f}"}
