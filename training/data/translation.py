"""Two domains of pictures, and how they belong together: what image translation is trained on."""

import copy
import functools

import tensorflow as tf

from ...zoo.cache import digest
from ...zoo.feed import ArrayRows
from ...zoo.unpaired import UnpairedRows, derived_seed
from .source import DataError, ImageSource

DEFAULT_RESOLUTION = 64


class TranslationSource:
    """Pictures of two domains, with pairs (pix2pix) or without (CycleGAN).

    Everything is given as it was loaded, with `crop` pixels more than training sees: training cuts random windows,
    whoever asks for `x`, `y`, `truth`, `samples` or `held_out` gets the window in the centre.

    Args:
        name: str, how the source was called.
        x: `ImageSource`, the pictures to translate.
        y: `ImageSource`, pictures of the domain to translate them to; as large, its channels may be others.
        paired: bool, whether row i of x belongs to row i of y while training. Default False.
        truth: None or a tuple of two uint8 arrays: `x.held_out` as it looks in domain y, and `y.held_out` as it looks
            in domain x. For scoring only.
        flip: bool, whether training mirrors every other picture, left to right. Default False.
        crop: int >= 0, by how many pixels of a side the pictures are larger than training sees. Default 0.
        facts: dict or None, what else a reader of the data can state exactly.

    Raises:
        DataError: sides of different size, or pairs that are none.
    """

    is_image = True
    # What code for any source asks for: two domains are not labelled.
    labels = class_names = captions = None

    def __init__(self, name, x, y, paired=False, truth=None, flip=False, crop=0, facts=None):
        for side in (x, y):
            if not isinstance(side, ImageSource) or not side.is_image:
                raise DataError(f"{name}: received {side!r}, expected pictures of one domain on each side")
        if x.shape[:2] != y.shape[:2]:
            raise DataError(
                f"{name}: received pictures of {x.shape} and {y.shape}, expected as many pixels on each side"
            )
        if paired and len(x) != len(y):
            raise DataError(f"{name}: received {len(x)} and {len(y)} pictures, expected as many: pairs")
        _check_window(flip, crop)
        if not 0 <= crop < x.shape[0]:
            raise DataError(f"data.crop: received {crop} of pictures of {x.shape[0]} pixels, expected less")
        for images, source, target in zip(truth or (), (x, y), (y, x), strict=False):
            if images.shape != (len(source.held_out), *target.shape):
                raise DataError(
                    f"{name}: received the truth as {images.shape}, expected {(len(source.held_out), *target.shape)}"
                )
        self.name, self.paired, self.flip, self.crop = name, paired, flip, crop
        self.facts = facts or {}
        self._rows = {"x": x.samples, "y": y.samples}
        self.x, self.y = _cropped(x, crop), _cropped(y, crop)
        self.truth = None if truth is None else tuple(_centre(images, crop) for images in truth)

    def __len__(self):
        return len(self.x) if self.paired else max(len(self.x), len(self.y))

    def __repr__(self):
        def counts(x, y):
            return f"{len(x)}" if len(x) == len(y) else f"{len(x)} and {len(y)}"

        rows, held_out = counts(self.x, self.y), counts(self.x.held_out, self.y.held_out)
        told = f"{rows} + {held_out} held out, {self.shape} to {self.target_shape}"
        return f"TranslationSource({self.name!r}, {told}, {'pairs' if self.paired else 'unpaired'})"

    @property
    def shape(self):
        """The shape of a picture of x: (height, width, channels)."""
        return self.x.shape

    @property
    def target_shape(self):
        """The shape of a picture of y: (height, width, channels)."""
        return self.y.shape

    @property
    def samples(self):
        """The training pictures of x."""
        return self.x.samples

    @property
    def held_out(self):
        """The held-out pictures of x."""
        return self.x.held_out

    @functools.cached_property
    def fingerprint(self):
        """A hash of both sides and of how they are shown."""
        return digest(self.x.fingerprint, self.y.fingerprint, [self.paired, self.flip, self.crop])

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of uint8 pictures `x` and `y`, (batch_size, height, width, channels).

        Pairs come in one order. Without pairs each side has an order of its own: in one pass over the larger side the
        smaller one begins again and again.

        Args:
            batch_size: int >= 1.
            seed: int >= 0; names the orders together with the pass over a side, and what becomes of a picture together
                with the number of the batch.
            start_step: int >= 0, the number of the first batch.
        """
        rows = ArrayRows(self._rows) if self.paired else UnpairedRows(self._rows)
        dataset = rows.batches(batch_size, seed, start_step)
        if not self.flip and not self.crop:
            return dataset
        seeds = {side: derived_seed(seed, "windows" if self.paired else f"windows of {side}") for side in self._rows}

        def show(number, rows):
            return {
                side: _windows(images, tf.stack([tf.cast(seeds[side], tf.int64), number]), self.flip, self.crop)
                for side, images in rows.items()
            }

        return tf.data.Dataset.zip((tf.data.Dataset.counter(start_step, dtype=tf.int64), dataset)).map(show)


def size_to_load(resolution, flip, crop):
    """Returns the pixels of a side that pictures are loaded with, so that windows of `resolution` can be cut.

    Raises:
        DataError: a flip or crop that is none.
    """
    _check_window(flip, crop)
    return (resolution or DEFAULT_RESOLUTION) + crop


def _check_window(flip, crop):
    if not isinstance(flip, bool):
        raise DataError(f"data.flip: received {flip!r}, expected true or false")
    if isinstance(crop, bool) or not isinstance(crop, int) or crop < 0:
        raise DataError(f"data.crop: received {crop!r}, expected a whole number of pixels >= 0")


def _windows(images, key, flip, crop):
    """Cuts a random window of each picture and mirrors every other one."""
    count, side = images.shape[0], images.shape[1] - crop
    draws = tf.random.stateless_uniform((count, 3), key)
    corner = tf.cast(draws[:, :2] * (crop + 1), tf.int32)
    reach = tf.range(side)
    across = tf.where(draws[:, 2:] < (0.5 if flip else 0.0), reach[::-1], reach)
    images = tf.gather(images, corner[:, :1] + reach, axis=1, batch_dims=1)
    return tf.gather(images, corner[:, 1:] + across, axis=2, batch_dims=1)


def _centre(images, crop):
    start, side = crop // 2, images.shape[1] - crop
    return images[:, start : start + side, start : start + side]


def _cropped(source, crop):
    if not crop:
        return source
    cropped = copy.copy(source)
    cropped.samples, cropped.held_out = _centre(source.samples, crop), _centre(source.held_out, crop)
    cropped.fingerprint = digest(source.fingerprint, crop)
    return cropped
