"""What is judged passes through here first: 8-bit pixels, as a saved PNG holds them.

A score changes when one side was rounded and the other not, or scaled otherwise. Both sides of every comparison are
therefore uint8 before anything looks at them.
"""

import numpy as np

from ...zoo.errors import UserError
from ...zoo.images import to_uint8


class SamplesError(UserError):
    """Samples that cannot be judged: which, why, and how to mend them."""


def as_pixels(samples, name="samples", value_range=None):
    """Turns images into uint8 pixels, and leaves points as they are.

    Args:
        samples: array (num, height, width, channels) or (num, height, width) of images, uint8 or float; or float
            points (num, dim).
        name: str, for messages.
        value_range: (low, high) of float images, or None for (-1, 1). Floats that all lie in [0, 1] need it said.

    Returns:
        uint8 array (num, height, width, channels), or float32 points (num, dim).

    Raises:
        SamplesError: nothing there, a value that is no number (its index is named), or another range.

    Example:

    >>> as_pixels(np.full((1, 2, 2, 1), -1.0)).max()
    np.uint8(0)
    """
    samples = np.asarray(samples)
    if samples.ndim == 3:
        samples = samples[..., np.newaxis]
    if samples.ndim not in (2, 4) or len(samples) == 0:
        raise SamplesError(
            f"{name}: received an array of shape {samples.shape}, expected images (num, height, width, channels) or "
            "points (num, dim)"
        )
    if samples.dtype == np.uint8 and samples.ndim == 4:
        if value_range is not None:
            raise SamplesError(f"{name}: received the range {value_range} for 8-bit images, expected none")
        return samples
    if not np.issubdtype(samples.dtype, np.floating):
        raise SamplesError(f"{name}: received {samples.dtype}, expected uint8 or floats: convert it first")
    _check_finite(samples, name)
    if samples.ndim == 2:
        return samples.astype(np.float32)
    low, high = value_range or _known_range(samples, name)
    if not low < high:
        raise SamplesError(f"{name}: received the range ({low}, {high}), expected low < high, such as (-1, 1)")
    # Half floats would be rounded twice.
    chunks = (chunk.astype(np.float32) for chunk in np.array_split(samples, _parts(samples)))
    return np.concatenate([to_uint8(2 * (chunk - low) / (high - low) - 1) for chunk in chunks])


def _check_finite(samples, name):
    for index, sample in enumerate(samples):
        if not np.isfinite(sample).all():
            bad = int(sum(not np.isfinite(each).all() for each in samples))
            raise SamplesError(
                f"{name}: received a NaN or infinity in sample {index} ({bad} such of {len(samples)}), expected finite "
                "values: the generator diverged or the file is damaged"
            )


def _known_range(samples, name):
    low, high = float(samples.min()), float(samples.max())
    if low < -1.01 or high > 1.01 or (low >= 0 and high > 0):
        raise SamplesError(
            f"{name}: received floats in [{low:.3g}, {high:.3g}], which may be meant as [0, 1] or [0, 255], expected "
            "uint8, floats in [-1, 1], or the range said: value_range=(0, 1), --range 0,1"
        )
    return -1.0, 1.0


def _parts(samples):
    return max(1, -(-len(samples) // 1000))
