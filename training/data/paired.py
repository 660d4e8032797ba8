"""Pairs of pictures: what belongs together has the same name, or lies side by side in one file."""

import os

from .pictures import HALVES
from .sides import Row, list_pictures, read_sides, report_skipped, require_folder
from .source import DataError
from .translation import TranslationSource, size_to_load

# Where they are, they are held out; of the datasets of Isola et al. some have but the one, some but the other.
HELD_OUT_FOLDERS = ("test", "val")
EXPECTED = "a folder with A/ and B/, or of pictures side by side, or with either of them in train/ and test/"


def load_paired(argument, resolution=None, flip=False, crop=0, aligned=True, channels=None, cache_dir=None):
    """Reads pairs of pictures, as pix2pix has them (Isola et al. 2017): x is translated to y.

    A folder with `A/` (x) and `B/` (y) pairs the files of equal names, whatever their extensions; in any other folder
    each picture is a pair, x its left half and y its right one. Either may be in `train/` and `test/` (or `val/`), of
    which the latter is held out; otherwise every tenth pair is. Pictures without a partner and pictures that cannot be
    read are left out, counted and named.

    Args:
        argument: str, the folder.
        resolution: int or None for 64.
        flip: bool, whether training mirrors every other pair. Default False.
        crop: int >= 0; pictures are read with so many more pixels of a side, and training sees random windows of
            `resolution`. Default 0.
        aligned: bool; False shows the sides in orders of their own, as if nothing were known of pairs, which then serve
            for scoring only. Default True.
        channels: 1, 3, or None for 1 where all pictures of a side are grey and 3 otherwise.
        cache_dir: str or None, as for `folder:`.

    Returns:
        A `TranslationSource` whose truth is known; its facts tell how many pictures were `skipped`.

    Raises:
        DataError: no such folder, an option out of range, or not a pair that can be read.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> folder = tempfile.mkdtemp()
    >>> for index in range(20):
    ...     Image.new("RGB", (32, 16), (index, 0, 0)).save(f"{folder}/{index}.png")
    >>> load_paired(folder, resolution=16, cache_dir=tempfile.mkdtemp()).target_shape
    (16, 16, 3)
    """
    name, size = f"paired:{argument}", size_to_load(resolution, flip, crop)
    if channels not in (None, 1, 3):
        raise DataError(f"data.channels: received {channels!r}, expected 1 (grey) or 3 (colour)")
    if not isinstance(aligned, bool):
        raise DataError(f"data.aligned: received {aligned!r}, expected true or false")
    root = require_folder(name, argument, EXPECTED)
    rows, crops, skipped, stamps = [], ("centre", "centre"), {}, []
    for split, folder in _splits(root):
        if all(os.path.isdir(os.path.join(root, folder, side)) for side in "AB"):
            files, troubles, found = _matched(name, root, folder)
        else:
            files, troubles, stamp = list_pictures(name, root, folder)
            files, crops, found = [(file, file) for file in files], HALVES, [stamp]
        rows += [Row(split, pair) for pair in files]
        skipped |= troubles
        stamps += found
    if not rows:
        raise DataError(f"{name}: received no pair, expected {EXPECTED}")
    (x, y), unread = read_sides(
        name, root, rows, stamps, size, dict(zip("xy", crops, strict=True)), channels, cache_dir
    )
    skipped |= unread
    report_skipped(name, skipped)
    return TranslationSource(name, x, y, aligned, (y.held_out, x.held_out), flip, crop, facts={"skipped": len(skipped)})


def _splits(root):
    """Returns a list of (split or None, folder below the root)."""
    if not os.path.isdir(os.path.join(root, "train")):
        return [(None, "")]
    held_out = next((each for each in HELD_OUT_FOLDERS if os.path.isdir(os.path.join(root, each))), None)
    return [("train", "train"), ("held_out", held_out)] if held_out else [(None, "train")]


def _matched(name, root, folder):
    """Returns (pairs of paths, dict of path -> why it is in none, stamps)."""
    skipped, sides, stamps = {}, [], []
    for side in "AB":
        within = os.path.join(folder, side)
        files, troubles, stamp = list_pictures(name, root, within)
        skipped |= troubles
        stamps.append(stamp)
        sides.append({})
        for file in files:
            stem = os.path.splitext(os.path.relpath(file, os.fsencode(within)))[0]
            if sides[-1].setdefault(stem, file) != file:
                skipped[os.fsdecode(file)] = f"as {os.fsdecode(sides[-1][stem])}, which is taken"
    for side, other, letter in ((*sides, "B"), (*sides[::-1], "A")):
        skipped |= {os.fsdecode(file): f"no partner in {letter}" for stem, file in side.items() if stem not in other}
    return [(file, sides[1][stem]) for stem, file in sides[0].items() if stem in sides[1]], skipped, stamps
