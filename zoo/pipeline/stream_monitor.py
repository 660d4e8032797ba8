"""Checks the rows of a `tf.data` stream as they pass, and counts those of the first pass."""

import numpy as np
import tensorflow as tf

from ..errors import ArgumentError

# So many rows decide whether images are in another range than they should be: fewer may all be bright.
ROWS_TO_DECIDE = 8


class StreamMonitor:
    """Sees every batch of a dataset before it is regrouped into steps.

    The checks of a `Preprocessor` run in Python, inside the data pipeline: the step and its compilation are not
    affected. Reading an invalid batch raises an error of TensorFlow; `error` says what is wrong.

    Args:
        preprocessor: `Preprocessor`.

    Attributes:
        error: `ArgumentError` of the first invalid batch, or None.
        rows_per_pass: int, rows of one pass over the dataset, or None until the first pass has ended.
    """

    def __init__(self, preprocessor):
        self.preprocessor = preprocessor
        self.error = None
        self.rows_per_pass = None
        self._row = 0
        self._first_rows = {name: [] for name in preprocessor.input_names}

    def watch(self, dataset):
        """Returns the dataset, a dict of batches per element, with checks and a signal at the end of the pass."""
        specs = dataset.element_spec
        self._names = tuple(specs)

        def check(batch):
            with tf.control_dependencies([_assert(tf.numpy_function(self._check, list(batch.values()), tf.bool))]):
                return {name: tf.identity(values) for name, values in batch.items()}

        def end_pass(_):
            with tf.control_dependencies([_assert(tf.numpy_function(self._end_pass, [], tf.bool))]):
                return tf.constant(False)

        def unused(_):
            return {name: tf.zeros([size or 0 for size in spec.shape], spec.dtype) for name, spec in specs.items()}

        return dataset.map(check).concatenate(tf.data.Dataset.range(1).filter(end_pass).map(unused))

    def _check(self, *arrays):
        try:
            lengths = {name: len(rows) for name, rows in zip(self._names, arrays, strict=True)}
            if len(set(lengths.values())) > 1:
                raise ArgumentError(f"fit: received batches of different lengths {lengths}, expected equal ones")
            for name, rows in zip(self._names, arrays, strict=True):
                self.preprocessor.validate(name, rows, first_row=self._row)
                self._decide(name, rows)
            self._row += len(arrays[0])
            return np.True_
        except ArgumentError as error:
            self.error = error
            return np.False_

    def _decide(self, name, rows):
        """Collects the first rows of an input and checks them as a set once they are enough."""
        first_rows = self._first_rows.get(name)
        if first_rows is not None:
            first_rows.append(rows)
            if sum(map(len, first_rows)) >= ROWS_TO_DECIDE:
                self._decide_now(name)

    def _decide_now(self, name):
        first_rows = self._first_rows.pop(name)
        if first_rows:
            self.preprocessor.validate(name, np.concatenate(first_rows))

    def _end_pass(self):
        try:
            if self.rows_per_pass is None:
                self.rows_per_pass = self._row
            elif self._row == 0:
                self.error = ArgumentError(
                    "fit: received a dataset that has no rows in its second pass, expected one that can be read again: "
                    "pass a function that makes a new generator to from_generator"
                )
            for name in list(self._first_rows):
                self._decide_now(name)
            self._row = 0
            return np.True_
        except ArgumentError as error:
            self.error = error
            return np.False_


def _assert(condition):
    # TensorFlow logs the traceback of what Python raises, but not that of an assertion.
    return tf.debugging.Assert(condition, ["invalid data"])
