"""Pictures that belong together, from files into a cache: a row of them counts only where every one can be read."""

import contextlib
import os
import sys
from typing import NamedTuple

from PIL import __version__ as pillow
from tqdm import tqdm

from ...zoo.cache import building, cache_entry, digest, read_manifest
from .decoding import decode_all
from .listing import Listing
from .pictures import HALVES
from .rows import SPLITS, RowWriter, fingerprint_rows, open_rows, rows_source
from .source import DataError

# As in `split_rows`: of what can be read, every tenth row is held out.
HELD_OUT_EVERY = 10


class Row(NamedTuple):
    """Files that belong together: the split they were given ("train", "held_out", or None), paths from the root."""

    split: str | None
    files: tuple[bytes, ...]


def require_folder(name, argument, expected):
    """Returns the path of a folder that exists.

    Raises:
        DataError: there is none.
    """
    root = os.path.abspath(os.path.expanduser(argument))
    if not argument or not os.path.isdir(root):
        raise DataError(f"data.source: received {name!r}, expected {expected}")
    return root


def list_pictures(name, root, folder):
    """Lists the files of one folder below a root.

    Returns:
        (files, troubles, stamp): paths from the root as bytes, in order; dict of path -> reason of what cannot be
        opened; and bytes that change with any name, size or modification time.

    Raises:
        DataError: the folder cannot be listed.
    """
    try:
        with tqdm(desc="listing", unit=" files", file=sys.stderr, leave=False, dynamic_ncols=True) as bar:
            listing = Listing(os.fsencode(os.path.join(root, folder)), bar)
    except OSError as error:
        raise DataError(
            f"{name}: {folder} cannot be listed ({error.strerror}), expected a folder of pictures"
        ) from None
    above = os.fsencode(folder)
    troubles = {os.fsdecode(os.path.join(above, path)): reason for path, reason in listing.troubles}
    return [os.path.join(above, path) for path, _, _ in listing.files], troubles, listing.fingerprint()


def read_sides(name, root, rows, stamps, size, sides, channels=None, cache_dir=None):
    """Reads rows of pictures, once; afterwards they come from a cache, for as long as nothing changed.

    Args:
        name: str, the source's.
        root: str, the folder that the rows' files are in.
        rows: list of `Row`, with a file for each side.
        stamps: list of bytes, from `list_pictures`.
        size: int, pixels of a side.
        sides: dict of a side's name -> its crop, as for `pictures.read_picture`.
        channels: 1, 3, or None for 1 where all pictures of a side are grey and 3 otherwise.
        cache_dir: str or None, as for `folder:`.

    Returns:
        (sources, skipped): an `ImageSource` for each side, and a dict of file -> the reason why its row is left out.

    Raises:
        DataError: no row that can be read.
    """
    settings = [size, channels, *sides.items()]
    entry = cache_entry(cache_dir, "sides", os.path.basename(root), os.fsencode(root), settings)
    listed = [[row.split, *map(os.fsdecode, row.files)] for row in rows]
    inputs = digest(*stamps, listed, settings, pillow)
    known = read_manifest(entry, inputs)
    if known is None:
        with building(entry, inputs) as (part, known):
            _decode(part, known, name, root, rows, size, sides, channels)
    sources = [
        rows_source(f"{name} {side}", open_rows(entry / side, known["shapes"][side]), fingerprint=known["hashes"][side])
        for side in sides
    ]
    return sources, known["skipped"]


def _decode(folder, known, name, root, rows, size, sides, channels):
    def pictures(number, crop):
        files = [("path", os.path.join(os.fsencode(root), row.files[number])) for row in rows]
        return decode_all(files, size, crop, channels)

    for side in sides:
        (folder / side).mkdir()
    answers = zip(*(pictures(number, crop) for number, crop in enumerate(sides.values())), strict=True)
    answers = tqdm(answers, "reading", len(rows), unit=" rows", file=sys.stderr, dynamic_ncols=True)
    skipped, count = {}, 0
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(RowWriter(folder / side, size, channels)) for side in sides]
        for row, decoded in zip(rows, answers, strict=True):
            reasons = map(_trouble, decoded, sides.values())
            troubles = {os.fsdecode(file): why for file, why in zip(row.files, reasons, strict=True) if why}
            if troubles:
                skipped |= troubles
                continue
            split = row.split or SPLITS[count % HELD_OUT_EVERY == HELD_OUT_EVERY - 1]
            count += 1
            for writer, (pixels, depth, *_) in zip(writers, decoded, strict=True):
                writer.append(split, pixels, depth)
        shapes = {side: writer.finish() for side, writer in zip(sides, writers, strict=True)}
    if not writers[0].counts["train"]:
        raise DataError(f"{name}: received no picture that can be read, expected at least one: {_listed(skipped)}")
    hashes = {side: fingerprint_rows(folder / side, shapes[side]) for side in sides}
    known |= {"shapes": shapes, "hashes": hashes, "skipped": skipped}


def _trouble(picture, crop):
    if isinstance(picture, str):
        return picture
    width, height = picture[3]
    if crop in HALVES and width != 2 * height:
        return f"{width} x {height} pixels, expected two squares side by side"
    return None


def report_skipped(name, skipped):
    """Tells on standard error which files are left out, and why."""
    if skipped:
        print(f"{name}: {len(skipped)} pictures skipped: {_listed(skipped)}", file=sys.stderr)


def _listed(skipped):
    told = "; ".join(f"{file}: {why}" for file, why in list(skipped.items())[:3])
    return f"{told}{'; ...' if len(skipped) > 3 else ''}"
