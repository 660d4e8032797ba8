"""`ganzoo translate`: picture files of any size, translated by a run into files of the same size."""

import os
from collections import Counter
from itertools import chain, count
from pathlib import Path

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ..export.pictures import save_png
from ..zoo.errors import UserError
from ..zoo.images import to_uint8
from .data.pictures import PictureError, read_picture
from .data.sides import list_pictures
from .rundir import load_run

# Pixels that are translated at a time, but for a single picture that has more: 16 pictures of 256 x 256.
BATCH_PIXELS = 2**20
# Pixels that wait for others of their size.
WAITING_PIXELS = 16 * BATCH_PIXELS
# What TensorFlow raises at sizes that do not fit, and what it means.
MISFITS = {
    tf.errors.ResourceExhaustedError: "need more memory than there is",
    tf.errors.InvalidArgumentError: "are a size that the network cannot take",
}


def translate(options):
    """Translates a picture, or every picture below a folder.

    Pictures are read as the data sources read them, but for their size, which they keep. Those of one size go through
    the model together; whatever their number, only some megapixels of them are in memory.

    Args:
        options: with run_folder, source, out, to, checkpoint and batch_size.

    Returns:
        dict of facts for the report; `skipped` holds the reason why a file was left out, by its name.

    Raises:
        UserError: no run that translates so, no picture that can be read, or files where the translations would go.
    """
    root, files, skipped = _listed(options.source)
    names = _places(options.source, options.out, files)
    if options.batch_size < 1:
        raise UserError(f"--batch-size: received {options.batch_size}, expected at least 1")
    model = load_run(options.run_folder, options.checkpoint)
    _check_direction(model, options)
    channels, done = model.translator(options.to).input_shape[-1], 0
    with tqdm(total=len(files), unit="picture", desc="translating", dynamic_ncols=True, mininterval=0.5) as bar:
        read = _read(root, files, channels, skipped, bar)
        for pictures in _batches(read, options.batch_size):
            for file, pixels in _translated(model, pictures, options.to, skipped):
                names[file].parent.mkdir(parents=True, exist_ok=True)
                save_png(names[file], pixels)
                done += 1
            bar.update(len(pictures))
    if not done:
        told = "; ".join(f"{file}: {why}" for file, why in list(skipped.items())[:3]) or "it is empty"
        raise UserError(f"{options.source}: received no picture that can be translated, expected at least one: {told}")
    facts = {"run": options.run_folder, "checkpoint": options.checkpoint, "to": options.to, "out": options.out}
    return facts | {"translated": done, "skipped": skipped}


def _check_direction(model, options):
    kind = type(model).__name__
    if not hasattr(model, "translate"):
        raise UserError(
            f"{options.run_folder}: received a run of {kind}, which draws samples, expected one that translates "
            f"pictures: `ganzoo sample {options.run_folder}`"
        )
    if options.to not in model.directions:
        raise UserError(
            f"--to: received {options.to!r}, expected one of {list(model.directions)}: {kind} translates nowhere else"
        )


def _listed(source):
    """Returns (root, files below it, reasons by file of what cannot be opened)."""
    path = Path(source)
    if path.is_file():
        return path.parent, [Path(path.name)], {}
    if not path.is_dir():
        raise UserError(f"translate: received {source!r}, expected a picture or a folder of pictures that exists")
    files, troubles, _ = list_pictures(source, source, ".")
    return path, [Path(os.fsdecode(file)) for file in files], {str(Path(file)): why for file, why in troubles.items()}


def _places(source, out, files):
    """Returns file -> where its translation goes.

    Raises:
        UserError: something is there already, or nothing can be written there.
    """
    target, many = Path(out), Path(source).is_dir()
    single = target.suffix.lower() == ".png" and not target.is_dir()
    if many and single:
        raise UserError(f"OUT: received {out!r} for the folder {source!r}, expected a folder")
    if not many and not single and target.suffix and not target.is_dir():
        raise UserError(f"OUT: received {out!r}, expected a .png file or a folder: PNG has no loss")
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        what = "a folder that is not empty" if target.is_dir() else "a file that exists"
        raise UserError(f"OUT: received {out!r}, {what}, expected a new one: nothing is overwritten")
    above = next(parent for parent in (target, *target.absolute().parents) if parent.exists())
    if not above.is_dir() or not os.access(above, os.W_OK):
        raise UserError(f"OUT: received {out!r}, expected a place that can be written to")
    return {files[0]: target} if single else {file: target / name for file, name in _names(files).items()}


def _names(files):
    """Returns file -> the name of its translation: a.jpg becomes a.png, beside another a.* it becomes a.jpg.png."""

    def key(path):
        # Some file systems do not tell A from a.
        return str(path).casefold()

    sharing = Counter(key(file.with_suffix(".png")) for file in files)
    names, taken = {}, set()
    for file in sorted(files, key=lambda file: sharing[key(file.with_suffix(".png"))] > 1):
        plain = file.with_suffix(".png")
        full = chain([f"{file}.png"], (f"{file}-{number}.png" for number in count(2)))
        candidates = chain([plain] if sharing[key(plain)] == 1 else [], map(Path, full))
        names[file] = next(name for name in candidates if key(name) not in taken)
        taken.add(key(names[file]))
    return names


def _read(root, files, channels, skipped, bar):
    """Yields (file, uint8 pixels) of what can be read, and notes why the others cannot."""
    for file in files:
        try:
            pixels, _ = read_picture(root / file, None, channels=channels)
        except PictureError as error:
            skipped[str(file)] = str(error)
            bar.update()
        else:
            yield file, pixels


def _batches(pictures, batch_size):
    """Yields lists of pictures of one size, in the order in which they become full."""
    waiting, held = {}, 0
    for file, pixels in pictures:
        size = pixels.shape[:2]
        waiting.setdefault(size, []).append((file, pixels))
        held += size[0] * size[1]
        full = len(waiting[size]) == batch_size or (len(waiting[size]) + 1) * size[0] * size[1] > BATCH_PIXELS
        if full or held > WAITING_PIXELS:
            chosen = size if full else max(waiting, key=lambda size: len(waiting[size]) * size[0] * size[1])
            batch = waiting.pop(chosen)
            held -= len(batch) * chosen[0] * chosen[1]
            yield batch
    yield from waiting.values()


def _translated(model, pictures, to, skipped):
    """Yields (file, uint8 pixels of its translation); one picture that does not fit must not stop the others."""
    try:
        images = model.translate(np.stack([pixels for _, pixels in pictures]), to, len(pictures))
    except tuple(MISFITS) as error:
        if len(pictures) > 1:
            for picture in pictures:
                yield from _translated(model, [picture], to, skipped)
            return
        ((file, pixels),) = pictures
        skipped[str(file)] = f"{pixels.shape[1]} x {pixels.shape[0]} pixels {MISFITS[type(error)]}"
        return
    yield from zip((file for file, _ in pictures), to_uint8(images), strict=True)
