"""All rows of a data source as one set, for comparisons in which no model was trained on a part of them."""

import functools

import numpy as np

from ....zoo.core.cache import digest


class AllRows:
    """The training rows of a source followed by its held-out rows, as the `samples` of one set.

    The held-out rows remain available by themselves: the classifier of the extractor was not trained on them, so that
    they show how often it is wrong.

    Args:
        source: the data, an `ImageSource`.
    """

    def __init__(self, source):
        self._source = source
        self.name, self.shape, self.is_image = source.name, source.shape, source.is_image
        self.class_names, self.facts = source.class_names, source.facts
        self.held_out, self.held_out_labels = source.held_out, source.held_out_labels
        self.held_out_factors = source.held_out_factors
        self.labels = None
        if source.labels is not None and source.held_out_labels is not None:
            self.labels = np.concatenate([source.labels, source.held_out_labels])
        self.factors = {
            name: np.concatenate([rows, source.held_out_factors[name]])
            for name, rows in source.factors.items()
            if name in source.held_out_factors
        }

    @functools.cached_property
    def samples(self):
        """The samples of all rows, an array in memory."""
        return np.concatenate([self._source.samples[:], self._source.held_out[:]])

    @property
    def fingerprint(self):
        """A hash for caches; it differs from that of the source, whose rows are only the training rows."""
        return digest(self._source.fingerprint, "all rows")
