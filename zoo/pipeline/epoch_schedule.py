"""Cuts the endless stream of a `fit` into epochs of one pass over the data."""

import itertools

from ..errors import ArgumentError


class EpochSchedule:
    """The executions of each epoch, all on one iterator.

    An epoch is a number of steps, so that leftover rows enter the next one and no iterator ends, whose destruction
    costs seconds. The length of a pass may be unknown: then the first epoch ends where the rows of the first pass do
    not fill a step, and the following epochs have as many steps.

    Args:
        epoch_iterator: Keras's epoch iterator, whose executions are replaced.
        data: `StepData` of the `fit`.
    """

    def __init__(self, epoch_iterator, data):
        self._keras = epoch_iterator
        self._data = data
        self._steps = epoch_iterator.steps_per_epoch
        # One step at a time from Python, where the first epoch needs it anyway: one compilation instead of two.
        self._by_step = self._steps is None and epoch_iterator.steps_per_execution == 1
        self._iterator = None
        # The batch that ended the first epoch, which belongs to the second.
        self._held = []

    def install(self):
        """Makes Keras use this schedule."""
        self._keras._enumerate_iterator = self.executions

    def executions(self):
        """Yields (first step, last step, iterator) of each execution of one epoch."""
        if self._iterator is None:
            self._iterator = iter(self._keras._get_iterator())
        elif self._data.error is not None:
            raise self._data.error
        if self._steps is None:
            yield from self._first_epoch()
        else:
            yield from self._epoch()

    def _first_epoch(self):
        step = 0
        for batch in self._iterator:
            # Rows beyond the first pass fill this batch only if its end has been read already.
            self._steps = self._data.counted_steps()
            if self._steps is not None and step >= self._steps:
                self._held = [batch]
                break
            yield step, step, [batch]
            step += 1
        self._steps = self._data.counted_steps()
        if step == 0:
            self._refuse_no_rows()

    def _epoch(self):
        step, size = 0, self._keras.steps_per_execution
        while step < self._steps:
            if self._held:
                count, batches = 1, [self._held.pop()]
            else:
                count = min(size, self._steps - step)
                # Keras takes a complete execution from the iterator inside the graph, other batches one by one.
                is_complete = count == size and not self._by_step
                batches = self._iterator if is_complete else list(itertools.islice(self._iterator, count))
            if not batches:
                self._refuse_no_rows()
            yield step, step + count - 1, batches
            step += count

    def _refuse_no_rows(self):
        raise self._data.error or ArgumentError("fit: received a dataset without rows, expected at least one batch")
