"""Preprocessors: what a model expects of its training data, and how rows become the inputs of a training step."""

import numpy as np
import tensorflow as tf

from ..core.image_scaling import from_uint8
from ..errors import ArgumentError
from ..sequences.token_sequences import mask_after_eos
from .array_dataset import ArrayDataset
from .caption_pair_dataset import CaptionPairDataset
from .image_checks import validate_images, validate_range
from .label_checks import as_labels
from .pixel_checks import first_bad_row
from .unpaired_dataset import UnpairedDataset


class Preprocessor:
    """Carries input names, shapes, validation and casting from a model to the input pipeline.

    When to use it: a model returns one from `make_preprocessor()`; the pipeline knows nothing else of the model. A
    family with other data writes a subclass.

    Args:
        shapes: dict of input name -> shape without the batch axis, the inputs whose values are validated and cast.
        input_names: tuple of str, every input that a step uses, in the order in which a tuple of data carries them.
            Default: the names of `shapes`.
        owner: str, the model's class name, for messages. Default "the model".

    Call arguments:
        batch: dict of tensors, one per input name.

    Returns (of the call):
        dict of tensors as `train_step` takes them; it runs inside the data pipeline.
    """

    def __init__(self, shapes, input_names=None, owner="the model"):
        self.shapes = shapes
        self.input_names = tuple(input_names or shapes)
        self.owner = owner
        self.value_range = None

    def declare_range(self, value_range):
        """Sets the range (low, high) of the pixels of the data; they are mapped to [-1, 1].

        Raises:
            ArgumentError: not two increasing numbers, or data other than images.
        """
        self.value_range = validate_range(value_range)
        if not any(len(shape) == 3 for shape in self.shapes.values()):
            raise ArgumentError(f"value_range: received {value_range}, expected none: {self.owner} is not fed images")

    def prepare(self, name, rows):
        """Returns an array of the user as a source holds it."""
        return rows

    def ensure_shapes(self, batch):
        """Returns a batch of a stream with the static shapes of its inputs."""
        return {
            name: tf.ensure_shape(rows, (None, *self.shapes[name])) if name in self.shapes else rows
            for name, rows in batch.items()
        }

    def make_dataset(self, arrays):
        """Returns arrays, a dict of name -> (num_samples, ...), as a source of shuffled batches."""
        return ArrayDataset(arrays)

    def adapt(self, dataset):
        """Returns a source of batches (anything with `batches`) that provides every input of the step."""
        return dataset

    def validate(self, name, rows, first_row=None):
        """Raises ArgumentError unless an array has the shape and the values of an input.

        Args:
            name: str, an input.
            rows: array (num_samples, ...).
            first_row: int, the number of the first row, of rows that are a part of the data; None for all of them.
                Default None.
        """
        if name in self.shapes:
            validate_images(name, rows, self.shapes[name], self.value_range, first_row)

    def cast(self, name, rows):
        """Returns a tensor of an input as the step takes it: images as float32 in [-1, 1]."""
        if name not in self.shapes:
            return rows
        if self.value_range is not None and len(self.shapes[name]) == 3:
            low, high = self.value_range
            return (tf.cast(rows, tf.float32) - low) * (2.0 / (high - low)) - 1.0
        return from_uint8(rows) if rows.dtype == tf.uint8 else tf.cast(rows, tf.float32)

    def __call__(self, batch):
        """Returns the step's inputs."""
        return {name: self.cast(name, batch[name]) for name in self.input_names}


