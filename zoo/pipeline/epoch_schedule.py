"""Cuts the endless stream of a `fit` into epochs of one pass over the data, and an evaluation into batches."""

import itertools
import warnings

from ..core.keras_internals import dataset_of, replace_executions, restored_epoch
from ..errors import ArgumentError


class EpochSchedule:
    """The executions of each epoch, all on one iterator.

    An epoch is a number of steps, so that leftover rows enter the next one and no iterator ends, whose destruction
    costs seconds. The length of a pass may be unknown: then the first epoch ends where the rows of the first pass do
    not fill a step, and the following epochs have as many steps.

    A callback may have restored an earlier training when the first epoch begins, as `BackupAndRestore` does. The data
    are then read from the restored step on, and the first epoch has the steps that the earlier training did not reach.

    Args:
        epoch_iterator: Keras's epoch iterator, whose executions are replaced.
        data: `StepData` of the `fit`.
        model: the model, whose `steps_done` says where it is.
        initial_epoch: int >= 0, of the `fit`. Default 0.
    """

    def __init__(self, epoch_iterator, data, model, initial_epoch=0):
        self._keras = epoch_iterator
        self._data = data
        self._model = model
        self._initial_epoch = initial_epoch
        self._first_step_of_fit = model.steps_done
        self._steps = epoch_iterator.steps_per_epoch
        # One step at a time from Python, where the first epoch needs it anyway: one compilation instead of two.
        # Inside the graph, a step that finds no batch would still count.
        self._by_step = data.is_read_once or (self._steps is None and epoch_iterator.steps_per_execution == 1)
        self._iterator = None
        # The batch that ended the first epoch, which belongs to the second.
        self._held = []
        # The steps of the next epoch that a restored training has done.
        self._done = 0

    def install(self):
        """Makes Keras use this schedule."""
        replace_executions(self._keras, self.executions)

    def executions(self):
        """Yields (first step, last step, iterator) of each execution of one epoch."""
        if self._iterator is None:
            self._open()
        elif self._data.error is not None:
            raise self._data.error
        if self._steps is None:
            yield from self._first_epoch()
        else:
            yield from self._epoch()
        self._done = 0

    def _open(self):
        restored = self._model.steps_done - self._first_step_of_fit
        if restored and self._data.restart is not None:
            dataset = self._data.restart(self._model.steps_done)
            self._iterator = iter(self._model.distribute_strategy.experimental_distribute_dataset(dataset))
        else:
            self._iterator = iter(dataset_of(self._keras))
            for _ in itertools.islice(self._iterator, max(0, restored)):
                pass
        if restored > 0:
            if self._steps is None:
                # The end of a pass is known once the batch after it has been read.
                self._held = list(itertools.islice(self._iterator, 1))
                self._steps = self._data.counted_steps()
            self._done = self._steps_of_epoch(restored)

    def _steps_of_epoch(self, restored):
        """Returns the steps of the restored epoch that are done already."""
        if self._steps is None:
            return restored
        earlier_epochs = (restored_epoch(self._model) or self._initial_epoch) - self._initial_epoch
        done = restored - earlier_epochs * self._steps
        return done if 0 <= done <= self._steps else restored % self._steps

    def _first_epoch(self):
        step = self._done
        held, self._held = self._held, []
        for batch in itertools.chain(held, self._iterator):
            # Rows beyond the first pass fill this batch only if its end has been read already.
            self._steps = self._data.counted_steps()
            if self._steps is not None and step >= self._steps:
                self._held = [batch]
                break
            # Numbers count what is run, as callbacks do.
            yield step - self._done, step - self._done, [batch]
            step += 1
        self._steps = self._data.counted_steps()
        if step == 0:
            self._refuse_no_rows()

    def _epoch(self):
        step, size = self._done, self._keras.steps_per_execution
        while step < self._steps:
            if self._held:
                count, batches = 1, [self._held.pop()]
            else:
                count = min(size, self._steps - step)
                # Keras takes a complete execution from the iterator inside the graph, other batches one by one.
                is_complete = count == size and not self._by_step
                batches = self._iterator if is_complete else list(itertools.islice(self._iterator, count))
            if not batches and self._data.is_read_once and (step or self._model.steps_done > self._first_step_of_fit):
                self._model.stop_training = True
                warnings.warn(f"fit: the iterator ended after {step} of {self._steps} steps of an epoch", stacklevel=2)
                return
            if not batches:
                self._refuse_no_rows()
            yield step - self._done, step - self._done + count - 1, batches
            step += count

    def _refuse_no_rows(self):
        raise self._data.error or ArgumentError("fit: received a dataset without rows, expected at least one batch")


class EvaluationSchedule:
    """The executions of an evaluation: one pass over finite data, whose length may be unknown.

    Args:
        epoch_iterator: Keras's epoch iterator, whose executions are replaced.
    """

    def __init__(self, epoch_iterator):
        self._keras = epoch_iterator

    def install(self):
        """Makes Keras use this schedule."""
        replace_executions(self._keras, self.executions)

    def executions(self):
        """Yields (first step, last step, batches) of each execution."""
        batches, step = iter(dataset_of(self._keras)), 0
        while part := list(itertools.islice(batches, self._keras.steps_per_execution)):
            yield step, step + len(part) - 1, part
            step += len(part)
        if step == 0:
            raise ArgumentError("evaluate: received a dataset without rows, expected at least one batch")
