"""The reference side of two sets that are compared with each other."""

import copy

import numpy as np

from ..features.nearest_neighbors import nearest_other
from .all_rows import AllRows
from .image_reference import ImageReference


class PairReference(ImageReference):
    """All rows of a set, training and held out: no model was trained on a part of them.

    The baseline compares one random half of the set with the other half. An image counts as a copy if it is nearer to
    the set than the images of the set are to each other.

    Args:
        source: the data, an `ImageSource`.
        extractor: `Extractor`.
        num_samples: int >= 1, a fixed random subset of this size; or None for all rows.
        cache_dir: str or None.
        title: bool-like, whether progress is shown on stderr.
    """

    split, baseline_key, no_baseline = "all", "random_halves", "fewer than four images have no halves to compare"

    def __init__(self, source, extractor, num_samples=None, cache_dir=None, title=None):
        rows = AllRows(source)
        super().__init__(rows, extractor, len(rows.samples) if num_samples is None else num_samples, cache_dir, title)
        self.searched_rows = self.rows

    @property
    def baseline_title(self):
        """What the scores of real images are computed from, as the title of a column."""
        half = len(self.rows) // 2
        return f"random halves ({half} and {half})"

    @property
    def baseline_sizes(self):
        """Returns a dict of str -> int, the sizes of the sets that only the baseline is computed from."""
        half = len(self.rows) // 2
        return {"images in each half of the reference": half} if half > 1 else {}

    def baseline_sides(self):
        """Returns (one random half, the other one, the reference of the first), or None for fewer than four images."""
        half = len(self.rows) // 2
        if half < 2:
            return None
        order = np.random.default_rng(0).permutation(len(self.rows))
        first, second = np.sort(order[:half]), np.sort(order[half : 2 * half])
        # As the samples of a pair, the second half is compared without labels.
        compared = self.real.take(second).with_conditions(None, None)
        return self.real.take(first), compared, self._restricted_to(first)

    def unseen_distances(self):
        """Returns the distance of each image of the set to the nearest other one."""
        return nearest_other(self.searched.features)

    def _restricted_to(self, positions):
        half = copy.copy(self)
        half.rows = half.searched_rows = self.rows[positions]
        half._parts = self._parts | {"training": self.real.take(positions)}
        return half
