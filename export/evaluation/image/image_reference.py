"""The reference side of a comparison: which real images, and their cached features."""

import contextlib

import numpy as np

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from ..features.extractor import FeatureBatch, hash_weights
from ..features.nearest_neighbors import nearest

# Part of the cache key of features: increase it when the same pixels would give other features.
VERSION = 1
# Upper bound on the training images that memorization searches.
MAX_SEARCHED = 100_000


class ImageReference:
    """The real images that samples are compared with, and their features.

    Evaluation uses these attributes of a source: `name, samples, held_out, labels, held_out_labels, class_names,
    factors, held_out_factors, facts, fingerprint, shape, is_image`; an `ImageSource` has them.

    Args:
        source: the data.
        extractor: `Extractor`.
        num_samples: int >= 1, training images in the reference: a fixed random subset, at most all of them.
        cache_dir: str or None.
        title: bool-like, whether progress is shown on stderr.

    Attributes:
        split: str, the rows of the data that samples are compared with.
        baseline_key: str, how the report names the scores of real images.
        no_baseline: str, the reason if there are none.
    """

    split, baseline_key, no_baseline = "train", "held_out", "no images were held out"

    def __init__(self, source, extractor, num_samples, cache_dir=None, title=None):
        self.source = source
        self.extractor = extractor
        self.rows = subsample_rows(len(source.samples), num_samples)
        self.held_out_rows = subsample_rows(len(source.held_out), num_samples)
        self.searched_rows = subsample_rows(len(source.samples), MAX_SEARCHED)
        self.cache_dir, self.title = cache_dir, title
        self._parts = {}

    @property
    def real(self):
        """`FeatureBatch` of the training images that samples are compared with."""
        if len(self.rows) == len(self.searched_rows):
            # The same images: they are embedded and cached once.
            return self.searched
        return self._part("reference", self.source.samples, self.rows, self.source.labels)

    @property
    def held_out(self):
        """`FeatureBatch` of held-out images, the baseline of a perfect generator; None if no images are held out."""
        if len(self.held_out_rows) == 0:
            return None
        return self._part("held-out", self.source.held_out, self.held_out_rows, self.source.held_out_labels)

    @property
    def searched(self):
        """`FeatureBatch` of the training images that are searched for copies: all of them, up to 100,000."""
        return self._part("training", self.source.samples, self.searched_rows, self.source.labels)

    @property
    def baseline_title(self):
        """What the scores of real images are computed from, as the title of a column."""
        return f"held-out real ({len(self.held_out_rows)})"

    @property
    def baseline_sizes(self):
        """Returns a dict of str -> int, the sizes of the sets that only the baseline is computed from."""
        return {"held-out images": len(self.held_out_rows)} if len(self.held_out_rows) else {}

    def baseline_sides(self):
        """Returns (real images, the real images that replace the samples, their reference), or None."""
        return None if self.held_out is None else (self.real, self.held_out, self)

    def unseen_distances(self):
        """Returns the distance of each image that cannot be a copy to the nearest training image, a float array."""
        if self.held_out is None:
            return np.empty(0)
        return nearest(self.held_out.features, self.searched.features)[0][:, 0]

    def _part(self, name, samples, rows, labels):
        if name not in self._parts:
            # A held-out image counts as a sample of its own caption.
            self._parts[name] = self._embed(name, samples, rows).with_conditions(
                None if labels is None else labels[rows], rows if name == "held-out" else None
            )
        return self._parts[name]

    def _embed(self, name, samples, rows):
        images = np.asarray(samples[rows])
        if not self.source.is_image:
            return self.extractor.embed(images)
        identity = [VERSION, self.extractor.identity, self.source.fingerprint, name, len(rows)]
        entry = cache_entry(self.cache_dir, "features", f"{self.extractor.name}_{name}", *identity)
        inputs = digest(identity)
        manifest = read_manifest(entry, inputs)
        if manifest is not None:
            # A file of the right size may still be damaged, and a damaged header raises arbitrary exceptions.
            with contextlib.suppress(Exception):
                arrays = {key: np.load(entry / f"{key}.npy") for key in manifest["hashes"]}
                if {key: hash_weights([array]) for key, array in arrays.items()} == manifest["hashes"]:
                    return FeatureBatch(images, arrays.pop("features"), arrays)
        batch = self.extractor.embed(images, f"{self.extractor.name}: {name} images" if self.title else None)
        arrays = {"features": batch.features, **batch.logits}
        with building(entry, inputs) as (folder, manifest):
            for key, array in arrays.items():
                np.save(folder / f"{key}.npy", array)
            manifest["hashes"] = {key: hash_weights([array]) for key, array in arrays.items()}
        return batch


def subsample_rows(total, num_samples):
    """Returns sorted row indices: a fixed random subset of `num_samples` of `total`, or all rows if there are fewer."""
    if num_samples >= total:
        return np.arange(total)
    return np.sort(np.random.default_rng(0).permutation(total)[:num_samples])
