"""Two rendered domains that differ in one factor, so that the true translation of every image is known."""

import numpy as np

from ....zoo.registry import nearest
from ..data_error import DataError
from ..image_source import ImageSource, split_rows
from ..images.shape_renderer import BACKGROUNDS, COLORS, FACTORS, FILLS, SHAPES, render
from ..translation_source import TranslationSource
from .digits import load_digits
from .shapes import sample_factors

DEFAULT_RESOLUTION = 32
DEFAULT_DIGITS_RESOLUTION = 16
COUNT = 20_000
# The factor that changes, its value in x and its value in y.
CHANGES = {
    "fill": ("fill", FILLS.index("filled"), FILLS.index("outlined")),
    "light": ("background", list(BACKGROUNDS).index("light"), list(BACKGROUNDS).index("dark")),
}
STYLES = (*CHANGES, "invert")
# "light": sampled color -> offset of the color from the index of the shape; five of eight images have offset 0.
OFFSETS = np.array((0, 0, 0, 0, 0, 1, 1, 1))


def load_restyled(argument, resolution=None, count=COUNT, seed=0, paired=False):
    """Renders images in two styles.

    Without pairs no training image of x has its counterpart in y: even rows appear in one style, odd rows in the other.
    Every tenth image is held out and available in both styles.

    Args:
        argument: "fill" (x: filled shapes, y: the same shapes outlined), "light" (x: filled shapes on a light
            background, y: the same on a dark one) or "invert" (x: the images of `digits`, y: their negatives,
            255 - x).
        resolution: int or None for 32; 16 for "invert".
        count: int >= 40, the total number of images. Default 20,000; "invert" always has the 1,797 digits.
        seed: int >= 0. Default 0; not used by "invert".
        paired: bool, whether training takes pairs: every image in both styles. Default False.

    Returns:
        A `TranslationSource` with known truth. For shapes its domains have the labels and factors of `shapes`, and
        `facts["changed"]` is the factor that differs.

    Raises:
        DataError: no such style, or an option out of range.

    Example:

    >>> source = load_restyled("fill", resolution=16, count=100)
    >>> len(source.x), len(source.y), len(source.truth[0])
    (45, 45, 10)
    """
    name = f"restyled:{argument}"
    if argument not in STYLES:
        raise DataError(
            f"data.source: received {name!r}, expected restyled:STYLE, one of {list(STYLES)}{nearest(argument, STYLES)}"
        )
    if not isinstance(paired, bool):
        raise DataError(f"data.paired: received {paired!r}, expected true or false")
    if argument == "invert":
        if (count, seed) != (COUNT, 0):
            raise DataError(
                f"{name}: received count {count!r} and seed {seed!r}, expected neither: it always has the same digits"
            )
        domains, facts = _inverted_digits(name, resolution or DEFAULT_DIGITS_RESOLUTION, paired), {}
    else:
        if not isinstance(count, int) or count < 40 or not isinstance(seed, int) or seed < 0:
            raise DataError(f"{name}: received count {count!r} and seed {seed!r}, expected integers >= 40 and >= 0")
        factors, changed = sample_factors(count, seed), CHANGES[argument][0]
        if argument == "light":
            factors |= _shape_dependent_colors(factors)
        domains = [
            _render(f"{name} {domain}", factors | {changed: np.full(count, value, np.int32)}, rows, resolution)
            for domain, value, rows in zip("xy", CHANGES[argument][1:], _training_rows(count, paired), strict=True)
        ]
        facts = {"factors": domains[0].facts["factors"], "changed": changed}
    x, y = domains
    return TranslationSource(name, x, y, paired, (y.held_out, x.held_out), facts=facts)


def _shape_dependent_colors(factors):
    """Returns factors in which every shape is filled and has two colors, one of them more frequent.

    If all colors were equally likely on both backgrounds, unpaired training could not distinguish a translation that
    permutes colors from one that preserves them.
    """
    colors = (factors["shape"] + OFFSETS[factors["color"]]) % len(COLORS)
    return {"color": colors.astype(np.int32), "fill": np.full_like(factors["fill"], FILLS.index("filled"))}


def _training_rows(count, paired):
    """Returns the training rows of x and of y."""
    train, _ = split_rows(count)
    return (train, train) if paired else (train[::2], train[1::2])


def _render(name, factors, train, resolution):
    _, held_out = split_rows(len(factors["shape"]))
    train, held_out = ({key: values[rows] for key, values in factors.items()} for rows in (train, held_out))
    return ImageSource(
        name,
        *(render(split, resolution or DEFAULT_RESOLUTION) for split in (train, held_out)),
        train["shape"],
        held_out["shape"],
        list(SHAPES),
        factors=train,
        held_out_factors=held_out,
        facts={"factors": {key: list(values) for key, values in FACTORS.items()}},
    )


def _inverted_digits(name, resolution, paired):
    digits = load_digits("", resolution)
    return [
        ImageSource(
            f"{name} {domain}",
            restyle(digits.samples[start::step]),
            restyle(digits.held_out),
            digits.labels[start::step],
            digits.held_out_labels,
            digits.class_names,
        )
        for domain, restyle, start, step in (
            ("x", np.asarray, 0, 1 if paired else 2),
            ("y", np.invert, 0 if paired else 1, 1 if paired else 2),
        )
    ]
