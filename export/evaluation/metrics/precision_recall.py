"""How many samples look real, and how much of the real data is reached: by exact neighbours in feature space."""

import numpy as np

from ..neighbours import distance_blocks, nearest_other
from . import Result, require_rows

# The papers' neighbourhoods.
MANIFOLD_K, DENSITY_K = 3, 5

RESULTS = {
    "precision": Result("higher", "share of samples inside the real manifold (Kynkaanniemi et al. 2019)"),
    "recall": Result("higher", "share of real images inside the samples' manifold (Kynkaanniemi et al. 2019)"),
    "density": Result("higher", "real neighbourhoods around a sample, over what is expected (Naeem et al. 2020)"),
    "coverage": Result("higher", "share of real images with a sample in their neighbourhood (Naeem et al. 2020)"),
}


def measure(comparison):
    """Returns `precision`, `recall`, `coverage` in [0, 1] and `density` >= 0.

    Papers: Kynkaanniemi et al. 2019 (arXiv:1904.06991), equations 1 and 2, k = 3; Naeem et al. 2020
    (arXiv:2002.09797), equations 6 and 7, k = 5. All four come from one pass over the distances.

    Raises:
        NotComputableError: no more samples than neighbours.
    """
    require_rows(comparison, DENSITY_K + 1, "neighbourhoods reach to the fifth neighbour")
    real, fake = comparison.real.features, comparison.fake.features
    real_radii, fake_radii = nearest_other(real, MANIFOLD_K), nearest_other(fake, MANIFOLD_K)
    wide_radii = nearest_other(real, DENSITY_K)
    precise, dense = 0, 0
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows, distances in distance_blocks(fake, real):
        precise += int((distances <= real_radii).any(1).sum())
        recalled |= (distances <= fake_radii[rows, np.newaxis]).any(0)
        inside = distances <= wide_radii
        dense += int(inside.sum())
        covered |= inside.any(0)
    return {
        "precision": precise / len(fake),
        "recall": float(recalled.mean()),
        "density": dense / (DENSITY_K * len(fake)),
        "coverage": float(covered.mean()),
    }
