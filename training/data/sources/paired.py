"""Image pairs: files of equal names in two folders, or two images side by side in one file."""

import os
import unicodedata

from ..data_error import DataError
from ..images.image_decoding import HALVES
from ..images.layouts import layout_hint, layout_of
from ..images.paired_reader import FilePair, list_images, read_domains
from ..images.row_store import list_skipped, report, report_skipped
from ..path_arguments import source_folder
from ..translation_source import TranslationSource, size_to_load

# Held out where they exist. Of the datasets of Isola et al. some have only one of the two.
HELD_OUT_FOLDERS = ("test", "val")
EXPECTED = "a folder with A/ and B/, or of images side by side, or with either of them in train/ and test/"


def load_paired(argument, resolution=None, flip=False, crop=0, aligned=True, channels=None, cache_dir=None):
    """Reads image pairs in the layouts of pix2pix (Isola et al. 2017); x is translated to y.

    A folder with `A/` (x) and `B/` (y) pairs the files of equal names, whatever their extensions. In any other folder
    each image is a pair, x its left half and y its right half. Either layout may be in `train/` and `test/` (or
    `val/`), of which the latter is held out; otherwise every tenth pair is held out. Images without a partner and
    unreadable images are skipped, counted and reported.

    Both images of a pair are cropped to their largest central square, so pairs of unequal proportions are skipped as
    well. An image of two halves is usually twice as wide as high; other proportions from 3:2 on are read unless nine of
    ten images are two squares, from the central square of each half. The middle column of an odd width is in neither.

    Args:
        argument: str, the folder.
        resolution: int or None for 64.
        flip: bool, whether training flips pairs horizontally with probability 1/2. Default False.
        crop: int >= 0; images are read with that many more pixels per side, and training takes random crops of
            `resolution`. Default 0.
        aligned: bool; with False training shuffles the two domains independently, as if they were unpaired, and the
            pairs are used for evaluation only. Default True.
        channels: 1, 3, or None for 1 if all images of a domain are gray and 3 otherwise.
        cache_dir: str or None, as for `folder:`.

    Returns:
        A `TranslationSource` with known truth; `facts["skipped"]` is the number of skipped images, and `notes` hold
        what was decided about the others, as reported on standard error.

    Raises:
        DataError: no such folder, an option out of range, or no readable pair.

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
        raise DataError(f"data.channels: received {channels!r}, expected 1 (gray) or 3 (color)")
    if not isinstance(aligned, bool):
        raise DataError(f"data.aligned: received {aligned!r}, expected true or false")
    root = source_folder(name, argument, EXPECTED)
    _check_layout(name, root, argument)
    pairs, crops, skipped, fingerprints = [], ("center", "center"), {}, []
    for split, folder in _splits(root):
        if all(os.path.isdir(os.path.join(root, folder, domain)) for domain in "AB"):
            files, problems, stamps = _match_names(name, root, folder)
        else:
            files, problems, stamp = list_images(name, root, folder)
            files, crops, stamps = [(file, file) for file in files], HALVES, [stamp]
        pairs += [FilePair(split, pair) for pair in files]
        skipped |= problems
        fingerprints += stamps
    if not pairs:
        reasons = f": {list_skipped(skipped)}" if skipped else ""
        raise DataError(f"{name}: received no pair, expected {EXPECTED}{reasons}")
    crops = dict(zip("xy", crops, strict=True))
    (x, y), unreadable, notes = read_domains(name, root, pairs, fingerprints, size, crops, channels, cache_dir)
    skipped |= unreadable
    report_skipped(name, skipped)
    report(name, notes)
    source = TranslationSource(
        name, x, y, aligned, (y.held_out, x.held_out), flip, crop, facts={"skipped": len(skipped)}
    )
    source.notes = notes
    return source


def _check_layout(name, root, argument):
    """Raises an error for a folder whose images would be cut in two by mistake."""
    has_domains = all(os.path.isdir(os.path.join(root, domain)) for domain in "AB")
    if layout_of(root) == "unpaired" and not has_domains:
        hint = layout_hint(root, argument, "paired")
        raise DataError(f"data.source: received {name!r}, which has another layout, expected {EXPECTED}{hint}")
    for folder in ("", "train", *HELD_OUT_FOLDERS):
        present = [domain for domain in "AB" if os.path.isdir(os.path.join(root, folder, domain))]
        if len(present) == 1:
            received, missing = present[0], "B" if present == ["A"] else "A"
            raise DataError(
                f"data.source: received {name!r} with {os.path.join(folder, received)}/ but without "
                f"{os.path.join(folder, missing)}/, expected {EXPECTED}"
            )


def _splits(root):
    """Returns a list of (split or None, folder below the root)."""
    if not os.path.isdir(os.path.join(root, "train")):
        return [(None, "")]
    held_out = next((folder for folder in HELD_OUT_FOLDERS if os.path.isdir(os.path.join(root, folder))), None)
    return [("train", "train"), ("held_out", held_out)] if held_out else [(None, "train")]


def _match_names(name, root, folder):
    """Returns (pairs of paths, dict of path -> why it is in none, fingerprints)."""
    skipped, domains, fingerprints = {}, [], []
    for domain in "AB":
        subfolder = os.path.join(folder, domain)
        files, problems, fingerprint = list_images(name, root, subfolder)
        skipped |= problems
        fingerprints.append(fingerprint)
        by_stem = {}
        for file in files:
            stem = _stem(os.path.relpath(file, os.fsencode(subfolder)))
            if by_stem.setdefault(stem, file) != file:
                skipped[os.fsdecode(file)] = f"same name as {os.fsdecode(by_stem[stem])}, which is used"
        domains.append(by_stem)
    x, y = domains
    for files, others, letter in ((x, y, "B"), (y, x, "A")):
        skipped |= {os.fsdecode(file): f"no partner in {letter}" for stem, file in files.items() if stem not in others}
    return [(file, y[stem]) for stem, file in x.items() if stem in y], skipped, fingerprints


def _stem(path):
    """Returns what the two names of a pair have in common. Some systems store accents as characters of their own."""
    return unicodedata.normalize("NFC", os.fsdecode(os.path.splitext(path)[0]))
