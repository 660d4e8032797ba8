"""The real side of a comparison: which rows, and their features, which are computed once and kept."""

import contextlib

import numpy as np

from ...zoo.cache import building, cache_entry, digest, read_manifest
from .extractor import Embedded, hash_weights

# Part of what kept features hang on: raised whenever the same pixels would give others.
VERSION = 1
SPLIT = "train"
# Beyond so many training images memorisation is looked for among that many of them.
MOST_SEARCHED = 100_000


class Reference:
    """The real images that samples are compared with, through an extractor.

    Of a source, evaluation needs `name, samples, held_out, labels, held_out_labels, class_names, factors,
    held_out_factors, facts, fingerprint, shape, is_image`: an `ImageSource` has them.

    Args:
        source: the data.
        extractor: `Extractor`.
        num: int >= 1, training images in the reference, chosen at random once for all, at most all of them.
        cache_dir: str or None.
        title: bool-like, whether progress is shown on stderr.
    """

    def __init__(self, source, extractor, num, cache_dir=None, title=None):
        self.source = source
        self.extractor = extractor
        self.rows = chosen_rows(len(source.samples), num)
        self.held_out_rows = chosen_rows(len(source.held_out), num)
        self.searched_rows = chosen_rows(len(source.samples), MOST_SEARCHED)
        self.cache_dir, self.title = cache_dir, title
        self._kept = {}

    @property
    def real(self):
        """`Embedded` training images: what samples are compared with."""
        if len(self.rows) == len(self.searched_rows):
            # The same images: they are read and kept once.
            return self.searched
        return self._part("reference", self.source.samples, self.rows, self.source.labels)

    @property
    def held_out(self):
        """`Embedded` held-out images, or None where there are none: what a perfect generator would score."""
        if len(self.held_out_rows) == 0:
            return None
        return self._part("held-out", self.source.held_out, self.held_out_rows, self.source.held_out_labels)

    @property
    def searched(self):
        """`Embedded` training images among which copies are looked for: all of them, up to 100,000."""
        return self._part("training", self.source.samples, self.searched_rows, self.source.labels)

    def _part(self, name, samples, rows, labels):
        if name not in self._kept:
            known = None if labels is None else labels[rows]
            # A held-out picture is what its own caption asks for.
            self._kept[name] = self._read(name, samples, rows).asked_for(known, rows if name == "held-out" else None)
        return self._kept[name]

    def _read(self, name, samples, rows):
        chosen = np.asarray(samples[rows])
        if not self.source.is_image:
            return self.extractor.embed(chosen)
        identity = [VERSION, self.extractor.identity, self.source.fingerprint, name, len(rows)]
        entry = cache_entry(self.cache_dir, "features", f"{self.extractor.name}_{name}", *identity)
        inputs = digest(identity)
        known = read_manifest(entry, inputs)
        if known is not None:
            # A file may be damaged though its size is right, and a damaged header raises anything.
            with contextlib.suppress(Exception):
                arrays = {key: np.load(entry / f"{key}.npy") for key in known["hashes"]}
                if {key: hash_weights([array]) for key, array in arrays.items()} == known["hashes"]:
                    return Embedded(chosen, arrays.pop("features"), arrays)
        found = self.extractor.embed(chosen, f"{self.extractor.name}: {name} images" if self.title else None)
        arrays = {"features": found.features, **found.logits}
        with building(entry, inputs) as (folder, known):
            for key, array in arrays.items():
                np.save(folder / f"{key}.npy", array)
            known["hashes"] = {key: hash_weights([array]) for key, array in arrays.items()}
        return found


def chosen_rows(total, num):
    """Returns sorted rows, `num` of `total` drawn at random, always the same ones."""
    if num >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(0).permutation(total)[:num])
