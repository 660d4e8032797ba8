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


def load_shapes(argument, resolution=None, count=20_000, seed=0, background="light", unseen=0.0, cache_dir=None):
    """Draws pictures of one shape each: 8 shapes x 8 colours x 3 sizes x 9 positions x 2 fills, a little jittered.

    Picture `index` is the same for every count. The label is the shape; `factors` and `held_out_factors` hold the
    other factors as well, as indices into the names in `facts["factors"]`, and the jitter. Each picture has five
    English captions, none of which leaves a factor out but the background.

    Args:
        argument: str, must be empty.
        resolution: int or None for 32.
        count: int >= 20, pictures in all; every tenth is held out. Default 20,000.
        seed: int >= 0. Default 0.
        background: "light", "dark", or "mixed" for either. Default "light".
        unseen: float in [0, 0.5], the share of the combinations of spoken factors that no training picture shows;
            pictures of them are held out as well, and `held_out_factors["unseen"]` marks them. Default 0.
        cache_dir: str or None, as for `folder:`.

    Raises:
        DataError: an option out of range.

    Example:

    >>> source = load_shapes("", resolution=16, count=100)
    >>> source.captions.shape
    (90, 5)
    """
    if argument:
        raise DataError(f"data.source: received 'shapes:{argument}', expected 'shapes': it takes no argument")
    if not isinstance(count, int) or count < 20 or not isinstance(seed, int) or seed < 0:
        raise DataError(f"shapes: received count {count!r} and seed {seed!r}, expected whole numbers >= 20 and >= 0")
    if background not in (*BACKGROUNDS, "mixed"):
        raise DataError(f"data.background: received {background!r}, expected one of {[*BACKGROUNDS, 'mixed']}")
    if isinstance(unseen, bool) or not isinstance(unseen, (int, float)) or not 0 <= unseen <= 0.5:
        raise DataError(f"data.unseen: received {unseen!r}, expected a share from 0 to 0.5 of the combinations")
    resolution = resolution or DEFAULT_RESOLUTION
    factors = draw_factors(count, seed, background)
    entry = cache_entry(cache_dir, "shapes", f"{count}_{resolution}", [count, resolution, seed, background])
    inputs = digest(*(array.tobytes() for array in factors.values()), _check_picture(resolution))
    known = read_manifest(entry, inputs)
    if known is None:
        with building(entry, inputs) as (part, known):
            _draw(part, known, factors, resolution)
    told, meanings = captions(factors), combinations(factors)
    factors["unseen"] = np.isin(meanings, unseen_combinations(unseen))
    train, held_out = split_rows(count)
    rows = open_rows(entry, known["shapes"])
    fingerprint = known["fingerprint"]
    if factors["unseen"].any():
        hidden = factors["unseen"][train]
        rows = {
            "train": rows["train"][~hidden],
            "held_out": np.concatenate([rows["held_out"], rows["train"][hidden]]),
        }
        train, held_out = train[~hidden], np.concatenate([held_out, train[hidden]])
        fingerprint = digest(fingerprint, [unseen])
    return rows_source(
        "shapes",
        rows,
        {"train": factors["shape"][train], "held_out": factors["shape"][held_out]},
        fingerprint=fingerprint,
        class_names=list(SHAPES),
        factors={name: values[train] for name, values in factors.items()},
        held_out_factors={name: values[held_out] for name, values in factors.items()},
        facts={"factors": {name: list(values) for name, values in FACTORS.items()}, "spoken": list(SPOKEN)},
        captions=told[train],
        held_out_captions=told[held_out],
        meanings=np.repeat(meanings[train, np.newaxis], len(CAPTIONS), axis=1),
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
    numbers = combinations(factors)
    # Pictures of one combination share their strings.
    table = {each: _sentences(np.unravel_index(each, _sizes())) for each in np.unique(numbers).tolist()}
    written = np.empty((len(numbers), len(CAPTIONS)), object)
    for index, each in enumerate(numbers.tolist()):
        written[index] = table[each]
    return written


def combinations(factors):
    """Returns the number of each picture's combination of the factors that captions speak of: int array (num,)."""
    return np.ravel_multi_index([factors[name] for name in SPOKEN], _sizes())


def unseen_combinations(share):
    """Returns the numbers of the combinations that are hidden from training, always the same ones."""
    total = int(np.prod(_sizes()))
    return np.random.default_rng(0).permutation(total)[: round(share * total)]


def _sizes():
    return [len(FACTORS[name]) for name in SPOKEN]


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
