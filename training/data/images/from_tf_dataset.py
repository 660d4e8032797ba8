"""Image sources from `tf.data` datasets: their elements are images, or batches of images."""

import numpy as np

from ..data_error import DataError
from .from_memory import from_arrays

# An axis of at most so many entries is that of channels; images have at least 8 pixels per side.
MAX_CHANNELS = 4
MIN_PIXELS = 8


def from_dataset(dataset, resolution=None, batched=None, **properties):
    """Reads a finite `tf.data.Dataset` of images, (images, labels) or dicts of them into memory.

    Args:
        dataset: `tf.data.Dataset`; of its elements, images and labels are kept.
        resolution: int or None.
        batched: bool, whether an element is a batch of rows; None decides by the shapes of the elements, see
            `is_batched`. Default None.
        **properties: of `from_arrays`.

    Raises:
        DataError: an endless dataset, elements without images or of unknown or several shapes, or what `from_arrays`
            refuses.
    """
    import tensorflow as tf

    from ....zoo.errors import ArgumentError
    from ....zoo.pipeline.data_kinds import check_specs
    from ....zoo.pipeline.input_pipeline import normalize_keys

    if int(dataset.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise DataError("dataset: received an endless tf.data.Dataset, expected a finite one: pass it to fit directly")
    order = ("images", "labels")
    specs = {key: spec for key, spec in normalize_keys(dataset.element_spec, order).items() if key in order}
    if "images" not in specs:
        raise DataError(f"dataset: received elements of {sorted(dataset.element_spec)}, expected a key 'image'")
    try:
        check_specs(specs, "dataset")
    except ArgumentError as error:
        raise DataError(str(error)) from None
    if batched is None:
        batched = is_batched(specs["images"], specs.get("labels"))
    rows = {key: [] for key in specs}
    for element in dataset.as_numpy_iterator():
        parts = normalize_keys(element, order)
        for key in specs:
            rows[key].append(parts[key])
    if not rows["images"]:
        raise DataError("dataset: received no elements, expected images")
    joined = {key: _join(values, key, batched) for key, values in rows.items()}
    source = from_arrays(joined["images"], resolution, joined.get("labels"), name="dataset", **properties)
    kind = "batches of rows" if batched else "single rows"
    source.notes.append(f"the elements of the dataset were read as {kind}, {source.shape} each")
    return source


def is_batched(images, labels=None):
    """Returns whether the elements of a dataset are batches, by the shapes and types of their parts.

    Four axes are a batch of images, one axis is a point. With labels, those of a batch have the axis of rows. Three
    axes are one image if the last has at most 4 entries, otherwise a batch of gray images without an axis of channels.
    Two axes are one gray image if they hold uint8, and a batch of points if the first is a batch's (of unknown size) or
    one of them is shorter than an image.

    Args:
        images, labels: `tf.TensorSpec` of the parts; `labels` may be None. Default None.

    Raises:
        DataError: shapes that fit both.
    """
    shape, rank = images.shape.as_list(), images.shape.rank
    if rank in (1, 4):
        return rank == 4
    if labels is not None and labels.shape.rank == 0:
        return False
    if rank == 3 and shape[-1] is not None and shape[-1] <= MAX_CHANNELS:
        return False
    if labels is not None and labels.shape.as_list()[0] == shape[0]:
        return True
    if rank == 3 and shape[0] is None and shape[-1] is not None:
        return True
    if rank == 2:
        if images.dtype.is_integer:
            return False
        if shape[1] is not None and (shape[0] is None or min(shape) < MIN_PIXELS):
            return True
    raise DataError(
        f"dataset: received elements of shape {tuple(shape)}, expected images (height, width, channels) or batches of "
        "rows: add an axis of channels, or pass load(dataset, batched=True) or batched=False"
    )


def _join(values, key, batched):
    try:
        return np.concatenate(values) if batched else np.stack(values)
    except ValueError:
        start = 1 if batched else 0
        shapes = sorted({np.shape(value)[start:] for value in values})
        raise DataError(
            f"dataset: received {key} of the shapes {', '.join(map(str, shapes[:3]))}, expected one: resize them in "
            "dataset.map with tf.image.resize"
        ) from None
