"""IDX files, the format of MNIST and related datasets."""

import gzip
import zlib
from pathlib import Path

import numpy as np

from ..data_error import DataError
from ..image_source import ImageSource, split_source
from ..resizing import resize


def load_idx(argument, resolution=None, class_names=None):
    """Reads MNIST-format files from a folder, gzipped or not.

    Args:
        argument: str, a folder with `*train-images*` and, optionally, `*train-labels*`, `*t10k-images*` (or
            `*test-images*`) and `*t10k-labels*` (or `*test-labels*`). Without test files every tenth image is held out.
        resolution: int or None for the files' own.
        class_names: list of str or None for the label numbers.

    Raises:
        DataError: no such folder or file; a file that is corrupted, truncated or of another type.
    """
    folder = Path(argument)
    if not argument or not folder.is_dir():
        raise DataError(
            f"data.source: received 'idx:{argument}', expected an existing folder of IDX files: "
            "pass it with --data idx:DIR"
        )
    images = _images(_find(folder, "train-images", required=True), resolution)
    labels = _labels(_find(folder, "train-labels"))
    test = _find(folder, "t10k-images") or _find(folder, "test-images")
    name = f"idx:{argument}"
    if test is None:
        return split_source(name, images, labels, class_names=class_names)
    test_labels = _labels(_find(folder, "t10k-labels") or _find(folder, "test-labels"))
    return ImageSource(name, images, _images(test, resolution), labels, test_labels, class_names=class_names)


def _find(folder, stem, required=False):
    paths = sorted(path for path in folder.iterdir() if stem in path.name)
    if not paths and required:
        raise DataError(f"{folder}: received no file with {stem!r} in its name, expected IDX files such as MNIST's")
    return paths[0] if paths else None


def _images(path, resolution):
    array = read_idx(path)
    if array.ndim not in (3, 4) or array.shape[1] != array.shape[2]:
        raise DataError(
            f"{path}: received an array of shape {array.shape}, expected square images (num_samples, size, size)"
        )
    array = array[..., np.newaxis] if array.ndim == 3 else array
    return resize(array, resolution or array.shape[1])


def _labels(path):
    if path is None:
        return None
    labels = read_idx(path)
    if labels.ndim != 1:
        raise DataError(f"{path}: received an array of shape {labels.shape}, expected labels of one axis")
    return labels


def read_idx(path):
    """Reads one IDX file of unsigned bytes: two zero bytes, type 8, the number of axes, big-endian sizes, the data.

    Args:
        path: `pathlib.Path`.

    Returns:
        uint8 array.

    Raises:
        DataError: the file has another format, or is shorter or longer than its header states.
    """
    try:
        content = path.read_bytes()
        content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path}: cannot be read: {error}; expected an intact IDX file: download it again") from None
    if len(content) < 4 or content[:3] != b"\x00\x00\x08" or len(content) < 4 + 4 * content[3]:
        raise DataError(f"{path}: received a file beginning with {content[:4]!r}, expected an IDX file of bytes")
    shape = np.frombuffer(content, ">u4", content[3], 4)
    expected = 4 + 4 * len(shape) + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise DataError(
            f"{path}: received {len(content)} bytes, expected {expected} for an array of {tuple(map(int, shape))}: "
            "the file is truncated or corrupted, download it again"
        )
    return np.frombuffer(content, np.uint8, offset=4 + 4 * len(shape)).reshape(shape)
