"""Images of two domains from files into a cache. A pair is used only if both of its images can be read."""

import contextlib
import os
from typing import NamedTuple

from PIL import __version__ as pillow

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.progress import track_progress
from ..data_error import DataError
from .decode_pool import decode_all
from .file_listing import FileListing
from .image_decoding import HALVES
from .row_store import FORMAT, SPLITS, RowWriter, fingerprint_rows, list_skipped, open_rows, rows_source

# As in `split_rows`: every tenth readable pair is held out.
HELD_OUT_EVERY = 10


class FilePair(NamedTuple):
    """Files that belong together: their split ("train", "held_out", or None for the default), and paths from the root.

    There is one path per domain. Reading a single domain takes pairs of one file.
    """

    split: str | None
    files: tuple[bytes, ...]


def require_folder(name, argument, expected):
    """Returns the absolute path of a folder.

    Raises:
        DataError: there is no such folder.
    """
    root = os.path.abspath(os.path.expanduser(argument))
    if not argument or not os.path.isdir(root):
        raise DataError(f"data.source: received {name!r}, expected {expected}")
    return root


def list_images(name, root, folder):
    """Lists the files of one folder below a root.

    Returns:
        (files, problems, fingerprint): paths from the root as bytes, in order; dict of path -> reason of files that
        cannot be opened; and bytes that change with any name, size or modification time.

    Raises:
        DataError: the folder cannot be listed.
    """
    try:
        with track_progress(description="listing", unit="files", leave=False) as bar:
            listing = FileListing(os.fsencode(os.path.join(root, folder)), bar)
    except OSError as error:
        raise DataError(f"{name}: {folder} cannot be listed ({error.strerror}), expected a folder of images") from None
    prefix = os.fsencode(folder)
    problems = {os.fsdecode(os.path.join(prefix, path)): reason for path, reason in listing.problems}
    return [os.path.join(prefix, path) for path, _, _ in listing.files], problems, listing.fingerprint()


def read_domains(name, root, pairs, fingerprints, size, crops, channels=None, cache_dir=None):
    """Reads pairs of images into a cache; later calls read the cache until a file changes.

    Args:
        name: str, the name of the source.
        root: str, the folder that the files' paths are relative to.
        pairs: list of `FilePair` with one file per domain.
        fingerprints: list of bytes, from `list_images`.
        size: int, pixels per side.
        crops: dict of domain name -> crop, as for `image_decoding.read_image`.
        channels: 1, 3, or None for 1 if all images of a domain are gray and 3 otherwise.
        cache_dir: str or None, as for `folder:`.

    Returns:
        (sources, skipped): one `ImageSource` per domain, and a dict of file -> the reason why its pair is left out.

    Raises:
        DataError: no readable pair.
    """
    settings = [size, channels, *crops.items()]
    entry = cache_entry(cache_dir, "domains", os.path.basename(root), os.fsencode(root), settings)
    files = [[pair.split, *map(os.fsdecode, pair.files)] for pair in pairs]
    inputs = digest(FORMAT, *fingerprints, files, settings, pillow)
    manifest = read_manifest(entry, inputs)
    if manifest is None:
        with building(entry, inputs) as (part, manifest):
            _decode(part, manifest, name, root, pairs, size, crops, channels)
    sources = [
        rows_source(
            f"{name} {domain}",
            open_rows(entry / domain, manifest["shapes"][domain]),
            fingerprint=manifest["fingerprints"][domain],
        )
        for domain in crops
    ]
    return sources, manifest["skipped"]


def _decode(folder, manifest, name, root, pairs, size, crops, channels):
    def decode_domain(index, crop):
        files = [("path", os.path.join(os.fsencode(root), pair.files[index])) for pair in pairs]
        return decode_all(files, size, crop, channels)

    for domain in crops:
        (folder / domain).mkdir()
    results = zip(*(decode_domain(index, crop) for index, crop in enumerate(crops.values())), strict=True)
    results = track_progress(results, "reading", len(pairs), "rows")
    skipped, count = {}, 0
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(RowWriter(folder / domain, size, channels)) for domain in crops]
        for pair, decoded in zip(pairs, results, strict=True):
            reasons = map(_trouble, decoded, crops.values())
            problems = {os.fsdecode(file): why for file, why in zip(pair.files, reasons, strict=True) if why}
            if problems:
                skipped |= problems
                continue
            split = pair.split or SPLITS[count % HELD_OUT_EVERY == HELD_OUT_EVERY - 1]
            count += 1
            for writer, (pixels, depth, *_) in zip(writers, decoded, strict=True):
                writer.append(split, pixels, depth)
        shapes = {domain: writer.finish() for domain, writer in zip(crops, writers, strict=True)}
    if not writers[0].counts["train"]:
        raise DataError(f"{name}: received no readable images, expected at least one: {list_skipped(skipped)}")
    fingerprints = {domain: fingerprint_rows(folder / domain, shapes[domain]) for domain in crops}
    manifest |= {"shapes": shapes, "fingerprints": fingerprints, "skipped": skipped}


def _trouble(decoded, crop):
    """Returns why a decoded image cannot be used, or None."""
    if isinstance(decoded, str):
        return decoded
    width, height = decoded[3]
    if crop in HALVES and width != 2 * height:
        return f"{width} x {height} pixels, expected two squares side by side"
    return None
