"""Mode collapse within a mode: samples that are nearly the same as another sample."""

import numpy as np

from ..neighbours import nearest_other
from ..reference import chosen_rows
from . import Result, require_rows

# Real images that lie as near to another real one are this rare.
RARE = 0.01

RESULTS = {
    "duplicates": Result(
        "lower", f"share of samples nearer to another than {1 - RARE:.0%} of real images are to theirs"
    )
}


def measure(comparison):
    """Returns `duplicates`, in [0, 1]: about 0.01 for real images by construction, 1 for a collapsed generator.

    Distances to the nearest of more samples are smaller, so both sides are cut to one count.

    Raises:
        NotComputableError: fewer than 100 samples a side.
    """
    require_rows(comparison, round(1 / RARE), f"a share of {RARE:.0%} of real images must be one at least")
    num = min(len(comparison.real), len(comparison.fake))
    real, fake = (side.features[chosen_rows(len(side), num)] for side in (comparison.real, comparison.fake))
    near = np.quantile(nearest_other(real), RARE)
    # Equal ones lie at distance 0, and so may the nearest real ones.
    return {"duplicates": float((nearest_other(fake) <= near).mean())}
