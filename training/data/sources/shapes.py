"""Procedural images with known factors of variation and captions, so that models can be evaluated exactly."""

import numpy as np

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ..data_error import DataError
from ..image_source import split_rows
from ..images.row_store import FORMAT, SPLITS, RowWriter, fingerprint_rows, open_rows, rows_source
from ..images.shape_renderer import BACKGROUNDS, FACTORS, SHAPES, render

DEFAULT_RESOLUTION = 32
BLOCK = 2048
# The factors that captions state.
CAPTIONED_FACTORS = ("shape", "color", "size", "position", "fill")
CAPTIONS = (
    "a {size} {fill} {color} {shape} {place}",
    "{article_color} {color} {shape}, {size} and {fill}, {place}",
    "there is a {size} {shape} {place}; it is {color} and {fill}",
    "{place}: one {fill} {shape}, {size}, {color}",
    "the picture shows a {size} {color} {shape} that is {fill}, {place}",
)


def load_shapes(
    argument, resolution=None, count=20_000, seed=0, background="light", unseen_fraction=0.0, cache_dir=None
):
    """Renders images of one shape each: 8 shapes x 8 colors x 3 sizes x 9 positions x 2 fills, with a slight jitter.

    Image i depends on the seed and on i alone, not on the count. The label is the shape. `factors` and
    `held_out_factors` hold all factors, as indices into the names in `facts["factors"]`, and the jitter. Each image has
    five English captions, which state every factor but the background.

    Args:
        argument: str, must be empty.
        resolution: int or None for 32.
        count: int >= 20, the total number of images; every tenth is held out. Default 20,000.
        seed: int >= 0. Default 0.
        background: "light", "dark", or "mixed" for both. Default "light".
        unseen_fraction: float in [0, 0.5], the fraction of the combinations of captioned factors that no training image
            shows. Images of these combinations are held out as well, and `held_out_factors["unseen"]` marks them.
            Default 0.
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
        raise DataError(f"shapes: received count {count!r} and seed {seed!r}, expected integers >= 20 and >= 0")
    if background not in (*BACKGROUNDS, "mixed"):
        raise DataError(f"data.background: received {background!r}, expected one of {[*BACKGROUNDS, 'mixed']}")
    if (
        isinstance(unseen_fraction, bool)
        or not isinstance(unseen_fraction, (int, float))
        or not 0 <= unseen_fraction <= 0.5
    ):
        raise DataError(
            f"data.unseen_fraction: received {unseen_fraction!r}, expected a fraction of the combinations from 0 to 0.5"
        )
    resolution = resolution or DEFAULT_RESOLUTION
    factors = sample_factors(count, seed, background)
    entry = cache_entry(cache_dir, "shapes", f"{count}_{resolution}", [count, resolution, seed, background])
    inputs = digest(FORMAT, *(array.tobytes() for array in factors.values()), _rendered_sample(resolution))
    manifest = read_manifest(entry, inputs)
    if manifest is None:
        with building(entry, inputs) as (part, manifest):
            _render(part, manifest, factors, resolution)
    texts, meanings = captions(factors), combinations(factors)
    factors["unseen"] = np.isin(meanings, unseen_combinations(unseen_fraction))
    train, held_out = split_rows(count)
    rows = open_rows(entry, manifest["shapes"])
    fingerprint = manifest["fingerprint"]
    if factors["unseen"].any():
        unseen = factors["unseen"][train]
        rows = {
            "train": rows["train"][~unseen],
            "held_out": np.concatenate([rows["held_out"], rows["train"][unseen]]),
        }
        train, held_out = train[~unseen], np.concatenate([held_out, train[unseen]])
        fingerprint = digest(fingerprint, [unseen_fraction])
    return rows_source(
        "shapes",
        rows,
        {"train": factors["shape"][train], "held_out": factors["shape"][held_out]},
        fingerprint=fingerprint,
        class_names=list(SHAPES),
        factors={name: values[train] for name, values in factors.items()},
        held_out_factors={name: values[held_out] for name, values in factors.items()},
        facts={
            "factors": {name: list(values) for name, values in FACTORS.items()},
            "captioned_factors": list(CAPTIONED_FACTORS),
        },
        captions=texts[train],
        held_out_captions=texts[held_out],
        meanings=np.repeat(meanings[train, np.newaxis], len(CAPTIONS), axis=1),
    )


def sample_factors(count, seed, background="light"):
    """Samples the factors of images 0 to count - 1, independently and uniformly.

    Returns:
        dict of int32 arrays (count,), and "jitter", a float32 array (count, 3) in [-1, 1].
    """
    # One row per image from a single stream, so that a row does not depend on the count.
    uniforms = np.random.default_rng(seed).random((count, len(FACTORS) + 3))
    factors = {
        name: (uniforms[:, column] * len(values)).astype(np.int32)
        for column, (name, values) in enumerate(FACTORS.items())
    }
    if background != "mixed":
        factors["background"][:] = list(BACKGROUNDS).index(background)
    return factors | {"jitter": (2 * uniforms[:, len(FACTORS) :] - 1).astype(np.float32)}


def captions(factors):
    """Returns five English captions of each image: object array of str (num_samples, 5)."""
    numbers = combinations(factors)
    # Images of one combination share their strings.
    table = {number: _sentences(np.unravel_index(number, _sizes())) for number in np.unique(numbers).tolist()}
    texts = np.empty((len(numbers), len(CAPTIONS)), object)
    for index, number in enumerate(numbers.tolist()):
        texts[index] = table[number]
    return texts


def combinations(factors):
    """Returns the index of each image's combination of captioned factors: int array (num_samples,)."""
    return np.ravel_multi_index([factors[name] for name in CAPTIONED_FACTORS], _sizes())


def unseen_combinations(fraction):
    """Returns the indices of the combinations that are excluded from training; they do not depend on the seed."""
    total = int(np.prod(_sizes()))
    return np.random.default_rng(0).permutation(total)[: round(fraction * total)]


def _sizes():
    return [len(FACTORS[name]) for name in CAPTIONED_FACTORS]


def _sentences(indices):
    words = {name: FACTORS[name][index] for name, index in zip(CAPTIONED_FACTORS, indices, strict=True)}
    place = "in the center" if words["position"] == "center" else f"at the {words['position']}"
    article = "an" if words["color"][0] in "aeiou" else "a"
    return [template.format(**words, place=place, article_color=article) for template in CAPTIONS]


def _rendered_sample(resolution):
    """Returns one image of each shape as bytes, which invalidates caches of an earlier renderer."""
    factors = {name: np.arange(len(SHAPES), dtype=np.int32) % len(values) for name, values in FACTORS.items()}
    return render(factors, resolution).tobytes()


def _render(folder, manifest, factors, resolution):
    count = len(factors["shape"])
    held_out = np.zeros(count, bool)
    held_out[split_rows(count)[1]] = True
    with RowWriter(folder, resolution, 3) as rows:
        for start in range(0, count, BLOCK):
            block = {name: values[start : start + BLOCK] for name, values in factors.items()}
            for index, image in enumerate(render(block, resolution)):
                rows.append(SPLITS[int(held_out[start + index])], image.data, 3)
        shapes = rows.finish()
    labels = dict(zip(SPLITS, (factors["shape"][~held_out], factors["shape"][held_out]), strict=True))
    manifest |= {"shapes": shapes, "fingerprint": fingerprint_rows(folder, shapes, labels)}
