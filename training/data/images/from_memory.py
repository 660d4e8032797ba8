"""Image sources from arrays and `tf.data` datasets of the user."""

import numpy as np

from ....zoo.core.image_scaling import to_uint8
from ....zoo.errors import ArgumentError
from ....zoo.pipeline.data_kinds import check_kind
from ....zoo.pipeline.image_checks import validate_range
from ....zoo.pipeline.input_pipeline import normalize_keys
from ....zoo.pipeline.label_checks import as_labels, to_array
from ....zoo.pipeline.pixel_checks import find_pixel_problem, first_bad_row
from ..data_error import DataError
from ..image_source import split_source
from ..resizing import resize

# A class number beyond this is an identifier, not the number of a class.
MAX_CLASSES = 100_000


def from_arrays(images, resolution=None, labels=None, class_names=None, value_range=None, name="array"):
    """Builds an `ImageSource` from arrays.

    Args:
        images: uint8 array (num_samples, height, width[, channels]) of square images, or float images in [-1, 1], or
            float points (num_samples, dim); or images and labels as a pair, or as a dict with `image` and `label`.
        resolution: int or None.
        labels: (num_samples,) or one-hot (num_samples, classes), or None. Strings become the names of the classes.
            Integers are numbers of classes; if they start at 1, that is class 0. Default None.
        class_names: list of str, the names of the classes 0, 1, ..., or None. Default None.
        value_range: (low, high), the range of the pixels. Default: [0, 255] of uint8, [-1, 1] of floats.
        name: str. Default "array".

    Raises:
        DataError: an unsupported shape, values that are not in a pixel range, or labels that are not classes.
    """
    try:
        check_kind(images, name)
        images, labels = _split_pair(images, labels)
        images = to_array(images)
        if images.ndim == 2:
            images = _as_points(images, resolution, value_range, name)
        else:
            images = _as_images(images, resolution, value_range, name)
        notes = []
        if labels is not None:
            labels, class_names, notes = _as_classes(labels, class_names)
    except ArgumentError as error:
        raise DataError(f"{name}: {str(error).removeprefix('fit: ').removeprefix(f'{name}: ')}") from None
    source = split_source(name, images, labels, class_names=class_names)
    source.notes = notes
    return source


def _split_pair(images, labels):
    """Returns (images, labels) of data that hold both."""
    if not isinstance(images, (tuple, dict)):
        return images, labels
    parts = normalize_keys(images, ("images", "labels"))
    if "images" not in parts or (isinstance(images, tuple) and len(images) > 2):
        received = sorted(images) if isinstance(images, dict) else f"a tuple of {len(images)}"
        raise ArgumentError(f"received {received}, expected images, or images and labels")
    if labels is not None and "labels" in parts:
        raise ArgumentError("labels: received labels next to data that hold some, expected one of them")
    return parts["images"], parts.get("labels", labels)


def _as_points(points, resolution, value_range, name):
    if points.dtype.kind in "iub":
        raise DataError(
            f"{name}: received {points.dtype} values of shape {points.shape}, expected images (num_samples, height, "
            "width, channels), or float points (num_samples, dim): reshape images, or cast points with "
            "astype('float32')"
        )
    for option, value in (("resolution", resolution), ("value_range", value_range)):
        if value is not None:
            raise DataError(f"data.{option}: received {value} with points of {points.shape[1]} axes, expected none")
    points = points.astype(np.float32)
    row = first_bad_row(points, lambda part: ~np.isfinite(part))
    if row is not None:
        raise DataError(f"{name}: received points that are NaN or infinite in row {row}, expected finite values")
    return points


def _as_images(images, resolution, value_range, name):
    if images.ndim not in (3, 4):
        raise DataError(
            f"{name}: received an array of shape {images.shape}, expected (num_samples, height, width, channels)"
        )
    if images.ndim == 3 and images.shape[-1] in (1, 3, 4):
        raise DataError(
            f"{name}: received one image of shape {images.shape}, expected (num_samples, height, width, channels): add "
            "the axis of samples, images[np.newaxis]"
        )
    if images.ndim == 3:
        images = images[..., np.newaxis]
    _, height, width, channels = images.shape
    if height in (1, 3, 4) and width == channels:
        raise DataError(
            f"{name}: received images of shape {images.shape[1:]}, expected (height, width, channels): channels come "
            "last, np.moveaxis(images, 1, -1)"
        )
    if height != width:
        raise DataError(f"{name}: received images of {images.shape[1:3]} pixels, expected squares: crop them first")
    pixels = _as_pixels(images, value_range, name)
    return resize(pixels, resolution or height)


def _as_pixels(images, value_range, name):
    value_range = None if value_range is None else validate_range(value_range)
    problem = find_pixel_problem(images, value_range)
    if problem is not None:
        where = "" if problem.row is None else f" in row {problem.row}"
        expected = "uint8 in [0, 255] or finite floats in [-1, 1]"
        if value_range is not None:
            expected = "finite values in [{:g}, {:g}]".format(*value_range)
        raise DataError(f"{name}: received {problem.received}{where}, expected {expected}: {problem.cure}")
    if value_range is not None and len(images):
        low, high = value_range
        images = (images.astype(np.float32) - low) * (2 / (high - low)) - 1
    return images if images.dtype == np.uint8 else to_uint8(images)


def _as_classes(labels, class_names):
    """Returns (int32 labels from 0 on, class names or None, notes)."""
    values, notes = to_array(labels), []
    if values.dtype.kind in "OUST" and values.ndim <= 2 and _are_strings(values):
        return _as_named_classes(values.reshape(len(values), -1)[:, 0], class_names)
    labels = as_labels(values)
    if not len(labels):
        return labels, class_names, notes
    highest = int(labels.max())
    if highest >= MAX_CLASSES:
        raise ArgumentError(
            f"labels: received {highest}, expected numbers of classes from 0 on: number them with "
            "np.unique(labels, return_inverse=True)[1]"
        )
    if class_names is not None and labels.min() == 1 and highest == len(class_names):
        raise ArgumentError(
            f"labels: received 1 to {highest} for {highest} names, expected 0 to {highest - 1}: pass labels - 1"
        )
    if class_names is None and labels.min() == 1 and values.ndim == 1:
        notes.append(f"labels 1 to {highest} became the classes 0 to {highest - 1}; their names are the labels")
        labels, class_names = labels - 1, [str(number) for number in range(1, highest + 1)]
    num_classes = len(class_names) if class_names is not None else int(labels.max()) + 1
    counts = np.bincount(labels, minlength=num_classes)
    empty = [str(number) for number in np.flatnonzero(counts == 0)]
    if empty:
        shown = ", ".join(empty[:10]) + (", ..." if len(empty) > 10 else "")
        notes.append(f"{len(empty)} of {len(counts)} classes have no rows and cannot be learned: {shown}")
    return labels, class_names, notes


def _are_strings(values):
    return values.size > 0 and all(isinstance(value, (str, bytes)) for value in values.reshape(-1))


def _as_named_classes(names, class_names):
    """Returns labels of strings: their positions in the given names, or in the sorted ones."""
    names = np.array([name.decode() if isinstance(name, bytes) else str(name) for name in names])
    found, labels = np.unique(names, return_inverse=True)
    if class_names is None:
        return labels.astype(np.int32), [str(name) for name in found], []
    unknown = sorted(set(found) - set(class_names))
    if unknown:
        raise ArgumentError(f"labels: received {str(unknown[0])!r}, expected one of class_names {list(class_names)}")
    positions = np.array([list(class_names).index(name) for name in found], np.int32)
    return positions[labels], class_names, []
