"""Rows of several domains that do not belong together, each shuffled by itself."""

import hashlib

import tensorflow as tf

from .feed import ArrayRows


class UnpairedRows:
    """Arrays as a source of batches in which nothing ties the rows of one name to those of another.

    In one pass over the longest array each of its rows comes once; shorter ones begin again and again.

    Args:
        rows: dict of name -> array (num, ...), of any lengths.
    """

    def __init__(self, rows):
        self.rows = rows

    def __len__(self):
        return max(map(len, self.rows.values()))

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of batches, beginning with batch number `start_step`."""
        orders = [
            ArrayRows({name: values}).batches(batch_size, derived_seed(seed, f"order of {name}"), start_step)
            for name, values in self.rows.items()
        ]
        return tf.data.Dataset.zip(tuple(orders)).map(lambda *parts: {k: v for part in parts for k, v in part.items()})


def derived_seed(seed, purpose):
    """Returns a seed of its own for each thing that is drawn: one key for two of them would tie them together.

    Args:
        seed: int.
        purpose: str.

    Returns:
        int in [0, 2**60).
    """
    return int(hashlib.blake2b(f"{int(seed)} {purpose}".encode(), digest_size=8).hexdigest()[:15], 16)
