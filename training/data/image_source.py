"""Image (and point) data sources, and how arrays and datasets become one."""

import functools
import hashlib

import numpy as np

from ...zoo.pipeline.array_dataset import ArrayDataset
from ...zoo.sequences.tokenization import Tokenizer
from .data_error import DataError


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
    # How captions are split into words; the options of a source may choose another one.
    tokenizer = Tokenizer()

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
        notes = {"notes": self.notes} if self.notes else {}
        return {"source": self.name} | self.summary() | notes | {"fingerprint": self.fingerprint}


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
