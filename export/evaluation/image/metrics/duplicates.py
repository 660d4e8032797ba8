"""Collapse within a mode: samples that nearly equal another sample."""

import numpy as np

from ...features.nearest_neighbors import nearest_other
from ..image_reference import subsample_rows
from . import Count, Result, require_rows

# The share of real images that lie within the duplicate distance of another real image.
RARE = 0.01

RESULTS = {
    "duplicates": Result(
        "lower", f"share of samples closer to another sample than {1 - RARE:.0%} of real images are to another one"
    )
}


def measure(comparison):
    """Returns `duplicates`, in [0, 1]: about 0.01 for real images by construction, 1 for a collapsed generator.

    Nearest-neighbor distances shrink with the number of samples, so both sides are subsampled to equal counts.

    Raises:
        NotComputableError: fewer than 100 samples per side.
    """
    require_rows(comparison, round(1 / RARE), f"a share of {RARE:.0%} of real images must be one at least")
    num_samples = _smaller_side(comparison)
    real, fake = (side.features[subsample_rows(len(side), num_samples)] for side in (comparison.real, comparison.fake))
    threshold = np.quantile(nearest_other(real), RARE)
    # <=, not <: exact duplicates have distance 0, and the threshold may be 0, too.
    return {"duplicates": float((nearest_other(fake) <= threshold).mean())}


def counts(comparison):
    """Returns the equal counts of both sides: those of the smaller one."""
    used = _smaller_side(comparison)
    return {
        "real images": Count(used, len(comparison.real)),
        "samples": Count(used, len(comparison.fake)),
    }


def _smaller_side(comparison):
    return min(len(comparison.real), len(comparison.fake))
