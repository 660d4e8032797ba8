"""Decoded images on disk. Sets that are too large for memory are memory-mapped from here, row by row.

A file of rows holds nothing but uint8 pixels, one image after another; its shape is in the cache's manifest.
"""

import contextlib
import hashlib
import sys

import numpy as np

from ..data_error import DataError
from ..image_source import ImageSource

# Sets that are larger once decoded stay on the disk and are memory-mapped instead of loaded.
RESIDENT_BYTES = 256 * 2**20
SPLITS = ("train", "held_out")
BLOCK_BYTES = 2**24
# Part of the inputs of every image cache: raised whenever the files or the manifest of a cache change.
FORMAT = 3
# How many skipped files a message lists.
NUM_LISTED = 3


class RowWriter:
    """Writes the images of a set to one file per split while they arrive.

    Gray images in a set with color images become color images. A set of gray images only is reduced to one channel at
    the end.

    Args:
        folder: path.
        resolution: int, pixels per side.
        channels: 1, 3, or None for 3 if any image has 3.
    """

    def __init__(self, folder, resolution, channels=None):
        self.folder, self.resolution, self.channels = folder, resolution, channels
        self.counts = dict.fromkeys(SPLITS, 0)
        self._files = {split: open(_path(folder, split), "wb") for split in SPLITS}  # noqa: SIM115 - see __exit__
        self._splits, self._depths = [], []

    def append(self, split, pixels, channels):
        """Appends one image, as bytes of that many channels."""
        if channels != 3 and self.channels != 1:
            pixels = np.repeat(np.frombuffer(pixels, np.uint8), 3).data
        self._files[split].write(pixels)
        self._splits.append(split)
        self._depths.append(channels)
        self.counts[split] += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for file in self._files.values():
            file.close()

    def finish(self, splits=None):
        """Closes the files.

        Args:
            splits: list of the final split of each image in the order of `append`, None for images that are left out;
                or None to keep all splits. They can be decided only now if they depend on all images.

        Returns:
            dict of split -> shape (num_samples, resolution, resolution, channels), to be stored for `open_rows`.
        """
        self.__exit__()
        stored = self.channels or 3
        if splits is not None and splits != self._splits:
            self._distribute(splits, self.resolution**2 * stored)
        channels = self.channels or max(self._depths, default=1)
        shape = (self.resolution, self.resolution)
        shapes = {split: [count, *shape, channels] for split, count in self.counts.items()}
        if channels != stored:
            for split in SPLITS:
                _keep_first_channel(self.folder, split, stored)
        return shapes

    def _distribute(self, splits, row_bytes):
        paths = {split: (_path(self.folder, split), _path(self.folder, f"{split}.part")) for split in SPLITS}
        with contextlib.ExitStack() as stack:
            old = {split: stack.enter_context(open(path, "rb")) for split, (path, _) in paths.items()}
            new = {split: stack.enter_context(open(part, "wb")) for split, (_, part) in paths.items()}
            for before, after in zip(self._splits, splits, strict=True):
                row = old[before].read(row_bytes)
                if after is not None:
                    new[after].write(row)
        for path, part in paths.values():
            part.replace(path)
        self._depths = [depth for depth, split in zip(self._depths, splits, strict=True) if split is not None]
        self._splits = [split for split in splits if split is not None]
        self.counts = {split: splits.count(split) for split in SPLITS}


def _path(folder, split):
    return folder / f"{split}.rows"


def _keep_first_channel(folder, split, channels):
    path, part = _path(folder, split), _path(folder, f"{split}.part")
    with open(path, "rb") as old, open(part, "wb") as new:
        while block := old.read(channels * BLOCK_BYTES):
            new.write(block[::channels])
    part.replace(path)


def map_rows(folder, split, shape):
    """Memory-maps the rows of one split."""
    if not shape[0]:
        return np.empty(shape, np.uint8)
    return np.memmap(_path(folder, split), np.uint8, "r", shape=tuple(shape))


def is_large(shapes):
    """Whether a set of these shapes stays on the disk."""
    return sum(int(np.prod(shape, dtype=np.int64)) for shape in shapes.values()) > RESIDENT_BYTES


def remove_rows(folder):
    """Removes the rows of a set that is stored in another form."""
    for split in SPLITS:
        _path(folder, split).unlink(missing_ok=True)


def open_rows(folder, shapes):
    """Returns a dict of split -> array: memory-mapped if the set is large, loaded otherwise."""
    mapped = {split: map_rows(folder, split, shapes[split]) for split in SPLITS}
    return mapped if is_large(shapes) else {split: np.array(rows) for split, rows in mapped.items()}


def fingerprint_rows(folder, shapes, labels=None):
    """Returns the same as `ImageSource.fingerprint` in constant memory: a set may be larger than the memory.

    Args:
        folder: path of the rows.
        shapes: dict of split -> shape, from `RowWriter.finish`.
        labels: dict of split -> int array (or None where a split has none), or None.
    """
    digest = hashlib.blake2b(digest_size=16)
    for split in SPLITS:
        digest.update(f"uint8{tuple(shapes[split])}".encode())
        with open(_path(folder, split), "rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    for split in SPLITS if labels else ():
        if labels[split] is not None:
            values = labels[split].astype(np.int32)
            digest.update(f"{values.dtype}{values.shape}".encode())
            digest.update(values.data)
    return digest.hexdigest()


def rows_source(name, rows, labels=None, fingerprint=None, notes=(), **properties):
    """Builds an `ImageSource` from rows that are already split.

    Args:
        name: str.
        rows: dict of split -> array of pixels.
        labels: dict of split -> int array, or None.
        fingerprint: str, the source's fingerprint where it is known, since a memory-mapped set takes long to hash; or
            None to compute it when needed.
        notes: list of str, what was decided about the images.
        **properties: further arguments of `ImageSource`.

    Raises:
        DataError: no rows to train on.
    """
    if not len(rows["train"]):
        raise DataError(f"{name}: received no readable images, expected at least one")
    labels = labels or dict.fromkeys(SPLITS)
    source = ImageSource(name, rows["train"], rows["held_out"], labels["train"], labels["held_out"], **properties)
    if fingerprint:
        source.fingerprint = fingerprint
    source.notes = list(notes)
    return source


def report(name, notes):
    """Reports notes about a source on standard error."""
    for note in notes:
        print(f"{name}: {note}", file=sys.stderr)


def list_skipped(skipped):
    """Returns the first few skipped files with their reasons as one line.

    Args:
        skipped: dict of file -> reason.
    """
    listed = "; ".join(f"{file}: {reason}" for file, reason in list(skipped.items())[:NUM_LISTED])
    return f"{listed}{'; ...' if len(skipped) > NUM_LISTED else ''}"


def report_skipped(name, skipped):
    """Reports on standard error how many images were skipped, which, and why."""
    if skipped:
        report(name, [f"{len(skipped)} images skipped: {list_skipped(skipped)}"])
