"""`ganzoo translate`: translates image files of any size with a run, into files of the same size."""

import os
from collections import Counter
from itertools import chain, count
from pathlib import Path

import numpy as np
import tensorflow as tf

from ...export.visualization import save_png
from ...zoo.core.image_scaling import to_uint8
from ...zoo.core.own_files import is_own_png
from ...zoo.core.progress import track_progress
from ...zoo.core.user_paths import shell_path
from ...zoo.errors import UserError
from ..data.images.image_decoding import ImageReadError, read_image
from ..data.images.own_output import OWN_PICTURE, own_pictures
from ..data.images.paired_reader import list_images
from ..run.run_dir import load_run
from .output_paths import check_output_file, check_output_folder, claim_folder, data_of_run

KIND = "translations"

# Pixels per batch, except for a single larger image: 16 images of 256 x 256.
BATCH_PIXELS = 2**20
# Pixels in memory that wait for other images of their size.
WAITING_PIXELS = 16 * BATCH_PIXELS
# What TensorFlow raises for sizes that do not fit, and its meaning.
SIZE_ERRORS = {
    tf.errors.ResourceExhaustedError: "do not fit into memory",
    tf.errors.InvalidArgumentError: "are a size that the network does not support",
}


def translate(options):
    """Translates an image, or every image in a folder and its subfolders.

    Images are read like those of the data sources, but keep their size. Images of one size form a batch. At most
    `WAITING_PIXELS` plus one image are in memory, whatever the number of images.

    Args:
        options: namespace with run, source, out, to, checkpoint and batch_size.

    Returns:
        dict of facts for the report: `run`, `checkpoint`, `to`, `out`, the number of `translated` images,
        `skipped`, a dict of file name -> reason, and `removed`, the number of translations of an earlier call that a
        folder no longer holds.

    Raises:
        UserError: no run that translates in this direction, no readable image, or an output path that cannot be used.
    """
    root, files, skipped = _list_inputs(options.source)
    outputs = _output_paths(options, files)
    if options.batch_size < 1:
        raise UserError(f"--batch-size: received {options.batch_size}, expected at least 1")
    model = load_run(options.run, options.checkpoint)
    _check_direction(model, options)
    channels, written = model.translator(options.to).input_shape[-1], set()
    with track_progress(None, "translating", len(files), "images") as report:
        images = _read_images(root, files, channels, skipped, report)
        for batch in _make_batches(images, options.batch_size):
            for file, pixels in _translate_batch(model, batch, options.to, skipped):
                if outputs[file] != Path(options.out):
                    claim_folder(options.out, KIND)
                outputs[file].parent.mkdir(parents=True, exist_ok=True)
                save_png(outputs[file], pixels)
                written.add(outputs[file])
            report.update(len(batch))
    if not written:
        reasons = "; ".join(f"{file}: {why}" for file, why in list(skipped.items())[:3]) or "it is empty"
        raise UserError(f"{options.source}: received no image that can be translated, expected at least one: {reasons}")
    facts = {"run": options.run, "checkpoint": options.checkpoint, "to": options.to, "out": options.out}
    return facts | {"translated": len(written), "skipped": skipped, "removed": _remove_others(options.out, written)}


def _remove_others(out, written):
    """Removes the translations of an earlier call from a folder, and returns their number."""
    others = [path for path in Path(out).rglob("*.png") if path not in written and is_own_png(path)]
    for path in others:
        path.unlink()
    return len(others)


def _check_direction(model, options):
    name = type(model).__name__
    if model.data_family != "translation":
        raise UserError(
            f"{options.run}: received a run of {name}, which generates samples, expected one that translates images: "
            f"`ganzoo sample {shell_path(options.run)}`"
        )
    if options.to not in model.directions:
        raise UserError(
            f"--to: received {options.to!r}, expected one of {list(model.directions)}: {name} supports no other domain"
        )


