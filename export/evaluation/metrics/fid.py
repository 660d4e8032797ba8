"""The Frechet distance between Gaussians fitted to the features of both sides: FID where they are Inception's."""

from ..tfgan import frechet_distance, gaussian
from . import Result, require_rows

RESULTS = {"fid": Result("lower", "Frechet distance of the features (Heusel et al. 2017)")}
# Below it the covariance is estimated so badly that the distance tells more of the count than of the samples.
ADVISED = 2048


def measure(comparison):
    """Returns `fid`, float >= 0.

    Raises:
        NotComputableError: no more samples than features, so that a covariance is singular.
    """
    dim = comparison.real.features.shape[1]
    require_rows(comparison, dim + 1, f"a covariance of {dim} features is singular with fewer")
    return {"fid": frechet_distance(gaussian(comparison.real.features), gaussian(comparison.fake.features))}


def warnings(comparison):
    """Returns a list of what to know before the number is quoted."""
    fewest = min(len(comparison.real), len(comparison.fake))
    if fewest >= ADVISED:
        return []
    return [
        f"fid: computed from {fewest} samples; fewer than {ADVISED} bias it upwards: compare only with scores of as "
        "many, and quote it from 10,000 or more"
    ]
