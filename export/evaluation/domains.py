"""Two domains of pictures as one reference, and what needs no network to get from one to the other."""

import numpy as np

from ...zoo.cache import digest


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
        self.samples, self.held_out = (
            np.concatenate([with_channels(np.asarray(getattr(side, part)[:]), channels) for side in sides])
            for part in ("samples", "held_out")
        )
        self.labels, self.held_out_labels, self.class_names = None, None, None
        self.factors, self.held_out_factors, self.facts = {}, {}, {}
        if all(side.labels is not None and side.held_out_labels is not None for side in sides) and (
            list(sides[0].class_names) == list(sides[1].class_names)
        ):
            self.labels, self.held_out_labels = (
                np.concatenate([getattr(side, part) for side in sides]) for part in ("labels", "held_out_labels")
            )
            self.class_names = sides[0].class_names
            known = [name for name in source.facts.get("factors", {}) if all(name in side.factors for side in sides)]
            self.factors, self.held_out_factors = (
                {name: np.concatenate([getattr(side, part)[name] for side in sides]) for name in known}
                for part in ("factors", "held_out_factors")
            )
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
            with_channels(np.asarray(part[:]), channels) for part in (side.samples, side.held_out)
        )
        self.labels, self.held_out_labels, self.class_names = side.labels, side.held_out_labels, side.class_names
        self.factors, self.held_out_factors, self.facts = side.factors, side.held_out_factors, {}


def with_channels(pictures, channels):
    """Returns grey pictures as colour ones where colour is asked for."""
    return np.repeat(pictures, channels, axis=-1) if pictures.shape[-1] < channels else pictures


def matched_colours(pictures, source, target):
    """Returns pictures whose colours are moved as a whole: the least that a translation has to beat.

    Every channel is scaled and shifted so that the mean and the standard deviation of all training pictures become
    those of the target domain (Reinhard et al. 2001, "Color transfer between images", over sets, in RGB).

    Args:
        pictures: uint8 array (num, height, width, channels).
        source, target: uint8 arrays, training pictures of the pictures' own domain and of the other one.
    """
    channels = target.shape[-1]
    pictures, source = (with_channels(each, channels).astype(np.float64) for each in (pictures, source))
    if source.shape[-1] > channels:
        pictures, source = (each.mean(axis=-1, keepdims=True) for each in (pictures, source))
    axes = (0, 1, 2)
    scale = target.std(axes) / np.maximum(source.std(axes), 1e-6)
    moved = (pictures - source.mean(axes)) * scale + target.mean(axes)
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)


def copied(pictures, channels):
    """Returns pictures as they are, in grey where the other domain is grey."""
    if pictures.shape[-1] > channels:
        return np.rint(pictures.mean(axis=-1, keepdims=True)).astype(np.uint8)
    return with_channels(pictures, channels)
