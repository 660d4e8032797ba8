"""Decoded pictures on disk: what is too large to stay in memory is read from here, row by row.

A file of rows is nothing but uint8 pixels, one picture after another; its shape stands in the cache's manifest.
"""

import hashlib

import numpy as np

from .source import DataError, ImageSource

# Larger sets, once decoded, stay on the disk and are mapped instead of loaded.
RESIDENT_BYTES = 256 * 2**20
SPLITS = ("train", "held_out")
BLOCK_BYTES = 2**24


class RowWriter:
    """Writes the rows of a set to files, one a split, while they arrive.

    Grey pictures among coloured ones become coloured; a set of grey pictures only is brought down to one channel at
    the end.

    Args:
        folder: path.
        resolution: int, pixels of a side.
        channels: 1, 3, or None for 3 if any picture has 3.
    """

    def __init__(self, folder, resolution, channels=None):
        self.folder, self.resolution, self.channels = folder, resolution, channels
        self.counts = dict.fromkeys(SPLITS, 0)
        self._files = {split: open(_path(folder, split), "wb") for split in SPLITS}  # noqa: SIM115 - see __exit__
        self._grey = channels != 3

    def append(self, split, pixels, channels):
        """Appends one picture, as bytes of that many channels."""
        if channels == 3:
            self._grey = False
        elif self.channels != 1:
            pixels = np.repeat(np.frombuffer(pixels, np.uint8), 3).data
        self._files[split].write(pixels)
        self.counts[split] += 1

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for file in self._files.values():
            file.close()

    def finish(self):
        """Closes the files.

        Returns:
            dict of split -> shape (num, resolution, resolution, channels), to be written down for `open_rows`.
        """
        self.__exit__()
        stored = self.channels or 3
        wanted = self.channels or (1 if self._grey else 3)
        shape = (self.resolution, self.resolution)
        shapes = {split: [count, *shape, wanted] for split, count in self.counts.items()}
        for split in SPLITS:
            if wanted != stored:
                _first_channel(self.folder, split, stored)
        return shapes


def _path(folder, split):
    return folder / f"{split}.rows"


def _first_channel(folder, split, channels):
    whole, part = _path(folder, split), _path(folder, f"{split}.part")
    with open(whole, "rb") as old, open(part, "wb") as new:
        while block := old.read(channels * BLOCK_BYTES):
            new.write(block[::channels])
    part.replace(whole)


def map_rows(folder, split, shape):
    """Maps the rows of one split without reading them."""
    if not shape[0]:
        return np.empty(shape, np.uint8)
    return np.memmap(_path(folder, split), np.uint8, "r", shape=tuple(shape))


def is_large(shapes):
    """Whether a set of such shapes stays on the disk."""
    return sum(int(np.prod(shape, dtype=np.int64)) for shape in shapes.values()) > RESIDENT_BYTES


def remove_rows(folder):
    """Removes the rows of a set that is kept in another form."""
    for split in SPLITS:
        _path(folder, split).unlink(missing_ok=True)


def open_rows(folder, shapes):
    """Returns dict of split -> array, mapped where the set is large and read into memory otherwise."""
    mapped = {split: map_rows(folder, split, shapes[split]) for split in SPLITS}
    return mapped if is_large(shapes) else {split: np.array(rows) for split, rows in mapped.items()}


def fingerprint_rows(folder, shapes, labels=None):
    """Returns what `ImageSource.fingerprint` would be, without mapping everything: a set may exceed the memory.

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
            numbers = labels[split].astype(np.int32)
            digest.update(f"{numbers.dtype}{numbers.shape}".encode())
            digest.update(numbers.data)
    return digest.hexdigest()


def rows_source(name, rows, labels=None, fingerprint=None, **known):
    """Builds an `ImageSource` from rows that are already split.

    Args:
        name: str.
        rows: dict of split -> array of pixels.
        labels: dict of split -> int array, or None.
        fingerprint: str or None, the source's fingerprint where it is known: a mapped set takes long to hash.
        **known: what else `ImageSource` takes.

    Raises:
        DataError: no rows to train on.
    """
    if not len(rows["train"]):
        raise DataError(f"{name}: received no picture that can be read, expected at least one")
    labels = labels or dict.fromkeys(SPLITS)
    source = ImageSource(name, rows["train"], rows["held_out"], labels["train"], labels["held_out"], **known)
    if fingerprint:
        source.fingerprint = fingerprint
    return source
