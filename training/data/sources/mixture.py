"""Two-dimensional mixtures of Gaussians, on which modes can be counted exactly."""

import numpy as np

from ..data_error import DataError
from ..image_source import split_source

COUNT = 50_000


def load_mixture(argument, resolution=None, std=None, count=COUNT, seed=0):
    """Samples points from equal Gaussians on a ring of 8 or a grid of 25, the layouts of Srivastava et al. 2017.

    Args:
        argument: "ring" (8 modes, radius 1, std 0.02) or "grid" (5 x 5 modes in [-1, 1], std 0.02). Default "ring".
        resolution: must be None, points have no pixels.
        std: float > 0 or None for the layout's.
        count: int >= 100, the total number of points. Default 50,000.
        seed: int >= 0. Default 0.

    Returns:
        An `ImageSource` of float32 points (num_samples, 2). The labels are the modes; `facts` has "centers" and "std".

    Raises:
        DataError: an unknown layout, or an option out of range.
    """
    if resolution is not None:
        raise DataError(f"data.resolution: received {resolution} for points in the plane, expected none")
    layout = argument or "ring"
    if layout == "ring":
        angles = 2 * np.pi * np.arange(8) / 8
        centers = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    elif layout == "grid":
        axis = np.linspace(-1, 1, 5)
        centers = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1).reshape(-1, 2)
    else:
        raise DataError(f"data.source: received 'mixture:{argument}', expected 'mixture:ring' or 'mixture:grid'")
    std = 0.02 if std is None else std
    if not std > 0 or count < 100:
        raise DataError(f"mixture: received std {std} and count {count}, expected std > 0 and count >= 100")
    random = np.random.default_rng(seed)
    modes = random.integers(len(centers), size=count)
    points = (centers[modes] + std * random.standard_normal((count, 2))).astype(np.float32)
    return split_source(f"mixture:{layout}", points, modes, facts={"centers": centers, "std": std})