class LabeledImagePreprocessor(Preprocessor):
    """Images with class labels.

    Args:
        shape: tuple of int, one image.
        num_classes: int >= 2; labels are 0 to num_classes - 1.
        owner: of `Preprocessor`.
    """

    def __init__(self, shape, num_classes, owner="the model"):
        super().__init__({"images": shape}, ("images", "labels"), owner)
        self.num_classes = num_classes

    def prepare(self, name, rows):
        """Returns labels in any form as int32 (num_samples,)."""
        return as_labels(rows, self.num_classes) if name == "labels" else super().prepare(name, rows)

    def validate(self, name, rows, first_row=None):
        """Refuses labels out of range: an embedding would read beyond its table."""
        if name == "labels":
            as_labels(rows, self.num_classes, first_row or 0)
        else:
            super().validate(name, rows, first_row)

    def cast(self, name, rows):
        """Returns labels as int32 (batch,); they may be one-hot or a column."""
        if name != "labels":
            return super().cast(name, rows)
        if rows.shape.rank == 2:
            rows = tf.argmax(rows, axis=1) if rows.shape[1] == self.num_classes else rows[:, 0]
        return tf.cast(rows, tf.int32)


class CaptionedImagePreprocessor(Preprocessor):
    """Images with a caption and with a caption that does not match; both become token ids.

    Args:
        shape: tuple of int, one image.
        vocabulary: `Vocabulary`.
        owner: of `Preprocessor`.
    """

    def __init__(self, shape, vocabulary, owner="the model"):
        super().__init__({"images": shape}, ("images", "captions", "wrong_captions"), owner)
        self.vocabulary = vocabulary

    def validate(self, name, rows, first_row=None):
        """Refuses captions that are no text."""
        if name in self.shapes:
            super().validate(name, rows, first_row)
        elif not all(isinstance(caption, (str, bytes)) for caption in np.reshape(rows, -1)[:1]):
            raise ArgumentError(f"fit: received {name} of {rows.dtype}, expected texts: an array of str")

    def adapt(self, dataset):
        """Pairs each image with one of its captions and with one that is wrong for it."""
        if isinstance(dataset, ArrayDataset) and "captions" in dataset.rows:
            return CaptionPairDataset(dataset.rows["images"], dataset.rows["captions"])
        if getattr(dataset, "captions", None) is not None:
            return CaptionPairDataset(dataset.samples, dataset.captions, dataset.meanings)
        return dataset

    def __call__(self, batch):
        """Returns images and the token ids of both captions."""
        return {
            "images": self.cast("images", batch["images"]),
            "tokens": self.vocabulary(batch["captions"]),
            "wrong_tokens": self.vocabulary(batch["wrong_captions"]),
        }


class UnpairedImagePreprocessor(Preprocessor):
    """Images of two domains without pairs: arrays may have different lengths, and each is shuffled on its own."""

    def make_dataset(self, arrays):
        """Shuffles each domain on its own."""
        return UnpairedDataset(arrays)


class TokenPreprocessor(Preprocessor):
    """Sequences of token ids.

    Args:
        length: int >= 1, tokens of a sequence.
        vocabulary_size: int >= 1; tokens are 0 to vocabulary_size - 1.
        has_eos: bool, whether token 0 ends a sequence and fills the rest.
        owner: of `Preprocessor`.
    """

    def __init__(self, length, vocabulary_size, has_eos, owner="the model"):
        super().__init__({"tokens": (length,)}, owner=owner)
        self.length, self.vocabulary_size, self.has_eos = length, vocabulary_size, has_eos

    def validate(self, name, rows, first_row=None):
        """Refuses tokens out of range: an embedding would read beyond its table."""
        if rows.shape[1:] != (self.length,) or not np.issubdtype(rows.dtype, np.integer):
            raise ArgumentError(
                f"fit: received tokens of {rows.dtype} and shape {rows.shape[1:]}, expected integers ({self.length},)"
            )
        row = first_bad_row(rows, lambda part: (part < 0) | (part >= self.vocabulary_size))
        if row is not None:
            raise ArgumentError(
                f"fit: received tokens from {rows.min()} to {rows.max()} in row {row + (first_row or 0)}, expected 0 "
                f"to {self.vocabulary_size - 1}"
            )

    def cast(self, name, rows):
        """Returns int32 tokens; everything after the first end token becomes that token."""
        return mask_after_eos(tf.cast(rows, tf.int32), self.has_eos)
