"""Image folders of the user's own, with or without class subfolders."""

import csv
import os

import numpy as np
from PIL import __version__ as pillow

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.progress import track_progress
from ..data_error import DataError
from ..images.class_folders import empty_subfolders, hold_out, label_by_folder, show_name, tenth_split
from ..images.decode_pool import decode_all
from ..images.file_listing import FileListing
from ..images.high_precision import ValueRange, read_alike
from ..images.image_decoding import CROPS
from ..images.layouts import layout_hint
from ..images.own_output import drop_own_pictures, own_notes
from ..images.row_store import (
    FORMAT,
    NUM_LISTED,
    SPLITS,
    RowWriter,
    fingerprint_rows,
    is_large,
    list_skipped,
    open_rows,
    remove_rows,
    report,
    rows_source,
)
from ..images.tfds_records import CorruptRecordsError, read_records, write_records
from ..outside_data import require_cache_outside
from ..path_arguments import source_folder

DEFAULT_RESOLUTION = 32
EXPECTED = "an existing folder of images: pass it with --data folder:DIR"
PNGS, LABELS, SKIPPED, ENLARGED = "pngs", "labels.npz", "skipped.csv", "enlarged.csv"


def load_folder(argument, resolution=None, channels=None, crop="center", strict=False, cache_dir=None):
    """Reads all images of a folder into a cache; later calls read the cache until a file changes.

    Every file is read, whatever its extension, except names that begin with a dot. EXIF orientations are applied,
    transparency is composited on white, and animations yield their first frame. Values of more than 8 bits are read in
    one range, that of all files. If every readable image is in a subfolder, the first-level subfolders are the classes.
    Unreadable files are skipped and listed in `skipped.csv`.

    Every tenth image is held out, and of a class with too few images for that the last one, unless it is the only one.

    Sets of more than 256 MB once decoded stay on the disk; training reads the rows that it needs.

    Args:
        argument: str, the folder.
        resolution: int or None for 32.
        channels: 1, 3, or None for 1 if all images are gray and 3 otherwise.
        crop: "center" crops the largest central square; "stretch" resizes the full image to a square. Default "center".
        strict: bool, whether an unreadable file is an error. Default False.
        cache_dir: str or None for the environment's `GANZOO_CACHE`, else `ganzoo` in `XDG_CACHE_HOME` or `~/.cache`.

    Returns:
        An `ImageSource`. Its `facts` hold the number of `skipped` files and of `enlarged` images (smaller than the
        resolution), and the paths of their lists: `skipped_csv`, `enlarged_csv`. Its `notes` hold what was decided
        about the images, as reported on standard error.

    Raises:
        DataError: no such folder, no readable file, or an option out of range; with `strict`, an unreadable file.

    Example:

    >>> import tempfile
    >>> from PIL import Image
    >>> folder = tempfile.mkdtemp()
    >>> for index in range(20):
    ...     Image.new("RGB", (40, 30), (index, 0, 0)).save(f"{folder}/{index}.png")
    >>> load_folder(folder, resolution=16, cache_dir=tempfile.mkdtemp()).shape
    (16, 16, 3)
    """
    name, resolution = f"folder:{argument}", resolution or DEFAULT_RESOLUTION
    if channels not in (None, 1, 3):
        raise DataError(f"data.channels: received {channels!r}, expected 1 (gray) or 3 (color)")
    if crop not in CROPS:
        raise DataError(f"data.crop: received {crop!r}, expected one of {list(CROPS)}")
    root, listing = _list_files(argument)
    settings = [resolution, channels, crop]
    entry = cache_entry(cache_dir, "folder", os.path.basename(root), os.fsencode(root), settings)
    require_cache_outside(entry, root)
    inputs = digest(FORMAT, listing.fingerprint(), settings, pillow)
    manifest, data = _open(entry, inputs)
    if data is None:
        with building(entry, inputs) as (part, manifest):
            data = _build(part, manifest, listing, resolution, channels, crop)
        if is_large(manifest["shapes"]):
            # The rows were mapped in the temporary folder: map them again in their final one.
            manifest, data = _open(entry, inputs)
    hint = layout_hint(root, argument, "folder")
    notes = _notes(name, entry, manifest, strict, hint)
    notes += _layout_notes(root, listing, manifest["class_names"], hint)
    report(name, notes)
    rows, labels = data
    facts = {key: manifest[key] for key in ("skipped", "enlarged")}
    facts |= {"skipped_csv": str(entry / SKIPPED), "enlarged_csv": str(entry / ENLARGED)}
    return rows_source(
        name, rows, labels, manifest["fingerprint"], notes, class_names=manifest["class_names"], facts=facts
    )


def _list_files(argument):
    root = source_folder(f"folder:{argument}", argument, EXPECTED)
    with track_progress(description="listing", unit="files", leave=False) as bar:
        try:
            listing = FileListing(os.fsencode(root), bar)
        except OSError as error:
            raise DataError(
                f"folder:{argument}: cannot be listed: {error.strerror}; expected a readable folder"
            ) from None
    if not listing.files:
        own = "".join(f"; {note}" for note in own_notes("folder", [path for path, _ in listing.own]))
        raise DataError(f"folder:{argument}: received no files, expected images in it or in its subfolders{own}")
    return root, listing


