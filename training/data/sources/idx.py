"""IDX files, the format of MNIST and related datasets."""

import gzip
import os
import zlib
from pathlib import Path

import numpy as np

from ....zoo.core.own_files import is_own_png
from ..data_error import DataError
from ..image_source import ImageSource, split_source
from ..images.high_precision import UnknownRangeError, ValueRange, measure, to_8_bits
from ..images.layouts import layout_hint
from ..images.own_output import folder_kind
from ..images.row_store import report
from ..path_arguments import source_folder
from ..resizing import resize

EXPECTED = "an existing folder of IDX files: pass it with --data idx:DIR"
# The third byte of a file: the type of its values, which are big-endian.
TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def load_idx(argument, resolution=None, class_names=None):
    """Reads MNIST-format files from a folder, gzipped or not.

    Values of other types than bytes are read in one range, that of all images.

    Args:
        argument: str, a folder with `*train-images*` and, optionally, `*train-labels*`, `*t10k-images*` (or
            `*test-images*`) and `*t10k-labels*` (or `*test-labels*`). Without test files every tenth image is held out.
        resolution: int or None for the files' own.
        class_names: list of str or None for the label numbers.

    Returns:
        An `ImageSource`. Its `notes` hold what was decided about the images and labels.

    Raises:
        DataError: no such folder or file; a file that is corrupted, truncated or of another type; sizes or numbers of
            rows that do not fit.
    """
    name = f"idx:{argument}"
    folder = source_folder(name, argument, EXPECTED)
    paths = {
        "train": _find(folder, ["train-images"], layout_hint(folder, argument, "idx"), required=True),
        "held_out": _find(folder, ["t10k-images", "test-images"]),
    }
    images, notes = _images([path for path in paths.values() if path], resolution)
    labels = _labels(_find(folder, ["train-labels"]), images[0])
    if paths["held_out"] is None:
        source = split_source(name, images[0], labels, class_names=class_names)
    else:
        held_out_labels = _labels(_find(folder, ["t10k-labels", "test-labels"]), images[1])
        source = ImageSource(name, *images, labels, held_out_labels, class_names=class_names)
    source.notes += notes + _label_notes(source)
    report(name, source.notes)
    return source


def _find(folder, stems, hint="", required=False):
    """Returns the path of the first file with one of the stems in its name, below the folder, or None."""
    found = []
    for parent, folders, names in os.walk(folder):
        if folder_kind(os.fsencode(parent), set(map(os.fsencode, names))):
            folders.clear()
            continue
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            matches = not name.startswith(".") and any(stem in name for stem in stems)
            if matches and not is_own_png(os.path.join(parent, name)):
                found.append((len(Path(parent).parts), parent, name))
    if not found and required:
        raise DataError(
            f"{folder}: received no file with {stems[0]!r} in its name, expected IDX files such as MNIST's{hint}"
        )
    return Path(*min(found)[1:]) if found else None


def _images(paths, resolution):
    """Returns (list of uint8 arrays (num_samples, size, size, channels), notes) of the image files of a source."""
    arrays = [_image_array(path) for path in paths]
    if any(array.shape[1:] != arrays[0].shape[1:] for array in arrays):
        listed = " and ".join(f"{array.shape[1:]} in {path.name}" for path, array in zip(paths, arrays, strict=True))
        raise DataError(f"{paths[0].parent}: received images of {listed}, expected equal sizes")
    pixels, notes = arrays, []
    if any(array.dtype != np.uint8 for array in arrays):
        pixels, notes = _in_one_range(paths, arrays)
    return [resize(array, resolution or array.shape[1]) for array in pixels], notes


def _image_array(path):
    array = read_idx(path)
    if array.ndim not in (3, 4) or array.shape[1] != array.shape[2] or not array.size:
        raise DataError(
            f"{path}: received an array of shape {array.shape}, expected square images (num_samples, size, size)"
        )
    array = array[..., np.newaxis] if array.ndim == 3 else array
    if array.shape[-1] not in (1, 3):
        raise DataError(f"{path}: received {array.shape[-1]} channels, expected 1 (gray) or 3 (color)")
    return array


def _in_one_range(paths, arrays):
    """Returns (uint8 arrays, notes): the values of all files in the range of the largest."""
    values, measured = ValueRange(), []
    for path, array in zip(paths, arrays, strict=True):
        try:
            measured.append(measure(array))
        except UnknownRangeError as error:
            raise DataError(f"{path}: received {error}") from None
        values.observe(measured[-1])
    values.settle()
    pixels = [to_8_bits(array, kind, values.whites) for array, kind in zip(arrays, measured, strict=True)]
    return pixels, [note.replace("images of", "files of", 1) for note in values.notes()]


def _labels(path, images):
    if path is None:
        return None
    labels = read_idx(path)
    if labels.ndim != 1 or not np.issubdtype(labels.dtype, np.integer):
        raise DataError(
            f"{path}: received an array of {labels.dtype.name} of shape {labels.shape}, expected integer labels of one "
            "axis"
        )
    if len(labels) != len(images):
        raise DataError(f"{path}: received {len(labels)} labels for {len(images)} images, expected one per image")
    return labels


def _label_notes(source):
    if source.labels is None:
        return []
    counts = np.bincount(source.labels, minlength=len(source.class_names))
    empty = [name for name, count in zip(source.class_names, counts, strict=True) if not count]
    if not empty:
        return []
    listed = ", ".join(empty[:5]) + (", ..." if len(empty) > 5 else "")
    return [
        f"{len(empty)} of {len(counts)} classes have no image: {listed} (the smallest label is {min(source.labels)})"
    ]


def read_idx(path):
    """Reads one IDX file: two zero bytes, the type, the number of axes, big-endian sizes, the data.

    Args:
        path: `pathlib.Path`.

    Returns:
        array of uint8, int8, int16, int32, float32 or float64.

    Raises:
        DataError: the file has another format, or is shorter or longer than its header states.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}; expected an intact IDX file: download it again") from None
    if len(content) < 4 or content[:2] != b"\x00\x00" or content[2] not in TYPES or len(content) < 4 + 4 * content[3]:
        raise DataError(
            f"{path}: received a file beginning with {content[:4]!r}, expected an IDX file of bytes, integers or floats"
        )
    dtype = np.dtype(TYPES[content[2]])
    shape = tuple(map(int, np.frombuffer(content, ">u4", content[3], 4)))
    start = 4 + 4 * len(shape)
    expected = start + int(np.prod(shape, dtype=np.int64)) * dtype.itemsize
    if len(content) != expected:
        raise DataError(
            f"{path}: received {len(content)} bytes, expected {expected} for an array of {shape}: "
            "the file is truncated or corrupted, download it again"
        )
    return np.frombuffer(content, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="), copy=False)
