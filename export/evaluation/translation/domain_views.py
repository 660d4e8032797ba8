"""Two image domains as one reference, and baselines of translation that need no network."""

import numpy as np

from ....zoo.core.cache import digest
from ..image.image_reference import subsample_rows

# Maximum number of training images per domain for an extractor.
MAX_IMAGES = 50_000
# Images that are in memory at a time.
CHUNK = 1024


class JointDomains:
    """The images of two domains as one set, for an extractor that is applied to both.

    Args:
        source: the data of two domains, with sides `x` and `y`.
    """

    is_image = True

    def __init__(self, source):
        sides = source.x, source.y
        self.name = f"{source.name}, both domains"
        channels = max(side.shape[-1] for side in sides)
        # Training sets may exceed the memory.
        rows = {
            part: [subsample_rows(len(getattr(side, part)), MAX_IMAGES) for side in sides]
            for part in ("samples", "held_out")
        }

        def joined(part, arrays):
            return np.concatenate(
                [np.asarray(array[side_rows]) for array, side_rows in zip(arrays, rows[part], strict=True)]
            )

        self.samples, self.held_out = (
            np.concatenate(
                [
                    to_channels(np.asarray(getattr(side, part)[side_rows]), channels)
                    for side, side_rows in zip(sides, rows[part], strict=True)
                ]
            )
            for part in ("samples", "held_out")
        )
        self.labels, self.held_out_labels, self.class_names = None, None, None
        self.factors, self.held_out_factors, self.facts = {}, {}, {}
        if all(side.labels is not None and side.held_out_labels is not None for side in sides) and (
            list(sides[0].class_names) == list(sides[1].class_names)
        ):
            self.labels = joined("samples", [side.labels for side in sides])
            self.held_out_labels = joined("held_out", [side.held_out_labels for side in sides])
            self.class_names = sides[0].class_names
            names = [name for name in source.facts.get("factors", {}) if all(name in side.factors for side in sides)]
            self.factors = {name: joined("samples", [side.factors[name] for side in sides]) for name in names}
            self.held_out_factors = {
                name: joined("held_out", [side.held_out_factors[name] for side in sides]) for name in names
            }
            self.facts = {"factors": {name: source.facts["factors"][name] for name in names}} if names else {}
        self.fingerprint = digest(*(side.fingerprint for side in sides), "both")
        self.available = sum(len(side.samples) for side in sides)

    def __len__(self):
        return len(self.samples)

    @property
    def shape(self):
        """(height, width, channels)."""
        return tuple(self.samples.shape[1:])


class DomainView:
    """One of two domains with the channels of both, as the reference for translations into it.

    Args:
        side: the data of one domain.
        channels: int, of the extractor's images.
    """

    is_image = True

    def __init__(self, side, channels):
        self.name, self.fingerprint = side.name, digest(side.fingerprint, channels)
        self.samples, self.held_out = (
            to_channels(np.asarray(part[:]), channels) for part in (side.samples, side.held_out)
        )
        self.labels, self.held_out_labels, self.class_names = side.labels, side.held_out_labels, side.class_names
        self.factors, self.held_out_factors, self.facts = side.factors, side.held_out_factors, {}


def matched_colors(images, source, target):
    """Returns images with the color statistics of the target domain: a lower bound for any translation.

    Each channel is scaled and shifted so that the mean and the standard deviation over all training images of the
    source become those of the target (Reinhard et al. 2001, "Color transfer between images", over sets, in RGB).

    Args:
        images: uint8 array (num_images, height, width, channels).
        source, target: uint8 arrays, training images of the images' own domain and of the other one.
    """
    channels = target.shape[-1]
    (source_mean, source_std), (target_mean, target_std) = moments(source, channels), moments(target, channels)
    scale = target_std / np.maximum(source_std, 1e-6)
    matched = (to_channels(images, channels) - source_mean) * scale + target_mean
    return np.clip(np.rint(matched), 0, 255).astype(np.uint8)


def moments(images, channels):
    """Returns the mean and the standard deviation of each channel: float arrays (channels,).

    Args:
        images: uint8 array (num_images, height, width, channels); it may exceed the memory.
        channels: int, 1 to convert the images to gray.
    """
    counts = np.zeros((channels, 256))
    for start in range(0, len(images), CHUNK):
        chunk = to_channels(np.asarray(images[start : start + CHUNK]), channels)
        counts += [np.bincount(chunk[..., channel].reshape(-1), minlength=256) for channel in range(channels)]
    levels, total = np.arange(256), counts.sum(axis=1)
    mean = counts @ levels / total
    return mean, np.sqrt(counts @ levels**2 / total - mean**2)


def to_channels(images, channels):
    """Returns uint8 images with a number of channels: color averaged to gray, or gray repeated to color."""
    if images.shape[-1] > channels:
        return np.rint(images.mean(axis=-1, keepdims=True)).astype(np.uint8)
    return np.repeat(images, channels, axis=-1) if images.shape[-1] < channels else images
