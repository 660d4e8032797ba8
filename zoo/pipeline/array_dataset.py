"""Arrays in memory as an endless stream of shuffled batches."""

import mmap

import numpy as np
import tensorflow as tf

from ..errors import ArgumentError


class ArrayDataset:
    """A source of shuffled batches from arrays in memory, or from memory-mapped files.

    Each pass over the data has a permutation that is a function of (seed, pass). Batch `start_step` of the endless
    stream is therefore reached at once, and a resumed run reads exactly the rows of an uninterrupted one.

    A read-only `np.memmap` stays on disk: only the rows of a batch are read, in the same order.

    Args:
        rows: dict of name -> array, all of one length.

    Raises:
        ArgumentError: arrays of different lengths.
    """

    def __init__(self, rows):
        lengths = {name: len(values) for name, values in rows.items()}
        if len(set(lengths.values())) > 1:
            raise ArgumentError(f"fit: received arrays of different lengths {lengths}, expected equal ones")
        self.rows = rows

    def __len__(self):
        return len(next(iter(self.rows.values())))

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of batches, beginning with batch number `start_step`."""
        num_rows = len(self)
        first_pass, skipped = divmod(start_step * batch_size, num_rows)
        gathers = {name: self._gather(values, batch_size) for name, values in self.rows.items()}

        def order(number):
            key = tf.stack([tf.cast(seed, tf.int64), number])
            permutation = tf.random.experimental.stateless_shuffle(tf.range(num_rows), seed=key)
            return permutation[tf.where(number == first_pass, skipped, 0) :]

        def take(indices):
            return {name: gather(indices) for name, gather in gathers.items()}

        dataset = tf.data.Dataset.counter(first_pass, dtype=tf.int64).map(order)
        dataset = dataset.rebatch(batch_size, drop_remainder=True).map(take)
        options = tf.data.Options()
        # Autotuning delays the destruction of every iterator by seconds, and there is nothing to tune.
        options.autotune.enabled = False
        return dataset.with_options(options)

    @staticmethod
    def _gather(values, batch_size):
        """Returns the function from a batch of indices to the rows."""
        if not isinstance(values, np.memmap) or values.mode != "r":
            tensor = tf.constant(values)
            return lambda indices: tf.gather(tensor, indices)

        def read(indices):
            rows = values[indices]
            # Otherwise the touched pages count as the process's memory, up to the size of the file.
            if hasattr(mmap, "MADV_DONTNEED"):
                values._mmap.madvise(mmap.MADV_DONTNEED)
            return rows

        def gather(indices):
            rows = tf.numpy_function(read, [indices], values.dtype, stateful=False)
            return tf.ensure_shape(rows, (batch_size, *values.shape[1:]))

        return gather
