"""Kernel distance between the features of both sides: KID for Inception features. Unbiased, unlike FID."""

from ...features.tfgan import kernel_distance
from . import Result, require_rows

RESULTS = {
    "kid": Result("lower", "squared kernel distance of the features (Binkowski et al. 2018); around 0 for equal sets"),
    "kid_error": Result("", "its standard error over blocks of samples"),
}


def measure(comparison):
    """Returns `kid`, float around 0 or above, and `kid_error`, float or None with a single block.

    Raises:
        NotComputableError: fewer than two samples per side.
    """
    require_rows(comparison, 2, "the estimate compares pairs")
    distance, error = kernel_distance(comparison.real.features, comparison.fake.features)
    return {"kid": distance, "kid_error": error}
