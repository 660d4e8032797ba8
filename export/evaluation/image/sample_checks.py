"""Validation of samples and conversion to 8-bit pixels, as in a saved PNG.

Scores change if only one side of a comparison is rounded, or if the sides are scaled differently. Both sides are
therefore converted to uint8 before features are extracted.
"""

import numpy as np

from ....zoo.core.image_scaling import to_uint8
from ....zoo.errors import UserError

# Squared distances between larger points may overflow in single precision.
MAX_COORDINATE = 1e15


class SamplesError(UserError):
    """Samples that cannot be evaluated; the message says which, why, and how to fix them."""


def as_pixels(samples, name="samples", value_range=None):
    """Converts images to uint8 pixels; points are returned unchanged.

    Args:
        samples: array (num_samples, height, width, channels) or (num_samples, height, width) of images, uint8 or
            float; or float points (num_samples, dim).
        name: str, for messages.
        value_range: (low, high) of float images, or None for (-1, 1). It is required for floats that all lie in [0, 1].

    Returns:
        uint8 array (num_samples, height, width, channels), or float32 points (num_samples, dim).

    Raises:
        SamplesError: an empty array, a non-finite value (the index of its sample is reported), coordinates above 1e15,
            or an ambiguous range.

    Example:

    >>> as_pixels(np.full((1, 2, 2, 1), -1.0)).max()
    np.uint8(0)
    """
    samples = np.asarray(samples)
    if samples.ndim == 3:
        samples = samples[..., np.newaxis]
    if samples.ndim not in (2, 4) or len(samples) == 0:
        raise SamplesError(
            f"{name}: received an array of shape {samples.shape}, expected images (num_samples, height, width, "
            "channels) or points (num_samples, dim)"
        )
    if samples.dtype == np.uint8 and samples.ndim == 4:
        if value_range is not None:
            raise SamplesError(f"{name}: received the range {value_range} for 8-bit images, expected none")
        return samples
    if not np.issubdtype(samples.dtype, np.floating):
        raise SamplesError(f"{name}: received {samples.dtype}, expected uint8 or floats: convert it first")
    _check_finite(samples, name)
    if samples.ndim == 2:
        largest = np.abs(samples).max()
        if largest > MAX_COORDINATE:
            raise SamplesError(
                f"{name}: received coordinates up to {largest:.3g}, expected at most {MAX_COORDINATE:.0e}: distances "
                "between such points overflow"
            )
        return samples.astype(np.float32)
    low, high = value_range or _default_range(samples, name)
    if not low < high:
        raise SamplesError(f"{name}: received the range ({low}, {high}), expected low < high, such as (-1, 1)")
    # float16 arithmetic would round twice.
    chunks = (chunk.astype(np.float32) for chunk in np.array_split(samples, _num_chunks(samples)))
    return np.concatenate([to_uint8(2 * (chunk - low) / (high - low) - 1) for chunk in chunks])


def match_channels(pixels, expected, name):
    """Converts between gray and color where nothing is lost; images are never resized silently.

    Args:
        pixels: uint8 array (num_samples, height, width, channels), or points.
        expected: tuple, the shape of one sample of the reference.
        name: str, for messages.

    Raises:
        SamplesError: another resolution, or colors where the reference is gray.
    """
    if pixels.ndim == 4 and pixels.shape[1:3] == tuple(expected[:2]):
        if pixels.shape[-1] == 1 and expected[-1] == 3:
            return np.repeat(pixels, 3, axis=-1)
        if pixels.shape[-1] == 3 and expected[-1] == 1 and (pixels == pixels[..., :1]).all():
            return pixels[..., :1]
    raise SamplesError(
        f"{name}: received samples of shape {pixels.shape[1:]}, expected {tuple(expected)} as the reference has: load "
        "both at the same resolution and channels"
    )


def _check_finite(samples, name):
    for index, sample in enumerate(samples):
        if not np.isfinite(sample).all():
            count = int(sum(not np.isfinite(each).all() for each in samples))
            raise SamplesError(
                f"{name}: received a NaN or infinity in sample {index} ({count} such of {len(samples)}), expected "
                "finite values: the generator diverged or the file is damaged"
            )


def _default_range(samples, name):
    low, high = float(samples.min()), float(samples.max())
    if low < -1.01 or high > 1.01 or (low >= 0 and high > 0):
        raise SamplesError(
            f"{name}: received floats in [{low:.3g}, {high:.3g}], which may mean [0, 1] or [0, 255], expected "
            "uint8, floats in [-1, 1], or an explicit range: value_range=(0, 1), --range 0,1"
        )
    return -1.0, 1.0


def _num_chunks(samples):
    return max(1, -(-len(samples) // 1000))
