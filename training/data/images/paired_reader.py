"""Images of two domains from files into a cache. A pair is used only if both of its images can be read."""

import contextlib
import os
from typing import NamedTuple

from PIL import __version__ as pillow

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.progress import track_progress
from ..data_error import DataError
from ..outside_data import require_cache_outside
from .class_folders import NONE_HELD_OUT, tenth_split
from .decode_pool import decode_all
from .file_listing import FileListing
from .high_precision import ValueRange, read_alike
from .image_decoding import HALVES
from .own_output import OWN_PICTURE, own_folder, own_pictures
from .pair_geometry import halves_trouble, pair_trouble, stray_halves
from .row_store import FORMAT, RowWriter, fingerprint_rows, list_skipped, open_rows, rows_source


class FilePair(NamedTuple):
    """Files that belong together: their split ("train", "held_out", or None for the default), and paths from the root.

    There is one path per domain. Reading a single domain takes pairs of one file.
    """

    split: str | None
    files: tuple[bytes, ...]


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
    problems |= {os.fsdecode(os.path.join(prefix, path)): own_folder(kind) for path, kind in listing.own}
    return [os.path.join(prefix, path) for path, _, _ in listing.files], problems, listing.fingerprint()


def read_domains(name, root, pairs, fingerprints, size, crops, channels=None, cache_dir=None):
    """Reads pairs of images into a cache; later calls read the cache until a file changes.

    Every tenth readable pair without a split of its own is held out.

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
        (sources, skipped, notes): one `ImageSource` per domain; a dict of file -> the reason why its pair is left out;
        and a list of str, what was decided about the others.

    Raises:
        DataError: no readable pair.
    """
    settings = [size, channels, *crops.items()]
    entry = cache_entry(cache_dir, "domains", os.path.basename(root), os.fsencode(root), settings)
    require_cache_outside(entry, root)
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
    return sources, manifest["skipped"], manifest["notes"]


def _decode(folder, manifest, name, root, pairs, size, crops, channels):
    for domain in crops:
        (folder / domain).mkdir()
    ranges = {domain: ValueRange() for domain in crops}

    def read():
        return _read_pairs(folder, root, pairs, size, crops, channels, ranges)

    writers, used, skipped = read_alike(read, *ranges.values())
    strays, notes = {}, []
    if set(crops.values()) == set(HALVES) and used:
        strays, notes = stray_halves([image_size for _, image_size in used])
    skipped |= {os.fsdecode(used[index][0].files[0]): reason for index, reason in strays.items()}
    splits = _splits([None if index in strays else pair for index, (pair, _) in enumerate(used)])
    shapes = {domain: writer.finish(splits) for domain, writer in zip(crops, writers, strict=True)}
    if not writers[0].counts["train"]:
        raise DataError(f"{name}: received no readable images, expected at least one: {list_skipped(skipped)}")
    notes += [f"{domain}: {note}" for domain, values in ranges.items() for note in values.notes()]
    if not writers[0].counts["held_out"]:
        notes.append(NONE_HELD_OUT)
    fingerprints = {domain: fingerprint_rows(folder / domain, shapes[domain]) for domain in crops}
    manifest |= {"shapes": shapes, "fingerprints": fingerprints, "skipped": skipped, "notes": notes}


def _splits(pairs):
    """Returns the split of each pair, and None for None."""
    splits, count = [], 0
    for pair in pairs:
        splits.append(None if pair is None else pair.split or tenth_split(count))
        count += pair is not None
    return splits


def _read_pairs(folder, root, pairs, size, crops, channels, ranges):
    """Decodes all pairs into rows.

    Returns:
        (writers, used, skipped): a `RowWriter` per domain; a list of (pair, size of its first image) of those written;
        and a dict of file -> reason.
    """

    def decode_domain(index, domain):
        files = [("path", os.path.join(os.fsencode(root), pair.files[index])) for pair in pairs]
        return decode_all(files, size, crops[domain], channels, whites=ranges[domain].whites)

    results = zip(*(decode_domain(index, domain) for index, domain in enumerate(crops)), strict=True)
    results = track_progress(results, "reading", len(pairs), "rows")
    own = [own_pictures(os.fsencode(root), [pair.files[index] for pair in pairs]) for index in range(len(crops))]
    used, skipped = [], {}
    with contextlib.ExitStack() as stack:
        writers = [stack.enter_context(RowWriter(folder / domain, size, channels)) for domain in crops]
        for pair, decoded in zip(pairs, results, strict=True):
            problems = _troubles(pair, decoded, tuple(crops.values()))
            for file, pictures in zip(pair.files, own, strict=True):
                problems |= {os.fsdecode(file): OWN_PICTURE} if file in pictures else {}
            if problems:
                skipped |= problems
                continue
            split = pair.split or tenth_split(len(used))
            used.append((pair, decoded[0][3]))
            for writer, domain, (pixels, depth, _, _, measured) in zip(writers, crops, decoded, strict=True):
                ranges[domain].observe(measured)
                writer.append(split, pixels, depth)
    return writers, used, skipped


def _troubles(pair, decoded, crops):
    """Returns a dict of file -> why the pair cannot be used."""
    names = [os.fsdecode(file) for file in pair.files]
    unreadable = {name: result for name, result in zip(names, decoded, strict=True) if isinstance(result, str)}
    if unreadable or len(pair.files) == 1:
        return unreadable
    sizes = [size for _, _, _, size, _ in decoded]
    reason = halves_trouble(sizes[0]) if crops == HALVES else pair_trouble(sizes, names[1])
    return {names[0]: reason} if reason else {}
