"""Refusals of images that a model cannot be trained on, each with its cure."""

import numpy as np

from ..errors import ArgumentError
from .pixel_checks import find_pixel_problem


def validate_images(name, images, expected, value_range=None, first_row=None):
    """Raises ArgumentError unless an array holds images, or points, of a shape and in a range.

    Args:
        name: str, the input's name.
        images: array (num_samples, *shape), uint8 or float.
        expected: tuple of int, the shape.
        value_range: the declared range (low, high) of images, or None for that of their type. Default None.
        first_row: int, the number of the first row, of rows that are a part of the data; None for all of them.
            Default None.
    """
    kind = "samples" if name == "images" else name
    if images.shape[1:] != expected:
        raise ArgumentError(
            f"fit: received {kind} of shape {images.shape[1:]}, expected {expected}, the shape that the generator "
            + ("produces" if name == "images" else "was built for")
            + shape_cure(images.shape[1:], expected)
        )
    is_part = first_row is not None or len(expected) != 3
    problem = find_pixel_problem(images, value_range if len(expected) == 3 else (-np.inf, np.inf), is_part)
    if problem is None:
        return
    row = problem.row if problem.row is not None or not first_row else 0
    where = "" if row is None else f" in row {row + (first_row or 0)}"
    if not problem.is_finite:
        raise ArgumentError(f"fit: received {kind} that are NaN or infinite{where}, expected finite values")
    expected_range = (
        "[-1, 1] (or uint8 in [0, 255])" if value_range is None else f"[{value_range[0]:g}, {value_range[1]:g}]"
    )
    raise ArgumentError(f"fit: received {problem.received}{where}, expected {expected_range}: {problem.cure}")


def shape_cure(shape, expected):
    """Returns how samples of one shape become samples of another, as a clause after a colon, or ""."""
    if len(expected) != 3:
        return ""
    height, width, channels = expected
    if shape == expected[:2] and channels == 1:
        return ": add the axis of channels, images[..., np.newaxis]"
    if shape == (channels, height, width):
        return ": channels come last, np.moveaxis(images, 1, -1)"
    if len(shape) == 1 and shape[0] == height * width * channels:
        return f": images.reshape(-1, {height}, {width}, {channels})"
    if len(shape) == 3 and height == width and shape[0] == shape[1] and shape[2] == channels:
        return f": resize them, for example with load(images, resolution={height})"
    return ""


def validate_range(value_range):
    """Returns a range of pixels as two floats.

    Raises:
        ArgumentError: not two increasing numbers.
    """
    try:
        low, high = map(float, value_range)
    except (TypeError, ValueError):
        low, high = 0.0, 0.0
    if not -np.inf < low < high < np.inf:
        raise ArgumentError(f"value_range: received {value_range!r}, expected two numbers (low, high), low < high")
    return low, high
