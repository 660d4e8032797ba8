"""Image (and point) data sources, and how arrays and datasets become one."""

import functools
import hashlib

import numpy as np

from ...zoo.pipeline.array_dataset import ArrayDataset
from .data_error import DataError
from .resizing import resize


class ImageSource:
    """Images or points in memory, with their labels, captions and factors.

    Implements `DataSource`: `model.fit` and the evaluators take it as it is. The split into training and held-out rows
    belongs to the source and never changes.

    Args:
        name: str, the name that the source was loaded by.
        samples: array (num_samples, height, width, channels) uint8, or (num_samples, dim) float32 points; the training
            rows.
        held_out: array of the same kind; rows that are never trained on.
        labels: int array (num_samples,) or None.
        held_out_labels: int array or None.
        class_names: list of str, or None for the label numbers if there are labels.
        factors: dict of name -> array (num_samples, ...) or None: the true factors of variation of the training rows.
        held_out_factors: the same for the held-out rows.
        facts: dict or None, further properties of the data, such as the centers of a mixture.
        captions: object array (num_samples, captions_per_image) of str or None: valid captions of each training row.
        held_out_captions: the same for the held-out rows.
        meanings: int array (num_samples, captions_per_image) or None: equal for captions with equal meaning; with None
            captions are compared by their words.

    Raises:
        DataError: no rows, labels of a different length, or labels below 0.
    """

    family = "image"

    def __init__(
        self, name, samples, held_out, labels=None, held_out_labels=None, class_names=None, factors=None,
        held_out_factors=None, facts=None, captions=None, held_out_captions=None, meanings=None,
    ):  # fmt: skip
        if len(samples) == 0:
            raise DataError(f"{name}: received no images, expected at least one")
        for label in (labels, held_out_labels):
            if label is not None and len(label) and (np.min(label) < 0 or not np.issubdtype(label.dtype, np.integer)):
                raise DataError(f"{name}: received labels of {label.dtype} from {label.min()}, expected integers >= 0")
        if labels is not None:
            _check_label_count(name, samples, labels)
        self.name = name
        self.samples, self.held_out = samples, held_out
        self.labels = None if labels is None else labels.astype(np.int32)
        self.held_out_labels = None if held_out_labels is None else held_out_labels.astype(np.int32)
        if class_names is None and labels is not None:
            class_names = [str(number) for number in range(int(labels.max()) + 1)]
        if class_names is not None and labels is not None and labels.max() >= len(class_names):
            raise DataError(f"{name}: received label {labels.max()}, expected 0 to {len(class_names) - 1}")
        self.class_names = class_names
        self.factors, self.held_out_factors = factors or {}, held_out_factors or {}
        self.facts, self.notes = facts or {}, []
        self.captions, self.held_out_captions, self.meanings = captions, held_out_captions, meanings

    def __len__(self):
        return len(self.samples)

    def __repr__(self):
        classes = f", {len(self.class_names)} classes" if self.class_names else ""
        return f"ImageSource({self.name!r}, {len(self)} + {len(self.held_out)} held out, {self.shape}{classes})"

    @property
    def shape(self):
        """The shape of one sample: (height, width, channels), or (dim,) for points."""
        return tuple(self.samples.shape[1:])

    @property
    def is_image(self):
        """Whether the samples are images rather than points."""
        return len(self.shape) == 3

    @functools.cached_property
    def fingerprint(self):
        """A hash of all samples and labels, training and held out: equal for equal data, whatever their origin."""
        digest = hashlib.blake2b(digest_size=16)
        for part in (self.samples, self.held_out, self.labels, self.held_out_labels):
            if part is not None:
                digest.update(f"{part.dtype}{part.shape}".encode())
                digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless, shuffled dataset of the training rows as dicts of `images` and, if there are, `labels`.

        Args:
            batch_size: int >= 1.
            seed: int >= 0; together with the epoch it determines the order.
            start_step: int >= 0, the index of the first batch. Default 0.
        """
        rows = {"images": self.samples}
        if self.labels is not None:
            rows["labels"] = self.labels
        return ArrayDataset(rows).batches(batch_size, seed, start_step)

    def summary(self):
        """Returns a dict of the sizes, value range and classes of the samples, without name and fingerprint."""
        result = {
            "train": len(self),
            "held_out": len(self.held_out),
            "shape": self.shape,
            "dtype": str(self.samples.dtype),
            "range": [float(self.samples.min()), float(self.samples.max())],
            "classes": self.class_names,
        }
        if self.labels is not None:
            counts = [int((self.labels == label).sum()) for label in range(len(self.class_names))]
            result["images_per_class"] = dict(zip(self.class_names, counts, strict=True))
        return result

    def describe(self):
        """Returns what `ganzoo data` prints: a dict that JSON can hold."""
        return {"source": self.name} | self.summary() | {"fingerprint": self.fingerprint}


def split_rows(count, every=10):
    """Returns (training indices, held-out indices): every tenth row, from the tenth on, is held out."""
    held_out = np.arange(every - 1, count, every)
    return np.setdiff1d(np.arange(count), held_out), held_out


def split_source(name, samples, labels=None, factors=None, **properties):
    """Builds an `ImageSource` from rows without a split of their own: every tenth row is held out.

    Args:
        name, samples, labels, factors: as for `ImageSource`, of all rows.
        **properties: further arguments of `ImageSource`.
    """
    if labels is not None:
        _check_label_count(name, samples, labels)
    train, held_out = split_rows(len(samples))
    return ImageSource(
        name,
        samples[train],
        samples[held_out],
        None if labels is None else labels[train],
        None if labels is None else labels[held_out],
        factors={key: rows[train] for key, rows in (factors or {}).items()},
        held_out_factors={key: rows[held_out] for key, rows in (factors or {}).items()},
        **properties,
    )


def _check_label_count(name, samples, labels):
    if len(labels) != len(samples):
        raise DataError(f"{name}: received {len(labels)} labels for {len(samples)} images, expected one per image")


def from_arrays(images, resolution=None, labels=None, class_names=None, name="array"):
    """Builds an `ImageSource` from arrays.

    Args:
        images: uint8 array (num_samples, height, width[, channels]) of square images, or float images in [-1, 1], or
            float points (num_samples, dim).
        resolution: int or None.
        labels: int array (num_samples,) or None.
        class_names: list of str or None.
        name: str. Default "array".

    Raises:
        DataError: an unsupported shape, or values that are not in a pixel range.
    """
    images = np.asarray(images)
    if images.ndim == 3:
        images = images[..., np.newaxis]
    if images.ndim == 4:
        images = _as_pixels(images, name)
        if images.shape[1] != images.shape[2]:
            raise DataError(f"{name}: received images of {images.shape[1:3]} pixels, expected squares: crop them first")
        images = resize(images, resolution or images.shape[1])
    elif images.ndim == 2:
        if resolution is not None:
            raise DataError(
                f"data.resolution: received {resolution} with points of {images.shape[1]} axes, expected none"
            )
        images = images.astype(np.float32)
    else:
        raise DataError(
            f"{name}: received an array of shape {images.shape}, expected (num_samples, height, width, channels)"
        )
    return split_source(name, images, None if labels is None else np.asarray(labels), class_names=class_names)


def from_dataset(dataset, resolution=None, **properties):
    """Reads a finite `tf.data.Dataset` of images, (images, labels) or dicts of them into memory."""
    import tensorflow as tf

    from ...zoo.pipeline.input_pipeline import normalize_keys

    if int(dataset.cardinality()) == tf.data.INFINITE_CARDINALITY:
        raise DataError("dataset: received an endless tf.data.Dataset, expected a finite one: pass it to fit directly")
    rows = {"images": [], "labels": []}
    for element in dataset.as_numpy_iterator():
        for key, value in normalize_keys(element).items():
            rows[key].append(value)
    if not rows["images"]:
        raise DataError("dataset: received no elements, expected images")
    # Batched elements have one axis more. The labels' rank is unambiguous; without labels the images' rank decides.
    batched = np.ndim(rows["labels"][0]) == 1 if rows["labels"] else rows["images"][0].ndim in (2, 4)
    join = np.concatenate if batched else np.stack
    labels = join(rows["labels"]) if rows["labels"] else None
    return from_arrays(join(rows["images"]), resolution, labels=labels, name="dataset", **properties)


def _as_pixels(images, name):
    if images.dtype == np.uint8:
        return images
    if not np.issubdtype(images.dtype, np.floating) or not np.isfinite(images).all() or np.abs(images).max() > 1.01:
        raise DataError(
            f"{name}: received {images.dtype} images in [{images.min()}, {images.max()}], expected uint8 in [0, 255] "
            "or finite floats in [-1, 1]: rescale them"
        )
    from ...zoo.core.image_scaling import to_uint8

    return to_uint8(images)
