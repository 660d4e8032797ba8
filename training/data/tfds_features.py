"""Selects the features of a tensorflow-datasets dataset: the image, its label and captions, or the text."""

from typing import NamedTuple

import numpy as np

from ...zoo.registry import nearest
from .data_error import DataError

# Feature names that datasets use for captions. Other text features may be file names, for example.
CAPTIONS = ("caption", "captions", "text", "description")


class FeatureKeys(NamedTuple):
    """The features that are read: the keys of the image, and of the label and the captions or None."""

    image: str
    label: str | None
    caption: str | None

    def read(self, example):
        """Returns (label, list of captions) of an example; 0 and an empty list where there are no such features."""
        label = int(example[self.label]) if self.label else 0
        return label, read_texts(example[self.caption]) if self.caption else []

    @property
    def present(self):
        """The list of keys that are not None."""
        return [key for key in self if key]


def choose_fields(name, features, image_key=None, label_key=None, caption_key=None):
    """Returns the `FeatureKeys` of a dataset.

    Args:
        name: str, the dataset's name, for messages.
        features: the dataset's features.
        image_key: str, or None for the first image.
        label_key: str, or None for the first class label, if any.
        caption_key: str, or None for the first text with a usual name (`CAPTIONS`), if any.

    Raises:
        DataError: no such feature, or no image.
    """
    import tensorflow_datasets as tfds

    images, classes = _keys_of_kind(features, tfds.features.Image), _keys_of_kind(features, tfds.features.ClassLabel)
    scalars = [key for key in _keys_of_kind(features, tfds.features.Tensor) if features[key].shape == ()]
    integers = [key for key in scalars if np.issubdtype(features[key].np_dtype, np.integer) and key not in classes]
    texts = _text_keys(features)
    for option, key, candidates in (
        ("image_key", image_key, images),
        ("label_key", label_key, classes + integers),
        ("caption_key", caption_key, texts),
    ):
        if key is not None and key not in candidates:
            raise DataError(f"data.{option}: received {key!r}, expected one of {candidates}{nearest(key, candidates)}")
    if not images:
        raise DataError(
            f"{name}: received features {sorted(features)}, expected an image or a text: choose another dataset"
        )
    image = image_key or images[0]
    if np.issubdtype(features[image].np_dtype, np.floating):
        raise DataError(
            f"{name}: received images of {np.dtype(features[image].np_dtype).name} in {image!r}, expected integers of "
            "8 or 16 bits: load the dataset with tensorflow_datasets, and pass its images in [-1, 1] as an array to "
            "`load`"
        )
    return FeatureKeys(
        image,
        label_key or next(iter(classes), None),
        caption_key or next((key for key in CAPTIONS if key in texts), None),
    )


def choose_text(name, features, text_key=None):
    """Returns the key of a dataset's text feature, or None for an image dataset.

    Args:
        name: str, the dataset's name, for messages.
        features: the dataset's features.
        text_key: str, or None. By default a dataset without images has its first text with a usual name (`CAPTIONS`)
            read, or else the first text in alphabetical order.

    Raises:
        DataError: no such text.
    """
    import tensorflow_datasets as tfds

    if not hasattr(features, "items"):
        raise DataError(f"{name}: received a dataset of {type(features).__name__}, expected one with named features")
    texts = _text_keys(features)
    if text_key is not None:
        if text_key not in texts:
            raise DataError(f"data.text_key: received {text_key!r}, expected one of {texts}{nearest(text_key, texts)}")
        return text_key
    if _keys_of_kind(features, tfds.features.Image):
        return None
    return next((key for key in (*CAPTIONS, *sorted(texts)) if key in texts), None)


def _keys_of_kind(features, kind):
    import tensorflow_datasets as tfds

    # Segmentation masks subclass Image but hold labels.
    masks = tfds.features.LabeledImage
    return [key for key, value in features.items() if isinstance(value, kind) and not isinstance(value, masks)]


def _text_keys(features):
    return [key for key, value in features.items() if _is_text(value)]


def _is_text(feature):
    """Whether a feature is a string, a sequence of strings, or a sequence of records with a `text`."""
    inner = getattr(feature, "feature", feature)
    if hasattr(inner, "items"):
        inner = dict(inner.items()).get("text")
    return getattr(inner, "np_dtype", None) in (object, np.object_, np.bytes_, np.str_) and inner.shape == ()


def read_texts(value):
    """Returns the list of texts in a feature's value: a string, a sequence of strings, or records with a `text`."""
    if isinstance(value, dict):
        value = value["text"]
    return [text.decode("utf-8", "replace") for text in np.ravel(np.asarray(value, object)).tolist()]


def label_arrays(annotations):
    """Returns a dict of split -> label array, or None for a split with labels of -1, which mark unlabeled rows."""
    arrays = {split: np.array([label for label, _ in rows], np.int64) for split, rows in annotations.items()}
    return {split: None if len(array) and array.min() < 0 else array for split, array in arrays.items()}


def label_notes(key, annotations):
    """Returns notes about splits whose labels are not used because some rows have none."""
    counts = {split: sum(label < 0 for label, _ in rows) for split, rows in annotations.items()}
    notes = []
    for split, count in counts.items():
        if count:
            rows = "training rows" if split == "train" else "held-out rows"
            notes.append(
                f"{count:,} of {len(annotations[split]):,} {rows} have no label in {key!r}: these rows are read "
                "without labels"
            )
    return notes
