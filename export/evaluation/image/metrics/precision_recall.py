"""Precision, recall, density and coverage from exact nearest neighbors in feature space."""

import numpy as np

from ...features.nearest_neighbors import distance_blocks, nearest_other
from . import Result, require_rows

# The neighborhood sizes of the papers.
MANIFOLD_K, DENSITY_K = 3, 5
# With fewer images the neighborhoods are so wide that they cover regions without images.
ADVISED = 1000

RESULTS = {
    "precision": Result("higher", "share of samples inside the real manifold (Kynkaanniemi et al. 2019)"),
    "recall": Result("higher", "share of real images inside the samples' manifold (Kynkaanniemi et al. 2019)"),
    "density": Result(
        "higher", "real neighborhoods that contain a sample, relative to the expected number (Naeem et al. 2020)"
    ),
    "coverage": Result("higher", "share of real images with a sample in their neighborhood (Naeem et al. 2020)"),
}


def measure(comparison):
    """Returns `precision`, `recall`, `coverage` in [0, 1] and `density` >= 0.

    Papers: Kynkaanniemi et al. 2019 (arXiv:1904.06991), equations 1 and 2, k = 3; Naeem et al. 2020
    (arXiv:2002.09797), equations 6 and 7, k = 5. All four come from one pass over the distances.

    Raises:
        NotComputableError: no more samples than neighbors.
    """
    require_rows(comparison, DENSITY_K + 1, "neighborhoods extend to the fifth neighbor")
    real, fake = comparison.real.features, comparison.fake.features
    real_radii, fake_radii = nearest_other(real, MANIFOLD_K), nearest_other(fake, MANIFOLD_K)
    wide_radii = nearest_other(real, DENSITY_K)
    inside_real, inside_wide = 0, 0
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows, distances in distance_blocks(fake, real):
        inside_real += int((distances <= real_radii).any(1).sum())
        recalled |= (distances <= fake_radii[rows, np.newaxis]).any(0)
        inside = distances <= wide_radii
        inside_wide += int(inside.sum())
        covered |= inside.any(0)
    return {
        "precision": inside_real / len(fake),
        "recall": float(recalled.mean()),
        "density": inside_wide / (DENSITY_K * len(fake)),
        "coverage": float(covered.mean()),
    }


def warnings(comparison):
    """Returns a list of notes to read before the scores are quoted."""
    fewest = min(len(comparison.real), len(comparison.fake))
    if fewest >= ADVISED:
        return []
    return [
        f"precision, recall, density, coverage: computed from {fewest} samples; they depend on the count, the more the "
        f"fewer there are: compare only equal counts, and quote them from {ADVISED} or more"
    ]
