"""Two domains that differ in one thing, drawn, so that the right translation of every picture is known exactly."""

import numpy as np

from ...zoo.registry import nearest
from .digits import load_digits
from .drawing import BACKGROUNDS, COLOURS, FACTORS, FILLS, SHAPES, render
from .shapes import draw_factors
from .source import DataError, ImageSource, split_rows
from .translation import TranslationSource

DEFAULT_RESOLUTION = 32
DEFAULT_DIGITS_RESOLUTION = 16
COUNT = 20_000
# The factor that is changed, its value in x and its value in y.
CHANGES = {
    "fill": ("fill", FILLS.index("filled"), FILLS.index("outlined")),
    "light": ("background", list(BACKGROUNDS).index("light"), list(BACKGROUNDS).index("dark")),
}
STYLES = (*CHANGES, "invert")
# Of eight pictures of a shape on a light or dark ground, how many colours further each one's colour lies.
OFFSETS = np.array((0, 0, 0, 0, 0, 1, 1, 1))


def load_restyled(argument, resolution=None, count=COUNT, seed=0, paired=False):
    """Draws pictures in two styles.

    Without pairs no training picture of x has its counterpart in y: even rows are shown in the one style, odd ones in
    the other. Every tenth picture is held out, and of these both styles are known.

    Args:
        argument: "fill" (x: filled shapes, y: the same outlined), "light" (x: filled shapes on a light ground, y: the
            same on a dark one) or "invert" (x: the pictures of `digits`, y: their negatives, 255 - x).
        resolution: int or None for 32; 16 for "invert".
        count: int >= 40, pictures in all. Default 20,000; "invert" always has the 1,797 digits.
        seed: int >= 0. Default 0; "invert" draws nothing.
        paired: bool, whether training sees pairs: every picture in both styles. Default False.

    Returns:
        A `TranslationSource` whose truth is known. Of the drawn shapes its sides have labels and factors as `shapes`
        has them, and its facts say which factor was `changed`.

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
            raise DataError(f"{name}: received count {count!r} and seed {seed!r}, expected neither: it has the digits")
        sides, facts = _inverted(name, resolution or DEFAULT_DIGITS_RESOLUTION, paired), {}
    else:
        if not isinstance(count, int) or count < 40 or not isinstance(seed, int) or seed < 0:
            raise DataError(
                f"{name}: received count {count!r} and seed {seed!r}, expected whole numbers >= 40 and >= 0"
            )
        factors, changed = draw_factors(count, seed), CHANGES[argument][0]
        if argument == "light":
            factors |= _coloured(factors)
        sides = [
            _drawn(f"{name} {side}", factors | {changed: np.full(count, value, np.int32)}, rows, resolution)
            for side, value, rows in zip("xy", CHANGES[argument][1:], _training_rows(count, paired), strict=True)
        ]
        facts = {"factors": sides[0].facts["factors"], "changed": changed}
    x, y = sides
    return TranslationSource(name, x, y, paired, (y.held_out, x.held_out), facts=facts)


def _coloured(factors):
    """Gives every shape two colours, one more often, and fills it.

    Were every colour equally likely on either ground, whoever exchanges colours would be as right, without pairs, as
    whoever keeps them.
    """
    colours = (factors["shape"] + OFFSETS[factors["colour"]]) % len(COLOURS)
    return {"colour": colours.astype(np.int32), "fill": np.full_like(factors["fill"], FILLS.index("filled"))}


def _training_rows(count, paired):
    """Returns the rows of x and of y that are trained on."""
    train, _ = split_rows(count)
    return (train, train) if paired else (train[::2], train[1::2])


def _drawn(name, factors, train, resolution):
    _, held_out = split_rows(len(factors["shape"]))
    train, held_out = ({key: values[rows] for key, values in factors.items()} for rows in (train, held_out))
    return ImageSource(
        name,
        *(render(each, resolution or DEFAULT_RESOLUTION) for each in (train, held_out)),
        train["shape"],
        held_out["shape"],
        list(SHAPES),
        factors=train,
        held_out_factors=held_out,
        facts={"factors": {key: list(values) for key, values in FACTORS.items()}},
    )


def _inverted(name, resolution, paired):
    digits = load_digits("", resolution)
    return [
        ImageSource(
            f"{name} {side}",
            restyle(digits.samples[start::step]),
            restyle(digits.held_out),
            digits.labels[start::step],
            digits.held_out_labels,
            digits.class_names,
        )
        for side, restyle, start, step in (
            ("x", np.asarray, 0, 1 if paired else 2),
            ("y", np.invert, 0 if paired else 1, 1 if paired else 2),
        )
    ]
