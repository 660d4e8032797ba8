"""Preprocessors: what a model expects of its training data, and how rows become the inputs of a training step."""

import numpy as np
import tensorflow as tf

from ..core.image_scaling import from_uint8
from ..errors import ArgumentError
from ..sequences.token_sequences import mask_after_eos
from .array_dataset import ArrayDataset
from .caption_pair_dataset import CaptionPairDataset
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

    def make_dataset(self, arrays):
        """Returns arrays, a dict of name -> (num_samples, ...), as a source of shuffled batches."""
        return ArrayDataset(arrays)

    def adapt(self, dataset):
        """Returns a source of batches (anything with `batches`) that provides every input of the step."""
        return dataset

    def validate(self, name, rows):
        """Raises ArgumentError unless an array has the shape and the values of an input."""
        if name in self.shapes:
            validate_images(name, rows, self.shapes[name])

    def cast(self, name, rows):
        """Returns a tensor of an input as the step takes it: images as float32 in [-1, 1]."""
        return from_uint8(rows) if rows.dtype == tf.uint8 else tf.cast(rows, tf.float32)

    def __call__(self, batch):
        """Returns the step's inputs."""
        return {name: self.cast(name, batch[name]) if name in self.shapes else batch[name] for name in self.input_names}


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

    def validate(self, name, rows):
        """Refuses labels out of range: an embedding would read beyond its table."""
        if name == "labels":
            validate_labels(rows, self.num_classes, len(rows))
        else:
            super().validate(name, rows)


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

    def make_dataset(self, arrays):
        """Validates every row, since arrays are in memory anyway."""
        if len(arrays["tokens"]):
            self.validate("tokens", arrays["tokens"])
        return super().make_dataset(arrays)

    def validate(self, name, rows):
        """Refuses tokens out of range: an embedding would read beyond its table."""
        if rows.shape[1:] != (self.length,) or not np.issubdtype(rows.dtype, np.integer):
            raise ArgumentError(
                f"fit: received tokens of {rows.dtype} and shape {rows.shape[1:]}, expected integers ({self.length},)"
            )
        if rows.min() < 0 or rows.max() >= self.vocabulary_size:
            raise ArgumentError(
                f"fit: received tokens from {rows.min()} to {rows.max()}, expected 0 to {self.vocabulary_size - 1}"
            )

    def cast(self, name, rows):
        """Returns int32 tokens; everything after the first end token becomes that token."""
        return mask_after_eos(tf.cast(rows, tf.int32), self.has_eos)


def validate_images(name, images, expected):
    """Raises ArgumentError unless an array holds images, or points, of a shape and in the usual range.

    Args:
        name: str, the input's name.
        images: array (num_samples, *shape), uint8 or float.
        expected: tuple of int, the shape.
    """
    kind = "samples" if name == "images" else name
    if images.shape[1:] != expected:
        raise ArgumentError(
            f"fit: received {kind} of shape {images.shape[1:]}, expected {expected}, the shape that the generator "
            + ("produces" if name == "images" else "was built for")
        )
    if images.dtype != np.uint8:
        if not np.isfinite(images).all():
            raise ArgumentError(f"fit: received {kind} that are NaN or infinite, expected finite values")
        if len(expected) == 3 and (images.min() < -1.01 or images.max() > 1.01):
            raise ArgumentError(
                f"fit: received float images in [{images.min():.4g}, {images.max():.4g}], expected [-1, 1] "
                "(or uint8 in [0, 255]): rescale them with images / 127.5 - 1"
            )


def validate_labels(labels, num_classes, num_samples):
    """Returns labels as an int32 array (num_samples,); a single label is repeated.

    Args:
        labels: int, or integer array (num_samples,).
        num_classes: int >= 2.
        num_samples: int >= 1.

    Raises:
        ArgumentError: not integers, out of range, or another number of them.
    """
    values = np.asarray(labels)
    expected = f"integers from 0 to {num_classes - 1}"
    if values.dtype.kind not in "iu" or values.ndim > 1:
        raise ArgumentError(f"labels: received {labels!r}, expected {expected}")
    out_of_range = values[(values < 0) | (values >= num_classes)] if values.size else values
    if out_of_range.size:
        raise ArgumentError(f"labels: received {int(out_of_range.reshape(-1)[0])}, expected {expected}")
    if values.ndim and len(values) != num_samples:
        raise ArgumentError(
            f"labels: received {len(values)} for {num_samples} samples, expected one per sample, or a single one"
        )
    return np.broadcast_to(values, (num_samples,)).astype(np.int32)
