"""Translation sources for tests."""

import numpy as np
from ganzoo.training.data import ImageSource, TranslationSource


def shades(num_samples, first=0, size=8, channels=1):
    """Returns images of one shade each: image i has the shade first + i."""
    return (first + np.arange(num_samples)).astype(np.uint8).reshape(-1, 1, 1, 1) * np.ones(
        (1, size, size, channels), np.uint8
    )


def two_domains(x, y, held_out=2, **settings):
    """Returns a `TranslationSource` of two arrays, whose first rows are held out."""
    domains = [ImageSource(name, rows[held_out:], rows[:held_out]) for name, rows in (("x", x), ("y", y))]
    return TranslationSource("test", *domains, **settings)


def stream(source, batches, batch_size=10, seed=3, start_step=0):
    """Returns the first batches, joined: dict of domain -> (batches * batch_size, height, width, channels)."""
    taken = list(source.batches(batch_size, seed, start_step).take(batches).as_numpy_iterator())
    assert all(set(batch) == {"x", "y"} and batch["x"].dtype == batch["y"].dtype == np.uint8 for batch in taken)
    return {domain: np.concatenate([batch[domain] for batch in taken]) for domain in "xy"}


def first_pixels(rows):
    """Returns the value of each image's first pixel: dict of domain -> array."""
    return {domain: images[:, 0, 0, 0] for domain, images in rows.items()}
