"""What arrays of images must hold: type and range of their values, checked in every row."""

from typing import NamedTuple

import numpy as np

# Rows are scanned in parts of this size, so that a memory-mapped file is never in memory as one array.
CHUNK_BYTES = 2**26
# Resizing filters overshoot a range by about this much.
TOLERANCE = 0.01
# Values that are never negative and spread further than this are pictures in [0, 1], not bright ones in [-1, 1].
MIN_SPREAD = 0.1


class PixelProblem(NamedTuple):
    """Why an array cannot be used as images.

    Attributes:
        received: str, what the array holds, such as "float images in [0, 1]".
        cure: str, what to do about it.
        row: int, the first row that has the problem, or None where all rows have it.
        is_finite: bool, False if values are NaN or infinite.
    """

    received: str
    cure: str
    row: int | None = None
    is_finite: bool = True


def find_pixel_problem(images, value_range=None, is_part=False):
    """Returns the `PixelProblem` of an array of images, or None.

    Args:
        images: array (num_samples, height, width, channels).
        value_range: (low, high) that the values are declared to lie in; None for the convention: uint8 in [0, 255] or
            floats in [-1, 1]. Default None.
        is_part: bool, whether the rows are too few to decide that a set of bright or dark images has another range.
            Default False.
    """
    if not (is_float(images) or images.dtype.kind in "iub"):
        return PixelProblem(f"{images.dtype} images", "pass numbers, images of one size as one array")
    if not len(images):
        has_range = is_float(images) or images.dtype == np.uint8 or value_range is not None
        return None if has_range else PixelProblem(f"{images.dtype} images", CAST_CURE)
    if value_range is None and images.dtype == np.uint8:
        return None if is_part else _find_dark_bytes(images)
    low, high = extremes(images)
    if not (np.isfinite(low) and np.isfinite(high)):
        return PixelProblem("images that are NaN or infinite", "fix or drop them", _first(images, _not_finite), False)
    received = f"{'float' if is_float(images) else images.dtype} images in [{low:.4g}, {high:.4g}]"
    if value_range is not None:
        return _find_undeclared(images, received, low, high, value_range)
    if not is_float(images):
        return PixelProblem(received, _integer_cure(low, high))
    if low < -1 - TOLERANCE or high > 1 + TOLERANCE:
        row = _first(images, lambda rows: (rows < -1 - TOLERANCE) | (rows > 1 + TOLERANCE))
        return PixelProblem(received, _float_cure(low, high), row)
    if is_unit_range(low, high) and not is_part:
        return PixelProblem(received, UNIT_RANGE_CURE)
    return None


CAST_CURE = "cast them with tf.cast(images, tf.uint8), or declare their range with value_range=(low, high)"
UNIT_RANGE_CURE = "rescale them with images * 2 - 1, or declare value_range=(0, 1), or (-1, 1) if that is their range"


def is_unit_range(low, high):
    """Returns whether the extremes of float images are those of pictures in [0, 1]."""
    return low >= -TOLERANCE and high <= 1 + TOLERANCE and high - low > MIN_SPREAD


def is_float(array):
    """Returns whether an array holds floating-point numbers, bfloat16 included."""
    return array.dtype.kind == "f" or array.dtype.name == "bfloat16"


def extremes(array):
    """Returns (lowest, highest) of all values as floats; NaN if any value is."""
    parts = [(float(part.min()), float(part.max())) for _, part in _chunks(array)]
    lows, highs = zip(*parts, strict=True)
    return float(np.min(lows)), float(np.max(highs))


def first_bad_row(array, is_bad):
    """Returns the first row in which a predicate of values holds, or None.

    Args:
        array: array (num_samples, ...).
        is_bad: function from a part of the rows to a bool array of its shape.
    """
    for start, part in _chunks(array):
        rows = np.flatnonzero(np.asarray(is_bad(part)).reshape(len(part), -1).any(axis=1))
        if len(rows):
            return start + int(rows[0])
    return None


def _first(images, is_bad):
    """Returns the first bad row, or None if all rows are bad: there is nothing to single out."""
    row = first_bad_row(images, is_bad)
    if row or len(images) == 1:
        return row
    all_bad = all(np.asarray(is_bad(part)).reshape(len(part), -1).any(axis=1).all() for _, part in _chunks(images))
    return None if all_bad else row


def _not_finite(rows):
    return ~np.isfinite(rows.astype(np.float32) if rows.dtype.kind == "V" else rows)


def _chunks(array):
    size = max(1, CHUNK_BYTES // max(1, array[:1].nbytes))
    for start in range(0, len(array), size):
        yield start, array[start : start + size]


def _find_dark_bytes(images):
    """Finds bytes that are all 0 or 1: masks, which would be black images."""
    high = 0
    for _, part in _chunks(images):
        high = max(high, int(part.max()))
        if high > 1:
            return None
    if high == 0 or int(min(part.min() for _, part in _chunks(images))) == 1:
        return None
    return PixelProblem("uint8 images in [0, 1]", "multiply them by 255, or declare value_range=(0, 1)")


def _find_undeclared(images, received, low, high, value_range):
    lowest, highest = value_range
    tolerance = TOLERANCE * (highest - lowest) / 2
    if lowest - tolerance <= low and high <= highest + tolerance:
        return None
    row = _first(images, lambda rows: (rows < lowest - tolerance) | (rows > highest + tolerance))
    return PixelProblem(received, f"declare their range, value_range=({low:.4g}, {high:.4g})", row)


def _integer_cure(low, high):
    if low >= 0 and high <= 1:
        return "cast them with images.astype('uint8') * 255, or declare value_range=(0, 1)"
    if low >= 0 and high <= 255:
        return "cast them with images.astype('uint8')"
    if low >= -1 and high <= 1:
        return "cast them with images.astype('float32')"
    return f"declare their range, such as value_range=({0 if low >= 0 else -32768}, {65535 if low >= 0 else 32767})"


def _float_cure(low, high):
    if low >= -1 and high <= 256:
        return "rescale them with images / 127.5 - 1"
    return f"rescale them, or declare their range, value_range=({low:.4g}, {high:.4g})"
