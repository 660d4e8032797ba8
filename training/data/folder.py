"""Anyone's pictures: a folder of files, with or without class subfolders."""

import csv
import os
import sys

import numpy as np
from PIL import __version__ as pillow
from tqdm import tqdm

from ...zoo.cache import building, cache_entry, digest, read_manifest
from .decoding import decode_all
from .listing import Listing
from .pictures import CROPS
from .records import DamagedRecordsError, read_records, write_records
from .rows import SPLITS, RowWriter, fingerprint_rows, is_large, open_rows, remove_rows, rows_source
from .source import DataError

DEFAULT_RESOLUTION = 32
# As in `split_rows`: of what can be read, every tenth picture is held out.
HELD_OUT_EVERY = 10
PNGS, LABELS, SKIPPED, ENLARGED = "pngs", "labels.npz", "skipped.csv", "enlarged.csv"


def load_folder(argument, resolution=None, channels=None, crop="centre", strict=False, cache_dir=None):
    """Reads all pictures of a folder, once; afterwards they come from a cache, for as long as nothing changed.

    Every file counts, whatever its extension, except names that begin with a dot. Pictures are turned as their EXIF
    data say, transparency is laid on white, animations give their first frame. If every picture lies in a subfolder,
    the first-level subfolders are the classes. A file that cannot be read is left out and listed in `skipped.csv`.

    Sets of more than 256 MB once decoded stay on the disk; training reads the rows that it needs.

    Args:
        argument: str, the folder.
        resolution: int or None for 32.
        channels: 1, 3, or None for 1 where all pictures are grey and 3 otherwise.
        crop: "centre" cuts the largest central square, "stretch" squeezes the whole picture into one. Default
            "centre".
        strict: bool, whether a file that cannot be read is an error. Default False.
        cache_dir: str or None for the environment's `GANZOO_CACHE`, else `ganzoo` in `XDG_CACHE_HOME` or `~/.cache`.

    Returns:
        An `ImageSource`; its facts tell how many files were `skipped` and how many pictures `enlarged` (they are
        smaller than the resolution), and where they are listed: `skipped_csv`, `enlarged_csv`.

    Raises:
        DataError: no such folder, nothing in it that can be read, an option out of range; with `strict`, a bad file.

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
        raise DataError(f"data.channels: received {channels!r}, expected 1 (grey) or 3 (colour)")
    if crop not in CROPS:
        raise DataError(f"data.crop: received {crop!r}, expected one of {list(CROPS)}")
    root, listing = _listed(argument)
    settings = [resolution, channels, crop]
    entry = cache_entry(cache_dir, "folder", os.path.basename(root), os.fsencode(root), settings)
    _check_apart(entry, root)
    inputs = digest(listing.fingerprint(), settings, pillow)
    known, opened = _opened(entry, inputs)
    if opened is None:
        with building(entry, inputs) as (part, known):
            opened = _prepare(part, known, listing, resolution, channels, crop)
        if is_large(known["shapes"]):
            # Mapped where they are now.
            known, opened = _opened(entry, inputs)
    _report(name, entry, known, strict)
    rows, labels = opened
    facts = {key: known[key] for key in ("skipped", "enlarged")}
    facts |= {"skipped_csv": str(entry / SKIPPED), "enlarged_csv": str(entry / ENLARGED)}
    return rows_source(
        name, rows, labels, fingerprint=known["fingerprint"], class_names=known["class_names"], facts=facts
    )


def _listed(argument):
    root = os.path.abspath(os.path.expanduser(argument))
    if not argument or not os.path.isdir(root):
        raise DataError(
            f"data.source: received 'folder:{argument}', expected an existing folder of pictures: "
            "give it with --data folder:DIR"
        )
    with tqdm(desc="listing", unit=" files", file=sys.stderr, leave=False, dynamic_ncols=True) as bar:
        try:
            listing = Listing(os.fsencode(root), bar)
        except OSError as error:
            raise DataError(
                f"folder:{argument}: cannot be listed: {error.strerror}; expected a folder that you may read"
            ) from None
    if not listing.files:
        raise DataError(f"folder:{argument}: received no files, expected pictures in it or in its subfolders")
    return root, listing


def _check_apart(entry, root):
    inside = os.path.relpath(os.path.abspath(entry), root).split(os.sep)
    if inside[0] != os.pardir and not any(part.startswith(".") for part in inside):
        raise DataError(
            f"data.cache_dir: received {entry.parent.parent}, which is inside {root}, expected a folder outside the "
            "pictures: the cache would be read as pictures"
        )


def _opened(entry, inputs):
    """Returns (what is known, (rows, labels)) of a cache that can be trusted, else (None, None)."""
    known = read_manifest(entry, inputs)
    if known is None:
        return None, None
    labelled = known["class_names"] is not None
    if is_large(known["shapes"]):
        labels = dict(np.load(entry / LABELS)) if labelled else None
        return known, (open_rows(entry, known["shapes"]), labels)
    if not known["shapes"]["train"][0]:
        return known, ({split: np.empty(shape, np.uint8) for split, shape in known["shapes"].items()}, None)
    try:
        return known, read_records(entry, known["shapes"], labelled)
    except DamagedRecordsError:
        return None, None


def _prepare(folder, known, listing, resolution, channels, crop):
    """Fills a new cache folder; returns the rows and labels that it then holds."""
    files = [("path", os.path.join(listing.root, path)) for path, _, _ in listing.files]
    skipped, enlarged = list(listing.troubles), []
    kept = {split: [] for split in SPLITS}
    with RowWriter(folder, resolution, channels) as rows, open(folder / PNGS, "wb") as pngs:
        answers = decode_all(files, resolution, crop, channels, png=True)
        answers = tqdm(answers, "reading", len(files), unit=" pictures", file=sys.stderr, dynamic_ncols=True)
        for (path, _, _), answer in zip(listing.files, answers, strict=True):
            if isinstance(answer, str):
                skipped.append((path, answer))
                continue
            pixels, depth, png, size = answer
            if min(size) < resolution:
                enlarged.append((path, f"{size[0]}x{size[1]}"))
            count = sum(rows.counts.values())
            split = SPLITS[count % HELD_OUT_EVERY == HELD_OUT_EVERY - 1]
            rows.append(split, pixels, depth)
            kept[split].append((path, pngs.tell(), len(png)))
            pngs.write(png)
        shapes = rows.finish()
    _write_table(folder / SKIPPED, ("file", "reason"), sorted(skipped))
    _write_table(folder / ENLARGED, ("file", "size"), enlarged)
    classes, labels = _labels(listing, kept)
    known |= {"shapes": shapes, "class_names": classes, "skipped": len(skipped), "enlarged": len(enlarged)}
    known["first_skipped"] = [f"{_text(path)}: {why}" for path, why in sorted(skipped)[:3]]
    known["beside"] = classes is None and any(os.sep.encode() in path for path, _, _ in listing.files)
    known["fingerprint"] = None
    if kept["train"]:
        _write_as_tfds(folder, kept, labels, shapes, classes)
    (folder / PNGS).unlink()
    opened = open_rows(folder, shapes)
    if is_large(shapes):
        if classes is not None:
            np.savez(folder / LABELS, **labels)
        known["fingerprint"] = fingerprint_rows(folder, shapes, labels)
    else:
        remove_rows(folder)
    return opened, labels


def _write_as_tfds(folder, kept, labels, shapes, classes):
    total = sum(map(len, kept.values()))
    with (
        open(folder / PNGS, "rb") as pngs,
        tqdm(desc="caching", total=total, unit=" pictures", file=sys.stderr, dynamic_ncols=True) as bar,
    ):

        def examples(split):
            for index, (path, start, length) in enumerate(kept[split]):
                bar.update()
                pngs.seek(start)
                yield pngs.read(length), None if labels is None else labels[split][index], path

        write_records(folder, {split: examples(split) for split in SPLITS if kept[split]}, shapes, classes)


def _labels(listing, kept):
    """Returns (class names, dict of split -> labels); classes without a readable picture do not exist."""
    if not listing.classes() or not kept["train"]:
        return None, None
    tops = {split: [path.partition(os.sep.encode())[0] for path, _, _ in files] for split, files in kept.items()}
    classes = sorted({top for split in SPLITS for top in tops[split]})
    number = {top: index for index, top in enumerate(classes)}
    labels = {split: np.array([number[top] for top in tops[split]], np.int64) for split in SPLITS}
    return [os.fsdecode(top) for top in classes], labels


def _write_table(path, header, rows):
    # surrogateescape: a name that is not UTF-8 is written as the bytes that it is.
    with open(path, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        csv.writer(file).writerows([header, *((os.fsdecode(name), text) for name, text in rows)])


def _text(path):
    return " ".join(os.fsencode(path).decode("utf-8", "backslashreplace").split())


def _report(name, entry, known, strict):
    bad, good = known["skipped"], sum(shape[0] for shape in known["shapes"].values())
    listed = f"{'; '.join(known['first_skipped'])}{'; ...' if bad > 3 else ''} (all in {entry / SKIPPED})"
    if not good:
        raise DataError(f"{name}: received {bad} files of which none can be read, expected pictures: {listed}")
    if bad and strict:
        raise DataError(
            f"{name}: received {bad} files that cannot be read, expected none with data.strict: mend or remove {listed}"
        )
    if bad:
        print(f"{name}: {good} pictures; {bad} files skipped: {listed}", file=sys.stderr)
    if known["beside"]:
        print(f"{name}: pictures lie beside the subfolders, so these are no classes", file=sys.stderr)
    if known["enlarged"]:
        resolution = known["shapes"]["train"][1]
        print(
            f"{name}: {known['enlarged']} pictures are smaller than {resolution}x{resolution} and were enlarged "
            f"(listed in {entry / ENLARGED})",
            file=sys.stderr,
        )
