"""Image translation data: two domains of images, paired or unpaired."""

import copy
import functools

import tensorflow as tf

from ...zoo.core.cache import digest
from ...zoo.pipeline.array_dataset import ArrayDataset
from ...zoo.pipeline.unpaired_dataset import UnpairedDataset, derived_seed
from .data_error import DataError
from .image_source import ImageSource

DEFAULT_RESOLUTION = 64


class TranslationSource:
    """Images of two domains, paired (pix2pix) or unpaired (CycleGAN).

    Implements `DataSource`. All images are passed in at load size, which is `crop` pixels larger per side than training
    images. Training takes random crops; the attributes `x`, `y`, `truth`, `samples` and `held_out` hold center crops.

    Args:
        name: str, the name that the source was loaded by.
        x: `ImageSource`, the images to translate.
        y: `ImageSource`, images of the target domain; the same height and width as `x`, channels may differ.
        paired: bool, whether row i of x belongs to row i of y in training. Default False.
        truth: None or a tuple of two uint8 arrays: `x.held_out` as it looks in domain y, and `y.held_out` as it looks
            in domain x. Used for evaluation only.
        flip: bool, whether training flips images horizontally with probability 1/2. Default False.
        crop: int >= 0, by how many pixels per side the images exceed the training size. Default 0.
        facts: dict or None, further properties of the data.

    Raises:
        DataError: domains of different sizes, or numbers of images that cannot be paired.
    """

    family = "translation"
    is_image = True
    # Members of `DataSource` that translation data do not have.
    labels = class_names = captions = None

    def __init__(self, name, x, y, paired=False, truth=None, flip=False, crop=0, facts=None):
        for domain in (x, y):
            if not isinstance(domain, ImageSource) or not domain.is_image:
                raise DataError(f"{name}: received {domain!r}, expected a source of images for each domain")
        if x.shape[:2] != y.shape[:2]:
            raise DataError(f"{name}: received images of {x.shape} and {y.shape}, expected equal heights and widths")
        if paired and len(x) != len(y):
            raise DataError(f"{name}: received {len(x)} and {len(y)} images, expected equal numbers for pairs")
        _check_augmentation(flip, crop)
        if not 0 <= crop < x.shape[0]:
            raise DataError(f"data.crop: received {crop} for images of {x.shape[0]} pixels, expected less")
        for images, source, target in zip(truth or (), (x, y), (y, x), strict=False):
            if images.shape != (len(source.held_out), *target.shape):
                raise DataError(
                    f"{name}: received truth of shape {images.shape}, expected {(len(source.held_out), *target.shape)}"
                )
        self.name, self.paired, self.flip, self.crop = name, paired, flip, crop
        self.facts, self.notes = facts or {}, []
        self._rows = {"x": x.samples, "y": y.samples}
        self.x, self.y = _center_cropped(x, crop), _center_cropped(y, crop)
        self.truth = None if truth is None else tuple(_center_crop(images, crop) for images in truth)

    def __len__(self):
        return len(self.x) if self.paired else max(len(self.x), len(self.y))

    def __repr__(self):
        def counts(x, y):
            return f"{len(x)}" if len(x) == len(y) else f"{len(x)} and {len(y)}"

        rows, held_out = counts(self.x, self.y), counts(self.x.held_out, self.y.held_out)
        sizes = f"{rows} + {held_out} held out, {self.shape} to {self.target_shape}"
        return f"TranslationSource({self.name!r}, {sizes}, {'pairs' if self.paired else 'unpaired'})"

    @property
    def shape(self):
        """The shape of an image of x: (height, width, channels)."""
        return self.x.shape

    @property
    def target_shape(self):
        """The shape of an image of y: (height, width, channels)."""
        return self.y.shape

    @property
    def samples(self):
        """The training images of x."""
        return self.x.samples

    @property
    def held_out(self):
        """The held-out images of x."""
        return self.x.held_out

    @functools.cached_property
    def fingerprint(self):
        """A hash of both domains and of the settings of training batches."""
        return digest(self.x.fingerprint, self.y.fingerprint, [self.paired, self.flip, self.crop])

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of uint8 images `x` and `y`, (batch_size, height, width, channels).

        Pairs share one order. Unpaired domains have independent orders, and the smaller domain repeats within an epoch
        of the larger one.

        Args:
            batch_size: int >= 1.
            seed: int >= 0; together with the epoch of a domain it determines the order, together with the index of the
                batch the augmentation.
            start_step: int >= 0, the index of the first batch. Default 0.
        """
        rows = ArrayDataset(self._rows) if self.paired else UnpairedDataset(self._rows)
        dataset = rows.batches(batch_size, seed, start_step)
        if not self.flip and not self.crop:
            return dataset
        seeds = {
            domain: derived_seed(seed, "windows" if self.paired else f"windows of {domain}") for domain in self._rows
        }

        def augment(step, rows):
            return {
                domain: _random_windows(
                    images, tf.stack([tf.cast(seeds[domain], tf.int64), step]), self.flip, self.crop
                )
                for domain, images in rows.items()
            }

        return tf.data.Dataset.zip((tf.data.Dataset.counter(start_step, dtype=tf.int64), dataset)).map(augment)

    def describe(self):
        """Returns what `ganzoo data` prints: a dict that JSON can hold, with one dict per domain under `x` and `y`."""
        return {
            "source": self.name,
            "paired": self.paired,
            "truth": "unknown" if self.truth is None else "known",
            "x": self.x.summary(),
            "y": self.y.summary(),
            **({"notes": self.notes} if self.notes else {}),
            "fingerprint": self.fingerprint,
        }


def size_to_load(resolution, flip, crop):
    """Returns the pixels per side that images are loaded with, so that windows of `resolution` can be cropped.

    Raises:
        DataError: an invalid flip or crop.
    """
    _check_augmentation(flip, crop)
    return (resolution or DEFAULT_RESOLUTION) + crop


def _check_augmentation(flip, crop):
    if not isinstance(flip, bool):
        raise DataError(f"data.flip: received {flip!r}, expected true or false")
    if isinstance(crop, bool) or not isinstance(crop, int) or crop < 0:
        raise DataError(f"data.crop: received {crop!r}, expected an integer number of pixels >= 0")


def _random_windows(images, key, flip, crop):
    """Crops a random window of each image and flips each with probability 1/2."""
    count, side = images.shape[0], images.shape[1] - crop
    uniforms = tf.random.stateless_uniform((count, 3), key)
    corner = tf.cast(uniforms[:, :2] * (crop + 1), tf.int32)
    offsets = tf.range(side)
    columns = tf.where(uniforms[:, 2:] < (0.5 if flip else 0.0), offsets[::-1], offsets)
    images = tf.gather(images, corner[:, :1] + offsets, axis=1, batch_dims=1)
    return tf.gather(images, corner[:, 1:] + columns, axis=2, batch_dims=1)


def _center_crop(images, crop):
    start, side = crop // 2, images.shape[1] - crop
    return images[:, start : start + side, start : start + side]


def _center_cropped(source, crop):
    if not crop:
        return source
    cropped = copy.copy(source)
    cropped.samples, cropped.held_out = _center_crop(source.samples, crop), _center_crop(source.held_out, crop)
    cropped.fingerprint = digest(source.fingerprint, crop)
    return cropped
