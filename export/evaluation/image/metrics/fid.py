"""Frechet distance between Gaussians fitted to the features of both sides: FID for Inception features."""

from ...features.tfgan import frechet_distance, gaussian
from . import Result, require_rows

RESULTS = {"fid": Result("lower", "Frechet distance of the features (Heusel et al. 2017)")}
# With fewer samples the estimation error of the covariance dominates the distance.
ADVISED = 2048


def measure(comparison):
    """Returns `fid`, float >= 0.

    Raises:
        NotComputableError: no more samples than features, which makes a covariance singular.
    """
    dim = comparison.real.features.shape[1]
    require_rows(comparison, dim + 1, f"a covariance of {dim} features is singular with fewer")
    return {"fid": frechet_distance(gaussian(comparison.real.features), gaussian(comparison.fake.features))}


def warnings(comparison):
    """Returns a list of notes to read before the score is quoted."""
    fewest = min(len(comparison.real), len(comparison.fake))
    if fewest >= ADVISED:
        return []
    return [f"fid: {few_images_note(fewest)}"]


def few_images_note(fewest):
    """Returns the note on a distance of fewer samples than advised."""
    return (
        f"computed from {fewest} samples; fewer than {ADVISED} bias it upward: compare only scores of equal sample "
        "counts, and quote it from 10,000 or more"
    )
