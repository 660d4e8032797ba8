"""Pictures with captions: a folder with `metadata.jsonl`, as Hugging Face's image folders have it."""

import json
import os
import sys
from pathlib import Path

import numpy as np
from PIL import __version__ as pillow
from tqdm import tqdm

from ...zoo.cache import building, cache_entry, digest, read_manifest
from .decoding import decode_all
from .pictures import CROPS
from .rows import RowWriter, fingerprint_rows, open_rows, rows_source
from .source import DataError, split_rows

DEFAULT_RESOLUTION = 32
METADATA = "metadata.jsonl"


def load_captions(argument, resolution=None, channels=None, crop="centre", cache_dir=None):
    """Reads the pictures that a folder's `metadata.jsonl` names, with their captions.

    Each line is a JSON object with `file_name`, a path relative to the folder, and `text`; other keys are left alone.
    A picture with several captions has several lines. Pictures that are missing or cannot be read are left out, counted
    and named. Every tenth picture is held out, with its captions.

    Args:
        argument: str, the folder.
        resolution: int or None for 32.
        channels: 1, 3, or None for 1 where all pictures are grey and 3 otherwise.
        crop: "centre" cuts the largest central square, "stretch" squeezes the whole picture into one. Default
            "centre".
        cache_dir: str or None, as for `folder:`.

    Returns:
        An `ImageSource` with `captions`, an object array (num, most captions of a picture); those of a picture with
        fewer come again.

    Raises:
        DataError: no such folder or file, a line that is no such object, or nothing that can be read.
    """
    name, resolution = f"captions:{argument}", resolution or DEFAULT_RESOLUTION
    if channels not in (None, 1, 3):
        raise DataError(f"data.channels: received {channels!r}, expected 1 (grey) or 3 (colour)")
    if crop not in CROPS:
        raise DataError(f"data.crop: received {crop!r}, expected one of {list(CROPS)}")
    root = Path(argument).expanduser()
    told = _read_metadata(root, name) if argument else {}
    if not told:
        raise DataError(f"data.source: received {name!r}, expected a folder with captions in a {METADATA}")
    settings = [resolution, channels, crop]
    entry = cache_entry(cache_dir, "captions", root.name, os.fsencode(root.resolve()), settings)
    stamps = [(file, _stamp(root / file)) for file in told]
    inputs = digest(stamps, settings, pillow)
    known = read_manifest(entry, inputs)
    if known is None:
        with building(entry, inputs) as (part, known):
            _decode(part, known, root, list(told), settings, name)
    kept = [file for file in told if file not in known["skipped"]]
    _report(name, known["skipped"])
    captions = caption_table([told[file] for file in kept])
    train, held_out = split_rows(len(kept))
    return rows_source(
        name,
        open_rows(entry, known["shapes"]),
        fingerprint=digest(known["fingerprint"], captions.tolist()),
        facts={"skipped": len(known["skipped"])},
        captions=captions[train],
        held_out_captions=captions[held_out],
    )


def _read_metadata(root, name):
    """Returns a dict of file -> list of captions, in the order of the file."""
    told = {}
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
        told.setdefault(file, []).append(text)
    return told


def _stamp(path):
    try:
        facts = path.stat()
    except OSError:
        return None
    return [facts.st_size, facts.st_mtime_ns]


def _decode(folder, known, root, files, settings, name):
    resolution, channels, crop = settings
    skipped, pictures = {}, []
    wanted = [("path", os.fsencode(root / file)) for file in files]
    answers = decode_all(wanted, resolution, crop, channels)
    for file, answer in zip(
        files, tqdm(answers, "reading", len(files), unit=" pictures", file=sys.stderr), strict=True
    ):
        if isinstance(answer, str):
            skipped[file] = answer
        else:
            pictures.append(answer[:2])
    if len(pictures) < 2:
        listed = "; ".join(f"{file}: {why}" for file, why in list(skipped.items())[:3])
        raise DataError(f"{name}: received {len(pictures)} pictures that can be read, expected at least two: {listed}")
    held_out = set(split_rows(len(pictures))[1].tolist())
    with RowWriter(folder, resolution, channels) as rows:
        for number, (pixels, depth) in enumerate(pictures):
            rows.append("held_out" if number in held_out else "train", pixels, depth)
        known["shapes"] = rows.finish()
    known["skipped"] = skipped
    known["fingerprint"] = fingerprint_rows(folder, known["shapes"])


def _report(name, skipped):
    if skipped:
        listed = "; ".join(f"{file}: {why}" for file, why in list(skipped.items())[:3])
        print(
            f"{name}: {len(skipped)} pictures skipped: {listed}{'; ...' if len(skipped) > 3 else ''}", file=sys.stderr
        )


def caption_table(captions):
    """Returns an object array (num, most captions of a picture); those of a picture with fewer come again.

    Args:
        captions: list of lists of str, none of them empty.
    """
    most = max(map(len, captions), default=1)
    table = np.empty((len(captions), most), object)
    for row, texts in enumerate(captions):
        table[row] = [texts[number % len(texts)] for number in range(most)]
    return table
