"""Two domains of pictures as one reference, and what needs no network to get from one to the other."""

import numpy as np

from ...zoo.cache import digest
from .reference import chosen_rows

# Pictures of each domain that an extractor learns from, at most, and pictures that are looked at together.
MOST_LEARNED, CHUNK = 50_000, 1024


class BothDomains:
    """The pictures of two domains as one set, for an extractor that has to read either.

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
            part: [chosen_rows(len(getattr(side, part)), MOST_LEARNED) for side in sides]
            for part in ("samples", "held_out")
        }

        def joined(part, arrays):
            return np.concatenate([np.asarray(array[chosen]) for array, chosen in zip(arrays, rows[part], strict=True)])

        self.samples, self.held_out = (
            np.concatenate(
                [
                    in_channels(np.asarray(getattr(side, part)[chosen]), channels)
                    for side, chosen in zip(sides, rows[part], strict=True)
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
            known = [name for name in source.facts.get("factors", {}) if all(name in side.factors for side in sides)]
            self.factors = {name: joined("samples", [side.factors[name] for side in sides]) for name in known}
            self.held_out_factors = {
                name: joined("held_out", [side.held_out_factors[name] for side in sides]) for name in known
            }
            self.facts = {"factors": {name: source.facts["factors"][name] for name in known}} if known else {}
        self.fingerprint = digest(*(side.fingerprint for side in sides), "both")

    def __len__(self):
        return len(self.samples)

    @property
    def shape(self):
        """One picture's shape."""
        return tuple(self.samples.shape[1:])


class Sided:
    """One side of two domains in the colours of both, as a reference for what is translated into it.

    Args:
        side: the data of one domain.
        channels: int, of the extractor's pictures.
    """

    is_image = True

    def __init__(self, side, channels):
        self.name, self.fingerprint = side.name, digest(side.fingerprint, channels)
        self.samples, self.held_out = (
            in_channels(np.asarray(part[:]), channels) for part in (side.samples, side.held_out)
        )
        self.labels, self.held_out_labels, self.class_names = side.labels, side.held_out_labels, side.class_names
        self.factors, self.held_out_factors, self.facts = side.factors, side.held_out_factors, {}


def matched_colours(pictures, source, target):
    """Returns pictures whose colours are moved as a whole: the least that a translation has to beat.

    Every channel is scaled and shifted so that the mean and the standard deviation of all training pictures become
    those of the target domain (Reinhard et al. 2001, "Color transfer between images", over sets, in RGB).

    Args:
        pictures: uint8 array (num, height, width, channels).
        source, target: uint8 arrays, training pictures of the pictures' own domain and of the other one.
    """
    channels = target.shape[-1]
    (own_mean, own_deviation), (mean, deviation) = moments(source, channels), moments(target, channels)
    moved = (in_channels(pictures, channels) - own_mean) * (deviation / np.maximum(own_deviation, 1e-6)) + mean
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)


def moments(pictures, channels):
    """Returns the mean and the standard deviation of each channel: float arrays (channels,).

    Args:
        pictures: uint8 array (num, height, width, channels); it may exceed the memory.
        channels: int, 1 for pictures that are taken as grey.
    """
    counts = np.zeros((channels, 256))
    for start in range(0, len(pictures), CHUNK):
        chunk = in_channels(np.asarray(pictures[start : start + CHUNK]), channels)
        counts += [np.bincount(chunk[..., channel].reshape(-1), minlength=256) for channel in range(channels)]
    levels, total = np.arange(256), counts.sum(axis=1)
    mean = counts @ levels / total
    return mean, np.sqrt(counts @ levels**2 / total - mean**2)


def in_channels(pictures, channels):
    """Returns uint8 pictures with so many channels: colour as grey, or grey as colour, where it is asked for."""
    if pictures.shape[-1] > channels:
        return np.rint(pictures.mean(axis=-1, keepdims=True)).astype(np.uint8)
    return np.repeat(pictures, channels, axis=-1) if pictures.shape[-1] < channels else pictures
