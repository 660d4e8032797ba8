"""Base class of feature extractors, and the identity that every score is reported with."""

import hashlib
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from ....zoo.core.image_scaling import from_uint8
from ....zoo.core.progress import track_progress
from ....zoo.errors import UserError

# Squared distances between larger features may overflow in single precision.
MAX_FEATURE = 1e15


class ExtractorError(UserError):
    """An extractor that is not available or does not fit the images; the message says how to fix it."""


class FeatureBatch(NamedTuple):
    """Samples with their features and class logits.

    Attributes:
        samples: uint8 array (num_samples, height, width, channels), or float32 points (num_samples, dim).
        features: float32 array (num_samples, features).
        logits: dict of name -> float32 array (num_samples, num_values): "label" for the classes, other names for
            further factors; empty for extractors without classes.
        labels: int array (num_samples,), the labels that samples were generated with, or those of real images; or None.
        rows: int array (num_samples,), the held-out rows of the data whose captions samples were generated with; or
            None.
    """

    samples: np.ndarray
    features: np.ndarray
    logits: dict
    labels: np.ndarray | None = None
    rows: np.ndarray | None = None

    def __len__(self):
        return len(self.features)

    def take(self, rows):
        """Returns the batch of some of its rows.

        Args:
            rows: int array.
        """
        logits = {name: values[rows] for name, values in self.logits.items()}
        conditions = [None if values is None else values[rows] for values in (self.labels, self.rows)]
        return FeatureBatch(self.samples[rows], self.features[rows], logits, *conditions)

    def with_conditions(self, labels, rows):
        """Returns the same batch with other labels and rows, either of which may be None."""
        return FeatureBatch(self.samples, self.features, self.logits, labels, rows)


class Extractor:
    """Base class of networks that compute features of images.

    A subclass sets the attributes and implements `network`: float32 images (batch, height, width, channels) in [-1, 1]
    -> dict of `features` (batch, num_features) and, if it knows classes, one entry of logits per factor.

    Attributes:
        name: str.
        layer: str, the layer whose output is used.
        weights_hash: str, hash of all weights.
        input_range: (low, high) of the network's input.
        resizer: str, how images are resized to the network's resolution; "none" if they are not.
        facts: dict, further entries of the identity, such as the accuracy.
        values: dict of factor name -> list of the names of its values.
        batch_size: int >= 1.
        warnings: list of str, notes to read before its scores are quoted.
        training: dict, what a network that was trained on the reference was trained and tested on; else empty.
    """

    name = "extractor"
    layer = "features"
    weights_hash = ""
    input_range = (-1.0, 1.0)
    resizer = "none"
    batch_size = 256
    facts = {}
    values = {}
    warnings = ()
    training = {}
    _embed = None

    @property
    def identity(self):
        """A dict that is equal for extractors with equal features, up to rounding."""
        return {
            "name": self.name,
            "layer": self.layer,
            "weights": self.weights_hash,
            "input_range": list(self.input_range),
            "resizer": self.resizer,
            "pixels": "uint8, as in a PNG",
            **self.facts,
        }

    def network(self, images):
        """Returns a dict of features and logits of float32 images in [-1, 1]."""
        raise NotImplementedError

    def embed(self, samples, title=None):
        """Computes the features of samples.

        Args:
            samples: uint8 array (num_samples, height, width, channels).
            title: str or None, of a progress bar on stderr; None shows none.

        Returns:
            `FeatureBatch`.

        Raises:
            ExtractorError: images of a shape that the network does not accept, or non-finite features.
        """
        if self._embed is None:
            # Networks branch on static shapes, such as gray or color, so each shape gets its own trace.
            self._embed = tf.function(lambda pixels: self.network(from_uint8(pixels)), autograph=False)
        batches = []
        with track_progress(None, title, len(samples), "images", title is not None, leave=False) as bar:
            for start in range(0, len(samples), self.batch_size):
                chunk = samples[start : start + self.batch_size]
                # With a constant batch shape, the features of an image do not depend on the number of other images.
                padded = np.zeros((self.batch_size, *samples.shape[1:]), np.uint8)
                padded[: len(chunk)] = chunk
                batches.append({key: value.numpy()[: len(chunk)] for key, value in self._run(padded).items()})
                bar.update(len(chunk))
        joined = {key: np.concatenate([batch[key] for batch in batches]) for key in batches[0]}
        features = joined.pop("features").reshape(len(samples), -1)
        if not np.isfinite(features).all():
            raise ExtractorError(
                f"{self.name}: received non-finite features, expected finite ones: check the weights of the extractor"
            )
        if np.abs(features).max() > MAX_FEATURE:
            raise ExtractorError(
                f"{self.name}: received features up to {np.abs(features).max():.3g}, expected at most "
                f"{MAX_FEATURE:.0e}: distances between such features overflow"
            )
        return FeatureBatch(samples, features, joined)

    def _run(self, pixels):
        try:
            return self._embed(pixels)
        except ExtractorError:
            raise
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            raise ExtractorError(
                f"{self.name}: received images of shape {pixels.shape[1:]} ({first_line(error)}), expected the input "
                "shape of the network"
            ) from error


class IdentityExtractor(Extractor):
    """The identity on points: their coordinates are their features."""

    name = "points"
    layer = "coordinates"

    @property
    def identity(self):
        """A constant dict: coordinates need no network."""
        return {"name": self.name, "layer": self.layer}

    def embed(self, samples, title=None):
        """Returns the points as their own features; no logits."""
        return FeatureBatch(samples, samples.astype(np.float32), {})


def first_line(error):
    """Returns the first line of a third-party error, for one-line messages."""
    return (str(error) or type(error).__name__).splitlines()[0]


def hash_files(paths):
    """Returns a short hash of the contents, names and order of files."""
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        with open(path, "rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, hashlib.blake2b).digest())
    return digest.hexdigest()


def hash_weights(arrays):
    """Returns a short hash of the values, dtypes, shapes and order of arrays."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()
