"""What turns images into features, and the identity that stands with every number made from them."""

import hashlib
import sys
from typing import NamedTuple

import numpy as np
import tensorflow as tf
from tqdm import tqdm

from ...zoo.errors import UserError
from ...zoo.images import from_uint8


class ExtractorError(UserError):
    """An extractor that cannot be had or cannot read these images; says why, and which other one would do."""


class Embedded(NamedTuple):
    """Samples and what an extractor sees in them.

    Attributes:
        samples: uint8 array (num, height, width, channels), or float32 points (num, dim).
        features: float32 array (num, features).
        logits: dict of name -> float32 array (num, values): "label" for the classes, other names for further factors;
            empty where the extractor knows no classes.
        labels: int array (num,), the classes that the samples were asked for, or that real images have; or None.
        rows: int array (num,), the held-out rows of the data whose captions the samples were asked for; or None.
    """

    samples: np.ndarray
    features: np.ndarray
    logits: dict
    labels: np.ndarray | None = None
    rows: np.ndarray | None = None

    def __len__(self):
        return len(self.features)

    def asked_for(self, labels, rows):
        """Returns the same with labels and rows, either of which may be None."""
        return Embedded(self.samples, self.features, self.logits, labels, rows)


class Extractor:
    """A network that features are read from.

    A subclass sets the attributes and `network`: a callable from float32 images (batch, height, width, channels) in
    [-1, 1] to a dict with `features` (batch, features) and, where it knows classes, one entry of logits a factor.

    Attributes:
        name: str.
        layer: str, which layer the features are.
        weights_hash: str, of every weight.
        input_range: (low, high) of what the network itself is fed.
        resizer: str, how images come to the network's resolution; "none" where they are fed as they are.
        facts: dict, what else tells two extractors apart or says how good it is.
        values: dict of factor name -> list of the names of its values.
        batch_size: int >= 1.
        warnings: list of str, what to know before its scores are quoted.
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
    _embed = None

    @property
    def identity(self):
        """A dict that is equal for extractors that give equal numbers, up to rounding."""
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
        """Reads features.

        Args:
            samples: uint8 array (num, height, width, channels).
            title: str or None, of a progress bar on stderr; None shows none.

        Returns:
            `Embedded`.

        Raises:
            ExtractorError: images of a shape that the network cannot take.
        """
        if self._embed is None:
            # A trace for each shape: networks decide by it, grey or colour say.
            self._embed = tf.function(lambda pixels: self.network(from_uint8(pixels)), autograph=False)
        parts = []
        with tqdm(total=len(samples), desc=title, file=sys.stderr, disable=title is None, leave=False) as bar:
            for start in range(0, len(samples), self.batch_size):
                chunk = samples[start : start + self.batch_size]
                # Every batch has one shape, so that no image's features depend on how many others there are.
                padded = np.zeros((self.batch_size, *samples.shape[1:]), np.uint8)
                padded[: len(chunk)] = chunk
                parts.append({key: value.numpy()[: len(chunk)] for key, value in self._run(padded).items()})
                bar.update(len(chunk))
        joined = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
        features = joined.pop("features").reshape(len(samples), -1)
        if not np.isfinite(features).all():
            raise ExtractorError(
                f"{self.name}: gives features that are no numbers, expected finite ones: look at its weights"
            )
        return Embedded(samples, features, joined)

    def _run(self, pixels):
        try:
            return self._embed(pixels)
        except ExtractorError:
            raise
        except (ValueError, TypeError, tf.errors.InvalidArgumentError) as error:
            raise ExtractorError(
                f"{self.name}: cannot read images of shape {pixels.shape[1:]} ({first_line(error)}), expected the "
                "shape it was made for"
            ) from error


class Points(Extractor):
    """The points of the plane themselves, for data that are no images."""

    name = "points"
    layer = "coordinates"

    @property
    def identity(self):
        """Coordinates have no network."""
        return {"name": self.name, "layer": self.layer}

    def embed(self, samples, title=None):
        """Returns the points as their own features."""
        return Embedded(samples, samples.astype(np.float32), {})


def first_line(error):
    """Returns what fits into a message of ours of an error of someone else's."""
    return (str(error) or type(error).__name__).splitlines()[0]


def hash_files(paths):
    """Returns a short hash of files, their names and order."""
    digest = hashlib.blake2b(digest_size=8)
    for path in paths:
        with open(path, "rb") as file:
            digest.update(path.name.encode() + hashlib.file_digest(file, hashlib.blake2b).digest())
    return digest.hexdigest()


def hash_weights(arrays):
    """Returns a short hash of arrays, their shapes and order."""
    digest = hashlib.blake2b(digest_size=8)
    for array in arrays:
        array = np.ascontiguousarray(array)
        digest.update(f"{array.dtype}{array.shape}".encode())
        digest.update(array.data)
    return digest.hexdigest()
