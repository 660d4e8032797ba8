"""Captioned images: a folder with `metadata.jsonl` or `metadata.csv`, as Hugging Face's ImageFolder has them."""

import os
from pathlib import Path

import numpy as np
from PIL import __version__ as pillow

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.progress import track_progress
from ..data_error import DataError
from ..image_source import split_rows
from ..images.decode_pool import decode_all
from ..images.high_precision import ValueRange, read_alike
from ..images.image_decoding import CROPS
from ..images.row_store import (
    FORMAT,
    RowWriter,
    fingerprint_rows,
    list_skipped,
    open_rows,
    report,
    report_skipped,
    rows_source,
)
from ..outside_data import require_cache_outside
from ..path_arguments import source_path
from ..texts.caption_files import CSV, JSON_LINES, read_captions
from ..texts.text_checks import make_tokenizer, with_tokenizer

DEFAULT_RESOLUTION = 32


def load_captions(
    argument, resolution=None, channels=None, crop="center", cache_dir=None, unit="word", keep_case=False,
    keep_punctuation=False,
):  # fmt: skip
    """Reads the images listed in a folder's `metadata.jsonl` or `metadata.csv`, with their captions.

    Each line of `metadata.jsonl` is a JSON object with `file_name`, a path relative to the folder, and `text`; other
    keys are ignored. `metadata.csv` has columns of these names, separated by commas. An image with several captions has
    several lines. Missing and unreadable images are skipped, counted and reported. Every tenth image is held out, with
    its captions.

    Args:
        argument: str, the folder.
        resolution: int or None for 32.
        channels: 1, 3, or None for 1 if all images are gray and 3 otherwise.
        crop: "center" crops the largest central square; "stretch" resizes the full image to a square. Default "center".
        cache_dir: str or None, as for `folder:`.
        unit, keep_case, keep_punctuation: how captions are split into words, as for `lines:`.

    Returns:
        An `ImageSource` with `captions`, an object array (num_samples, captions_per_image). Images with fewer captions
        repeat them.

    Raises:
        DataError: no such folder or file, an invalid line, or no readable images.
    """
    name, resolution = f"captions:{argument}", resolution or DEFAULT_RESOLUTION
    if channels not in (None, 1, 3):
        raise DataError(f"data.channels: received {channels!r}, expected 1 (gray) or 3 (color)")
    if crop not in CROPS:
        raise DataError(f"data.crop: received {crop!r}, expected one of {list(CROPS)}")
    root = Path(source_path("data.source", argument))
    tokenizer = make_tokenizer(unit, keep_case, keep_punctuation)
    metadata = read_captions(root, name) if argument else {}
    if not metadata:
        raise DataError(f"data.source: received {name!r}, expected a folder with captions in {JSON_LINES} or {CSV}")
    settings = [resolution, channels, crop]
    entry = cache_entry(cache_dir, "captions", root.name, os.fsencode(root.resolve()), settings)
    require_cache_outside(entry, root)
    stamps = [(file, _stamp(root / file)) for file in metadata]
    inputs = digest(FORMAT, stamps, settings, pillow)
    manifest = read_manifest(entry, inputs)
    if manifest is None:
        with building(entry, inputs) as (part, manifest):
            _decode(part, manifest, root, list(metadata), settings, name)
    report_skipped(name, manifest["skipped"])
    report(name, manifest["notes"])
    captions = caption_table([texts for file, texts in metadata.items() if file not in manifest["skipped"]])
    train, held_out = split_rows(len(captions))
    source = rows_source(
        name,
        open_rows(entry, manifest["shapes"]),
        fingerprint=digest(manifest["fingerprint"], captions.tolist()),
        notes=manifest["notes"],
        facts={"skipped": len(manifest["skipped"])},
        captions=captions[train],
        held_out_captions=captions[held_out],
    )
    return with_tokenizer(source, tokenizer)


def _stamp(path):
    """Returns a file's size and modification time, or None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _decode(folder, manifest, root, files, settings, name):
    resolution, channels, crop = settings
    values = ValueRange()

    def read():
        skipped, images = {}, []
        paths = [("path", os.fsencode(root / file)) for file in files]
        results = decode_all(paths, resolution, crop, channels, whites=values.whites)
        results = track_progress(results, "reading", len(files), "images")
        for file, result in zip(files, results, strict=True):
            if isinstance(result, str):
                skipped[file] = result
            else:
                images.append(result[:2])
                values.observe(result[-1])
        return skipped, images

    skipped, images = read_alike(read, values)
    if len(images) < 2:
        raise DataError(
            f"{name}: received {len(images)} readable images, expected at least two: {list_skipped(skipped)}"
        )
    held_out = set(split_rows(len(images))[1].tolist())
    with RowWriter(folder, resolution, channels) as rows:
        for index, (pixels, depth) in enumerate(images):
            rows.append("held_out" if index in held_out else "train", pixels, depth)
        manifest["shapes"] = rows.finish()
    manifest["skipped"], manifest["notes"] = skipped, values.notes()
    manifest["fingerprint"] = fingerprint_rows(folder, manifest["shapes"])


def caption_table(captions):
    """Arranges captions in an object array (num_samples, captions_per_image); images with fewer captions repeat them.

    Args:
        captions: list of non-empty lists of str.
    """
    width = max(map(len, captions), default=1)
    table = np.empty((len(captions), width), object)
    for row, texts in enumerate(captions):
        table[row] = [texts[column % len(texts)] for column in range(width)]
    return table
