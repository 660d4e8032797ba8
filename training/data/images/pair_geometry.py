"""Which images make a pair: two of equal proportions, or the halves of one."""

# Sides that are rounded after resizing, and borders of a pixel or two, stay below this.
TOLERANCE = 0.02
# Photographs are often narrower; two halves this narrow are not.
MIN_WIDTH = 1.5
# If this share of the images are two squares side by side, the others are strays. Otherwise all proportions are read.
MAJORITY = 0.9


def same_proportions(first, second):
    """Whether two sizes (width, height) differ by a factor alone, up to 2 % or half a pixel of the smaller image."""
    (width, height), (other_width, other_height) = sorted((first, second), reverse=True)
    across, down = abs(other_width - other_height * width / height), abs(other_height - other_width * height / width)
    return min(across, down) <= 0.5 or down <= TOLERANCE * other_height


def pair_trouble(sizes, other):
    """Returns why two images are no pair, or None.

    Both are cropped to their largest central square, which shows the same part of both only if their proportions are
    equal.

    Args:
        sizes: the (width, height) of both, upright.
        other: str, the name of the second file.
    """
    if same_proportions(*sizes):
        return None
    (width, height), (other_width, other_height) = sizes
    return (
        f"{width} x {height} pixels, but {other} has {other_width} x {other_height}: expected equal proportions, "
        "crop or stretch one of them"
    )


def halves_trouble(size):
    """Returns why an image cannot be two images side by side, or None."""
    width, height = size
    return None if width >= MIN_WIDTH * height else _unexpected(size)


def stray_halves(sizes):
    """Returns (dict of index -> reason, notes): which images to leave out, if nearly all others are two squares.

    Args:
        sizes: list of (width, height) without `halves_trouble`.
    """
    others = [index for index, size in enumerate(sizes) if not _is_two_squares(size)]
    if len(sizes) - len(others) >= MAJORITY * len(sizes):
        return {index: _unexpected(sizes[index]) for index in others}, []
    width, height = sizes[others[0]]
    return {}, [
        f"{len(others):,} of {len(sizes):,} images are not two squares side by side (one has {width} x {height}): "
        "they are cut in the middle, and the largest central square of each half is read"
    ]


def _is_two_squares(size):
    width, height = size
    return abs(width - 2 * height) <= max(1, TOLERANCE * width)


def _unexpected(size):
    width, height = size
    stacked = ", not one above the other" if height >= MIN_WIDTH * width else ""
    return f"{width} x {height} pixels, expected two squares side by side{stacked}"