def _list_inputs(source):
    """Returns (root, files relative to it, reasons by file that cannot be opened)."""
    path = Path(source)
    if path.is_file():
        return path.parent, [Path(path.name)], {}
    if not path.is_dir():
        raise UserError(f"translate: received {source!r}, expected an existing image or folder of images")
    files, errors, _ = list_images(source, source, ".")
    own = own_pictures(os.fsencode(source), files)
    errors |= {os.fsdecode(file): OWN_PICTURE for file in own}
    files = [Path(os.fsdecode(file)) for file in files if file not in own]
    return path, files, {str(Path(file)): why for file, why in errors.items()}


def _output_paths(options, files):
    """Returns a dict of file -> path of its translation.

    Raises:
        UserError: a path that must not or cannot be written.
    """
    source, out = options.source, options.out
    target, many = Path(out), Path(source).is_dir()
    single = target.suffix.lower() == ".png" and not target.is_dir()
    if many and single:
        raise UserError(f"OUT: received {out!r} for the folder {source!r}, expected a folder")
    if not many and not single and target.suffix and not target.is_dir():
        raise UserError(f"OUT: received {out!r}, expected a .png file or a folder: only PNG is lossless")
    sources = [data_of_run(options.run)] + ([{"source": f"folder:{source}"}] if many else [])
    if single:
        check_output_file(out, *sources, option="OUT", parents=True)
        outputs = {files[0]: target}
    else:
        check_output_folder(out, KIND, *sources, option="OUT")
        outputs = {file: target / name for file, name in _output_names(files).items()}
    read = Path(source).resolve()
    if target.resolve() in (read, *read.parents):
        raise UserError(f"OUT: received {out!r}, which holds {source!r}, expected a path that nothing is read from")
    edited = next((path for path in outputs.values() if path.exists() and not is_own_png(path)), None)
    if edited is not None and not single:
        raise UserError(f"OUT: received {out!r} with {edited.name}, which ganzoo did not write, expected a new folder")
    return outputs


def _output_names(files):
    """Returns a dict of file -> name of its translation: a.png for a.jpg, or a.jpg.png if there are other files a.*."""

    def key(path):
        # Some file systems are case-insensitive.
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


def _read_images(root, files, channels, skipped, report):
    """Yields (file, uint8 pixels) of the readable images, and adds the reasons for the others to `skipped`."""
    for file in files:
        try:
            pixels, _ = read_image(root / file, None, channels=channels)
        except ImageReadError as error:
            skipped[str(file)] = str(error)
            report.update()
        else:
            yield file, pixels


def _make_batches(images, batch_size):
    """Yields lists of (file, pixels) of one size, in the order in which they fill up."""
    waiting, waiting_pixels = {}, 0
    for file, pixels in images:
        size = pixels.shape[:2]
        waiting.setdefault(size, []).append((file, pixels))
        waiting_pixels += size[0] * size[1]
        full = len(waiting[size]) == batch_size or (len(waiting[size]) + 1) * size[0] * size[1] > BATCH_PIXELS
        if full or waiting_pixels > WAITING_PIXELS:
            largest = size if full else max(waiting, key=lambda size: len(waiting[size]) * size[0] * size[1])
            batch = waiting.pop(largest)
            waiting_pixels -= len(batch) * largest[0] * largest[1]
            yield batch
    yield from waiting.values()


def _translate_batch(model, batch, to, skipped):
    """Yields (file, uint8 pixels of its translation); an image that does not fit does not affect the others."""
    try:
        translations = model.translate(np.stack([pixels for _, pixels in batch]), to, len(batch))
    except tuple(SIZE_ERRORS) as error:
        if len(batch) > 1:
            for item in batch:
                yield from _translate_batch(model, [item], to, skipped)
            return
        ((file, pixels),) = batch
        skipped[str(file)] = f"{pixels.shape[1]} x {pixels.shape[0]} pixels {SIZE_ERRORS[type(error)]}"
        return
    yield from zip((file for file, _ in batch), to_uint8(translations), strict=True)
