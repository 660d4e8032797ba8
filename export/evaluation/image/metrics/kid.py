"""Kernel distance between the features of both sides: KID for Inception features. Unbiased, unlike FID."""

from ...features.tfgan import kernel_blocks, kernel_distance
from . import Count, Result, require_rows

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


def counts(comparison):
    """Returns the numbers of images of both sides and of blocks; a much larger side is not used completely."""
    sizes = len(comparison.real), len(comparison.fake)
    blocks, real, fake = kernel_blocks(*sizes)
    return {
        "real images": Count(real, sizes[0]),
        "samples": Count(fake, sizes[1]),
        "blocks": Count(blocks, blocks),
    }


def warnings(comparison):
    """Returns a list of notes to read before the score is quoted."""
    blocks, *sizes = kernel_blocks(len(comparison.real), len(comparison.fake))
    if blocks > 1:
        return []
    return [f"kid: {sizes[0]} real and {sizes[1]} evaluated samples are one block: there is no standard error"]
