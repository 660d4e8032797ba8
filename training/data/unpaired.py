"""Two domains without pairs: any two sources, or a folder or dataset laid out as CycleGAN's are."""

import os

from . import kinds, load, options
from .sides import Row, list_pictures, read_sides, report_skipped, require_folder
from .source import DataError
from .translation import TranslationSource, size_to_load

EXPECTED = "two sources such as folder:a,folder:b, a folder with trainA/ and trainB/, or tfds:cycle_gan/NAME"
# What `load` takes, and what a source has to be loaded with to be cropped.
LARGEST = 128


def load_unpaired(argument, resolution=None, flip=False, crop=0, data_dir=None, cache_dir=None):
    """Loads two domains whose pictures do not belong together, as CycleGAN has them (Zhu et al. 2017).

    Args:
        argument: str: "X,Y", two sources, split at the comma between them; or a folder with `trainA/`, `trainB/` and,
            where there are any, `testA/` and `testB/`, which are held out (else every tenth picture of a side is); or
            "tfds:NAME", a dataset of tensorflow-datasets with splits of these names.
        resolution: int or None for 64.
        flip: bool, whether training mirrors every other picture. Default False.
        crop: int >= 0; pictures are read with so many more pixels of a side, and training sees random windows of
            `resolution`. Default 0.
        data_dir: str or None, as for `tfds:`.
        cache_dir: str or None, as for `folder:`.

    Returns:
        A `TranslationSource` whose truth is not known; its facts tell how many pictures were `skipped`.

    Raises:
        DataError: no such sources or folder, an option out of range, or nothing that can be read.

    Example:

    >>> load_unpaired("digits,shapes", resolution=16).shape
    (16, 16, 1)
    """
    name, size = f"unpaired:{argument}", size_to_load(resolution, flip, crop)
    pair = _two_sources(argument)
    places = {"data_dir": data_dir, "cache_dir": cache_dir}
    if pair:
        x, y = (_load(source, size, crop, places) for source in pair)
    elif argument.startswith("tfds:"):
        from .tfds import load_tfds

        x, y = (
            load_tfds(argument.removeprefix("tfds:"), size, f"train{side}", f"test{side}", **places) for side in "AB"
        )
    else:
        root = require_folder(name, argument, EXPECTED)
        x, y = (_from_folder(name, root, side, size, cache_dir) for side in "AB")
    skipped = sum(side.facts.get("skipped", 0) for side in (x, y))
    return TranslationSource(name, x, y, flip=flip, crop=crop, facts={"skipped": skipped})


def _two_sources(argument):
    """Returns the two sources of "X,Y", or None: a path may have commas of its own."""
    parts = argument.split(",")
    for count in range(1, len(parts)):
        pair = ",".join(parts[:count]), ",".join(parts[count:])
        if all(source.partition(":")[0] in kinds() for source in pair):
            return pair
    return None


def _load(source, size, crop, places):
    if crop and size > LARGEST:
        raise DataError(
            f"data.crop: received {crop} beside data.resolution {size - crop}, expected at most {LARGEST} together"
        )
    known = options(source)
    return load(source, size, **{name: place for name, place in places.items() if name in known})


def _from_folder(name, root, side, size, cache_dir):
    train, test = f"train{side}", f"test{side}"
    if not os.path.isdir(os.path.join(root, train)):
        raise DataError(f"data.source: received {name!r} without {train}/, expected {EXPECTED}")
    whole = not os.path.isdir(os.path.join(root, test))
    rows, skipped, stamps = [], {}, []
    for split, folder in ((None, train),) if whole else (("train", train), ("held_out", test)):
        files, troubles, stamp = list_pictures(name, root, folder)
        rows += [Row(split, (file,)) for file in files]
        skipped |= troubles
        stamps.append(stamp)
    if not rows:
        raise DataError(f"{name}: received no files in {train}/, expected pictures")
    (source,), unread = read_sides(name, root, rows, stamps, size, {side: "centre"}, cache_dir=cache_dir)
    skipped |= unread
    report_skipped(source.name, skipped)
    source.facts["skipped"] = len(skipped)
    return source
