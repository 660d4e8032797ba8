"""Procedural pictures whose true factors are known, so that models can be judged exactly."""

import numpy as np

from ...zoo.cache import building, cache_entry, digest, read_manifest
from .drawing import BACKGROUNDS, FACTORS, SHAPES, render
from .rows import SPLITS, RowWriter, fingerprint_rows, open_rows, rows_source
from .source import DataError, split_rows

DEFAULT_RESOLUTION = 32
BLOCK = 2048
# What captions speak of, in the order of their arguments.
SPOKEN = ("shape", "colour", "size", "position", "fill")
CAPTIONS = (
    "a {size} {fill} {colour} {shape} {place}",
    "{article_colour} {colour} {shape}, {size} and {fill}, {place}",
    "there is a {size} {shape} {place}; it is {colour} and {fill}",
    "{place}: one {fill} {shape}, {size}, {colour}",
    "the picture shows a {size} {colour} {shape} that is {fill}, {place}",
)


def load_shapes(argument, resolution=None, count=20_000, seed=0, background="light", cache_dir=None):
    """Draws pictures of one shape each: 8 shapes x 8 colours x 3 sizes x 9 positions x 2 fills, a little jittered.

    Picture `index` is the same for every count. The label is the shape; `factors` and `held_out_factors` hold the
    other factors as well, as indices into the names in `facts["factors"]`, the jitter, and five English captions for
    each picture, none of which leaves a factor out.

    Args:
        argument: str, must be empty.
        resolution: int or None for 32.
        count: int >= 20, pictures in all; every tenth is held out. Default 20,000.
        seed: int >= 0. Default 0.
        background: "light", "dark", or "mixed" for either. Default "light".
        cache_dir: str or None, as for `folder:`.

    Raises:
        DataError: an option out of range.

    Example:

    >>> source = load_shapes("", resolution=16, count=100)
    >>> source.factors["captions"].shape
    (90, 5)
    """
    if argument:
        raise DataError(f"data.source: received 'shapes:{argument}', expected 'shapes': it takes no argument")
    if not isinstance(count, int) or count < 20 or not isinstance(seed, int) or seed < 0:
        raise DataError(f"shapes: received count {count!r} and seed {seed!r}, expected whole numbers >= 20 and >= 0")
    if background not in (*BACKGROUNDS, "mixed"):
        raise DataError(f"data.background: received {background!r}, expected one of {[*BACKGROUNDS, 'mixed']}")
    resolution = resolution or DEFAULT_RESOLUTION
    factors = draw_factors(count, seed, background)
    entry = cache_entry(cache_dir, "shapes", f"{count}_{resolution}", [count, resolution, seed, background])
    inputs = digest(*(array.tobytes() for array in factors.values()), _check_picture(resolution))
    known = read_manifest(entry, inputs)
    if known is None:
        with building(entry, inputs) as (part, known):
            _draw(part, known, factors, resolution)
    kept = dict(zip(SPLITS, split_rows(count), strict=True))
    factors["captions"] = captions(factors)
    parts = {split: {name: values[rows] for name, values in factors.items()} for split, rows in kept.items()}
    return rows_source(
        "shapes",
        open_rows(entry, known["shapes"]),
        {split: part["shape"] for split, part in parts.items()},
        fingerprint=known["fingerprint"],
        class_names=list(SHAPES),
        factors=parts["train"],
        held_out_factors=parts["held_out"],
        facts={"factors": {name: list(values) for name, values in FACTORS.items()}},
    )


def draw_factors(count, seed, background="light"):
    """Draws the factors of pictures 0 to count - 1, each value equally often on average.

    Returns:
        dict of int32 arrays (count,), and "jitter", a float32 array (count, 3) in [-1, 1].
    """
    # Row by row from one stream: a row is the same however many follow.
    draws = np.random.default_rng(seed).random((count, len(FACTORS) + 3))
    factors = {
        name: (draws[:, column] * len(values)).astype(np.int32) for column, (name, values) in enumerate(FACTORS.items())
    }
    if background != "mixed":
        factors["background"][:] = list(BACKGROUNDS).index(background)
    return factors | {"jitter": (2 * draws[:, len(FACTORS) :] - 1).astype(np.float32)}


def captions(factors):
    """Returns an object array of str (num, 5): what an English speaker may say of each picture."""
    sizes = [len(FACTORS[name]) for name in SPOKEN]
    combinations = np.ravel_multi_index([factors[name] for name in SPOKEN], sizes)
    # Pictures of one combination share their strings.
    table = {each: _sentences(np.unravel_index(each, sizes)) for each in np.unique(combinations).tolist()}
    written = np.empty((len(combinations), len(CAPTIONS)), object)
    for index, each in enumerate(combinations.tolist()):
        written[index] = table[each]
    return written


def _sentences(indices):
    words = {name: FACTORS[name][index] for name, index in zip(SPOKEN, indices, strict=True)}
    place = "in the centre" if words["position"] == "centre" else f"at the {words['position']}"
    article = "an" if words["colour"][0] in "aeiou" else "a"
    return [template.format(**words, place=place, article_colour=article) for template in CAPTIONS]


def _check_picture(resolution):
    """One picture of each shape as bytes: a cache that was drawn in another way does not fit any more."""
    num = len(SHAPES)
    spread = {name: np.arange(num, dtype=np.int32) % len(values) for name, values in FACTORS.items()}
    return render(spread, resolution).tobytes()


def _draw(folder, known, factors, resolution):
    count = len(factors["shape"])
    held_out = np.zeros(count, bool)
    held_out[split_rows(count)[1]] = True
    with RowWriter(folder, resolution, 3) as rows:
        for start in range(0, count, BLOCK):
            block = {name: values[start : start + BLOCK] for name, values in factors.items()}
            for index, picture in enumerate(render(block, resolution)):
                rows.append(SPLITS[int(held_out[start + index])], picture.data, 3)
        shapes = rows.finish()
    labels = dict(zip(SPLITS, (factors["shape"][~held_out], factors["shape"][held_out]), strict=True))
    known |= {"shapes": shapes, "fingerprint": fingerprint_rows(folder, shapes, labels)}
