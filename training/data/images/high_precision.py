"""Pixel values of more than 8 bits, which become 8 bits in the same way in all files of a source.

A file does not state its range: a camera of 12 bits writes values up to 4,095 into files of 16 bits, and floats are in
[0, 1] or in [0, 255]. All files decide: the largest integer, and the range that most files of floats are in.

This module imports nothing of the zoo, like `image_decoding.py`, which uses it in worker processes.
"""

import numpy as np

BITS = (8, 10, 12, 14, 16)
# Resizing lets floats exceed 1 a little.
FLOAT_TOLERANCE = 0.1
# Where the white levels are in a pair (of integers, of floats).
KINDS = ("integer", "float")


class UnknownRangeError(ValueError):
    """Values without a known range. The message is the reason."""


def white_level(kind, largest):
    """Returns the value that becomes 255, from the largest value of an image: "integer" or "float"."""
    if kind == "float":
        return 1.0 if largest <= 1 + FLOAT_TOLERANCE else 255.0
    return next(2**bits - 1 for bits in BITS if largest < 2**bits)


def measure(values):
    """Returns (kind, largest value) of the pixels of one image.

    Raises:
        UnknownRangeError: values that are negative, not finite, above 65,535, or floats above 255.
    """
    low, high = values.min(), values.max()
    if np.issubdtype(values.dtype, np.floating):
        if not np.isfinite(values).all() or low < 0 or high > 255:
            raise UnknownRangeError(f"float values in [{low:g}, {high:g}], expected [0, 1] or [0, 255]")
        return "float", float(high)
    if low < 0 or high > 65535:
        raise UnknownRangeError(f"integer values in [{low}, {high}], expected at most 16 bits")
    return "integer", int(high)


def to_8_bits(values, measured, whites=None):
    """Maps values to uint8.

    Args:
        values: array of integers or floats.
        measured: (kind, largest value), from `measure`.
        whites: pair of the white levels of integers and of floats, or None for the image's own.

    Raises:
        UnknownRangeError: floats above 1 where the white level is 1.
    """
    kind, largest = measured
    own = white_level(kind, largest)
    white = whites[KINDS.index(kind)] if whites else own
    if own > white:
        raise UnknownRangeError(f"float values up to {largest:g}, but most other images are in [0, {white:g}]")
    return np.rint(np.clip(values * (255 / white), 0, 255)).astype(np.uint8)


class ValueRange:
    """The range of the values of a source, from all of its images of more than 8 bits.

    Attributes:
        whites: None while every image is read with its own range, then the pair of white levels of all.
    """

    def __init__(self):
        self.whites = None
        self._largest = {kind: [] for kind in KINDS}

    def observe(self, measured):
        """Records an image that is used: (kind, largest value), or None for an image of 8 bits."""
        if measured:
            kind, largest = measured
            self._largest[kind].append(largest)

    def settle(self):
        """Decides the range. Returns whether an image has been read with another one."""
        integers = [white_level("integer", largest) for largest in self._largest["integer"]]
        floats = sorted(white_level("float", largest) for largest in self._largest["float"])
        self.whites = max(integers, default=255), floats[len(floats) // 2] if floats else 1.0
        return any({*own} - {white} for own, white in zip((integers, floats), self.whites, strict=True))

    def forget(self):
        """Forgets the images, which are read again."""
        self._largest = {kind: [] for kind in KINDS}

    def notes(self):
        """Returns a list of str: the range of the values, where there are more than 8 bits."""
        integers, floats = self._largest["integer"], self._largest["float"]
        notes = []
        if integers:
            white = self.whites[0]
            notes.append(
                f"images of more than 8 bits: {len(integers):,}, with values up to {max(integers):,}, read as "
                f"{white.bit_length()} bits: from 0 (black) to {white:,} (white)"
            )
        if floats:
            white = self.whites[1]
            dark = sum(white_level("float", largest) != white for largest in floats)
            notes.append(
                f"images of float values: {len(floats):,}, with values up to {max(floats):g}, read from 0 (black) to "
                f"{white:g} (white)" + (f"; {dark:,} of them have no value above 1" if dark else "")
            )
        return notes


def read_alike(read, *ranges):
    """Reads the images of a source, and a second time if its range of values is not that of each image.

    Args:
        read: callable without arguments that reads all images with the `whites` of the ranges, and lets the ranges
            observe them.
        *ranges: `ValueRange`s.

    Returns:
        The result of `read`.
    """
    result = read()
    # A list: every range is settled, not only those before the first that differs.
    unlike = [values.settle() for values in ranges]
    if any(unlike):
        for values in ranges:
            values.forget()
        result = read()
    return result
