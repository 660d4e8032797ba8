"""Image folders of the user's own, with or without class subfolders."""

import csv
import os
import sys

import numpy as np
from PIL import __version__ as pillow

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.progress import track_progress
from ..data_error import DataError
from ..images.decode_pool import decode_all
from ..images.file_listing import FileListing
from ..images.image_decoding import CROPS
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
    rows_source,
)
from ..images.tfds_records import CorruptRecordsError, read_records, write_records

DEFAULT_RESOLUTION = 32
# As in `split_rows`: every tenth readable image is held out.
HELD_OUT_EVERY = 10
PNGS, LABELS, SKIPPED, ENLARGED = "pngs", "labels.npz", "skipped.csv", "enlarged.csv"


def load_folder(argument, resolution=None, channels=None, crop="center", strict=False, cache_dir=None):
    """Reads all images of a folder into a cache; later calls read the cache until a file changes.

    Every file is read, whatever its extension, except names that begin with a dot. EXIF orientations are applied,
    transparency is composited on white, and animations yield their first frame. If every image is in a subfolder, the
    first-level subfolders are the classes. Unreadable files are skipped and listed in `skipped.csv`.

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
        resolution), and the paths of their lists: `skipped_csv`, `enlarged_csv`.

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
    _check_cache_is_outside(entry, root)
    inputs = digest(FORMAT, listing.fingerprint(), settings, pillow)
    manifest, data = _open(entry, inputs)
    if data is None:
        with building(entry, inputs) as (part, manifest):
            data = _build(part, manifest, listing, resolution, channels, crop)
        if is_large(manifest["shapes"]):
            # The rows were mapped in the temporary folder: map them again in their final one.
            manifest, data = _open(entry, inputs)
    _report(name, entry, manifest, strict)
    rows, labels = data
    facts = {key: manifest[key] for key in ("skipped", "enlarged")}
    facts |= {"skipped_csv": str(entry / SKIPPED), "enlarged_csv": str(entry / ENLARGED)}
    return rows_source(
        name, rows, labels, fingerprint=manifest["fingerprint"], class_names=manifest["class_names"], facts=facts
    )


def _list_files(argument):
    root = os.path.abspath(os.path.expanduser(argument))
    if not argument or not os.path.isdir(root):
        raise DataError(
            f"data.source: received 'folder:{argument}', expected an existing folder of images: "
            "pass it with --data folder:DIR"
        )
    with track_progress(description="listing", unit="files", leave=False) as bar:
        try:
            listing = FileListing(os.fsencode(root), bar)
        except OSError as error:
            raise DataError(
                f"folder:{argument}: cannot be listed: {error.strerror}; expected a readable folder"
            ) from None
    if not listing.files:
        raise DataError(f"folder:{argument}: received no files, expected images in it or in its subfolders")
    return root, listing


def _check_cache_is_outside(entry, root):
    parts = os.path.relpath(os.path.abspath(entry), root).split(os.sep)
    if parts[0] != os.pardir and not any(part.startswith(".") for part in parts):
        raise DataError(
            f"data.cache_dir: received {entry.parent.parent}, which is inside {root}, expected a folder outside the "
            "images: the cache would be read as images"
        )


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
    files = [("path", os.path.join(listing.root, path)) for path, _, _ in listing.files]
    skipped, enlarged = list(listing.problems), []
    images = {split: [] for split in SPLITS}
    with RowWriter(folder, resolution, channels) as rows, open(folder / PNGS, "wb") as pngs:
        results = decode_all(files, resolution, crop, channels, png=True)
        results = track_progress(results, "reading", len(files), "images")
        for (path, _, _), result in zip(listing.files, results, strict=True):
            if isinstance(result, str):
                skipped.append((path, result))
                continue
            pixels, depth, png, size = result
            if min(size) < resolution:
                enlarged.append((path, f"{size[0]}x{size[1]}"))
            count = sum(rows.counts.values())
            split = SPLITS[count % HELD_OUT_EVERY == HELD_OUT_EVERY - 1]
            rows.append(split, pixels, depth)
            images[split].append((path, pngs.tell(), len(png)))
            pngs.write(png)
        shapes = rows.finish()
    skipped.sort()
    _write_table(folder / SKIPPED, ("file", "reason"), skipped)
    _write_table(folder / ENLARGED, ("file", "size"), enlarged)
    classes, labels = _labels(listing, images)
    manifest |= {"shapes": shapes, "class_names": classes, "skipped": len(skipped), "enlarged": len(enlarged)}
    # One more than a message lists, so that it ends with an ellipsis.
    manifest["first_skipped"] = {_as_text(path): reason for path, reason in skipped[: NUM_LISTED + 1]}
    manifest["mixed_levels"] = classes is None and any(os.sep.encode() in path for path, _, _ in listing.files)
    manifest["fingerprint"] = None
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


def _labels(listing, images):
    """Returns (class names, dict of split -> labels). Subfolders without a readable image are not classes."""
    if not listing.classes() or not images["train"]:
        return None, None
    tops = {split: [path.partition(os.sep.encode())[0] for path, _, _ in files] for split, files in images.items()}
    classes = sorted({top for split in SPLITS for top in tops[split]})
    label_of = {top: label for label, top in enumerate(classes)}
    labels = {split: np.array([label_of[top] for top in tops[split]], np.int64) for split in SPLITS}
    return [os.fsdecode(top) for top in classes], labels


def _write_table(path, header, rows):
    # surrogateescape: a name that is not UTF-8 is written as its original bytes.
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        csv.writer(file).writerows([header, *((os.fsdecode(name), text) for name, text in rows)])


def _as_text(path):
    return " ".join(os.fsencode(path).decode("utf-8", "backslashreplace").split())


def _report(name, entry, manifest, strict):
    num_skipped, num_images = manifest["skipped"], sum(shape[0] for shape in manifest["shapes"].values())
    listed = f"{list_skipped(manifest['first_skipped'])} (all in {entry / SKIPPED})"
    if not num_images:
        raise DataError(f"{name}: received {num_skipped} files, none of them readable, expected images: {listed}")
    if num_skipped and strict:
        raise DataError(
            f"{name}: received {num_skipped} unreadable files, expected none with data.strict: fix or remove {listed}"
        )
    if num_skipped:
        print(f"{name}: {num_images} images; {num_skipped} files skipped: {listed}", file=sys.stderr)
    if manifest["mixed_levels"]:
        print(f"{name}: some images are not in a subfolder, so the subfolders are not classes", file=sys.stderr)
    if manifest["enlarged"]:
        resolution = manifest["shapes"]["train"][1]
        print(
            f"{name}: {manifest['enlarged']} images are smaller than {resolution}x{resolution} and were enlarged "
            f"(listed in {entry / ENLARGED})",
            file=sys.stderr,
        )
