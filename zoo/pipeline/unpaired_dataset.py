"""Rows of several domains without pairs, each domain shuffled on its own."""

import hashlib

import tensorflow as tf

from .array_dataset import ArrayDataset


class UnpairedDataset:
    """A source of batches in which the rows of one array are independent of those of another.

    In one pass over the longest array each of its rows appears once; shorter arrays are repeated.

    Args:
        rows: dict of name -> array (num_samples, ...), of any lengths.
    """

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return max(map(len, self.rows.values()))

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of batches, beginning with batch number `start_step`."""
        orders = [
            ArrayDataset({name: values}).batches(batch_size, derived_seed(seed, f"order of {name}"), start_step)
            for name, values in self.rows.items()
        ]
        return tf.data.Dataset.zip(tuple(orders)).map(lambda *parts: {k: v for part in parts for k, v in part.items()})


def derived_seed(seed, purpose):
    """Returns an independent seed for each purpose: one seed for two purposes would correlate them.

    Args:
        seed: int.
        purpose: str.

    Returns:
        int in [0, 2**60).
    """
    return int(hashlib.blake2b(f"{int(seed)} {purpose}".encode(), digest_size=8).hexdigest()[:15], 16)