def _open(entry, inputs):
    """Returns (manifest, (rows, labels)) of a valid cache, else (None, None)."""
    manifest = read_manifest(entry, inputs)
    if manifest is None:
        return None, None
    labeled = manifest["class_names"] is not None
    if is_large(manifest["shapes"]):
        labels = dict(np.load(entry / LABELS)) if labeled else None
        return manifest, (open_rows(entry, manifest["shapes"]), labels)
    if not manifest["shapes"]["train"][0]:
        return manifest, ({split: np.empty(shape, np.uint8) for split, shape in manifest["shapes"].items()}, None)
    try:
        return manifest, read_records(entry, manifest["shapes"], labeled)
    except CorruptRecordsError:
        return None, None


def _build(folder, manifest, listing, resolution, channels, crop):
    """Fills a new cache folder and its manifest. Returns (rows, labels)."""
    own, values = drop_own_pictures(listing), ValueRange()

    def read():
        return _decode(folder, listing, resolution, channels, crop, values)

    rows, images, skipped, enlarged = read_alike(read, values)
    classes, labels, notes = label_by_folder([path for path, *_ in images])
    splits, split_notes = hold_out(len(images), labels)
    shapes = rows.finish(splits)
    _write_table(folder / SKIPPED, ("file", "reason"), skipped)
    _write_table(folder / ENLARGED, ("file", "size"), enlarged)
    manifest |= {"shapes": shapes, "class_names": classes, "skipped": len(skipped), "enlarged": len(enlarged)}
    # One more than a message lists, so that it ends with an ellipsis.
    manifest["first_skipped"] = {show_name(path): reason for path, reason in skipped[: NUM_LISTED + 1]}
    manifest["notes"] = [*own, *notes, *values.notes(), *split_notes]
    manifest["fingerprint"] = None
    images = _by_split(images, splits)
    labels = None if labels is None else {split: np.array(part) for split, part in _by_split(labels, splits).items()}
    if images["train"]:
        _write_as_tfds(folder, images, labels, shapes, classes)
    (folder / PNGS).unlink()
    mapped = open_rows(folder, shapes)
    if is_large(shapes):
        if classes is not None:
            np.savez(folder / LABELS, **labels)
        manifest["fingerprint"] = fingerprint_rows(folder, shapes, labels)
    else:
        remove_rows(folder)
    return mapped, labels


def _decode(folder, listing, resolution, channels, crop, values):
    """Decodes all files into rows and PNGs.

    Returns:
        (`RowWriter`, images, skipped, enlarged): lists of (path, start and length of its PNG), (path, reason), and
        (path, size).
    """
    files = [("path", os.path.join(listing.root, path)) for path, _, _ in listing.files]
    images, skipped, enlarged = [], list(listing.problems), []
    with RowWriter(folder, resolution, channels) as rows, open(folder / PNGS, "wb") as pngs:
        results = decode_all(files, resolution, crop, channels, png=True, whites=values.whites)
        results = track_progress(results, "reading", len(files), "images")
        for (path, _, _), result in zip(listing.files, results, strict=True):
            if isinstance(result, str):
                skipped.append((path, result))
                continue
            pixels, depth, png, size, measured = result
            values.observe(measured)
            if min(size) < resolution:
                enlarged.append((path, f"{size[0]}x{size[1]}"))
            rows.append(tenth_split(len(images)), pixels, depth)
            images.append((path, pngs.tell(), len(png)))
            pngs.write(png)
    return rows, images, sorted(skipped), enlarged


def _by_split(rows, splits):
    return {split: [row for row, part in zip(rows, splits, strict=True) if part == split] for split in SPLITS}


def _write_as_tfds(folder, images, labels, shapes, classes):
    total = sum(map(len, images.values()))
    with (
        open(folder / PNGS, "rb") as pngs,
        track_progress(description="caching", total=total, unit="images") as bar,
    ):

        def examples(split):
            for index, (path, start, length) in enumerate(images[split]):
                bar.update()
                pngs.seek(start)
                yield pngs.read(length), None if labels is None else labels[split][index], path

        write_records(folder, {split: examples(split) for split in SPLITS if images[split]}, shapes, classes)


def _write_table(path, header, rows):
    # surrogateescape: a name that is not UTF-8 is written as its original bytes.
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        csv.writer(file).writerows([header, *((os.fsdecode(name), text) for name, text in rows)])


def _notes(name, entry, manifest, strict, hint):
    """Returns the notes about a set of images.

    Raises:
        DataError: no readable image; with `strict`, an unreadable file.
    """
    num_skipped, num_images = manifest["skipped"], sum(shape[0] for shape in manifest["shapes"].values())
    listed = f"{list_skipped(manifest['first_skipped'])} (all in {entry / SKIPPED})"
    if not num_images:
        raise DataError(f"{name}: received {num_skipped} files, none of them readable, expected images: {listed}{hint}")
    if num_skipped and strict:
        raise DataError(
            f"{name}: received {num_skipped} unreadable files, expected none with data.strict: fix or remove {listed}"
        )
    notes = [f"{num_images} images; {num_skipped} files skipped: {listed}"] if num_skipped else []
    notes += manifest["notes"]
    if manifest["enlarged"]:
        resolution = manifest["shapes"]["train"][1]
        notes.append(
            f"{manifest['enlarged']} images are smaller than {resolution}x{resolution} and were enlarged "
            f"(listed in {entry / ENLARGED})"
        )
    return notes


def _layout_notes(root, listing, classes, hint):
    """Returns the notes about the folder itself, apart from its images."""
    notes = [f"the folder has the layout of another source{hint}"] if hint else []
    notes += own_notes("folder", [path for path, _ in listing.own])
    if classes is not None:
        own = [os.fsdecode(path) for path, _ in listing.own]
        notes += empty_subfolders(root, [*classes, *own])
    return notes
