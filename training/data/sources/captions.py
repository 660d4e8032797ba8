"""Captioned images: a folder with `metadata.jsonl`, the layout of Hugging Face's ImageFolder."""

import json
import os
from pathlib import Path

import numpy as np
from PIL import __version__ as pillow

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ....zoo.core.progress import track_progress
from ..data_error import DataError
from ..image_source import split_rows
from ..images.decode_pool import decode_all
from ..images.image_decoding import CROPS
from ..images.row_store import (
    FORMAT,
    RowWriter,
    fingerprint_rows,
    list_skipped,
    open_rows,
    report_skipped,
    rows_source,
)

DEFAULT_RESOLUTION = 32
METADATA = "metadata.jsonl"


def load_captions(argument, resolution=None, channels=None, crop="center", cache_dir=None):
    """Reads the images listed in a folder's `metadata.jsonl`, with their captions.

    Each line is a JSON object with `file_name`, a path relative to the folder, and `text`; other keys are ignored. An
    image with several captions has several lines. Missing and unreadable images are skipped, counted and reported.
    Every tenth image is held out, with its captions.

    Args:
        argument: str, the folder.
        resolution: int or None for 32.
        channels: 1, 3, or None for 1 if all images are gray and 3 otherwise.
        crop: "center" crops the largest central square; "stretch" resizes the full image to a square. Default "center".
        cache_dir: str or None, as for `folder:`.

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
    root = Path(argument).expanduser()
    metadata = _read_metadata(root, name) if argument else {}
    if not metadata:
        raise DataError(f"data.source: received {name!r}, expected a folder with captions in a {METADATA}")
    settings = [resolution, channels, crop]
    entry = cache_entry(cache_dir, "captions", root.name, os.fsencode(root.resolve()), settings)
    stamps = [(file, _stamp(root / file)) for file in metadata]
    inputs = digest(FORMAT, stamps, settings, pillow)
    manifest = read_manifest(entry, inputs)
    if manifest is None:
        with building(entry, inputs) as (part, manifest):
            _decode(part, manifest, root, list(metadata), settings, name)
    report_skipped(name, manifest["skipped"])
    captions = caption_table([texts for file, texts in metadata.items() if file not in manifest["skipped"]])
    train, held_out = split_rows(len(captions))
    return rows_source(
        name,
        open_rows(entry, manifest["shapes"]),
        fingerprint=digest(manifest["fingerprint"], captions.tolist()),
        facts={"skipped": len(manifest["skipped"])},
        captions=captions[train],
        held_out_captions=captions[held_out],
    )


def _read_metadata(root, name):
    """Returns a dict of file -> list of captions, in the order of the lines."""
    metadata = {}
    try:
        lines = (root / METADATA).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{name}: {root / METADATA} cannot be read ({error}), expected UTF-8 lines such as "
            '{"file_name": "a.png", "text": "a red square"}'
        ) from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            file, text = row["file_name"], row["text"]
        except (ValueError, KeyError, TypeError):
            file = text = None
        if not isinstance(file, str) or not isinstance(text, str):
            raise DataError(
                f"{name}: line {number} of {METADATA}: received {line.strip()[:80]!r}, expected a JSON object with "
                "strings 'file_name' and 'text'"
            )
        metadata.setdefault(file, []).append(text)
    return metadata


def _stamp(path):
    """Returns a file's size and modification time, or None if it does not exist."""
    try:
        status = path.stat()
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _decode(folder, manifest, root, files, settings, name):
    resolution, channels, crop = settings
    skipped, images = {}, []
    results = decode_all([("path", os.fsencode(root / file)) for file in files], resolution, crop, channels)
    results = track_progress(results, "reading", len(files), "images")
    for file, result in zip(files, results, strict=True):
        if isinstance(result, str):
            skipped[file] = result
        else:
            images.append(result[:2])
    if len(images) < 2:
        raise DataError(
            f"{name}: received {len(images)} readable images, expected at least two: {list_skipped(skipped)}"
        )
    held_out = set(split_rows(len(images))[1].tolist())
    with RowWriter(folder, resolution, channels) as rows:
        for index, (pixels, depth) in enumerate(images):
            rows.append("held_out" if index in held_out else "train", pixels, depth)
        manifest["shapes"] = rows.finish()
    manifest["skipped"] = skipped
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
