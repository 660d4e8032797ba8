"""The data of a `fit`."""

from dataclasses import dataclass

from ..errors import ArgumentError
from .stream_monitor import StreamMonitor


@dataclass(frozen=True)
class StepData:
    """The endless dataset of a model's `train_step`, and what is known about a pass over the data.

    Attributes:
        dataset: `tf.data.Dataset` of dicts with static shapes.
        steps: int, the steps of one pass over the data, or None where they are unknown.
        batch_size: int, rows of a discriminator update, or None for a dataset that is distributed already.
        rows_per_step: int, rows of a step, likewise.
        monitor: `StreamMonitor` of a `tf.data.Dataset`, or None.
        is_endless: bool, whether a pass over the data has no end. Default False.
        is_read_once: bool, whether the dataset ends with its first pass, which no second one follows. Default False.
        restart: function of a step that returns the dataset from that batch on, or None where it can only be read from
            its beginning. Default None.
    """

    dataset: object
    steps: int | None = None
    batch_size: int | None = None
    rows_per_step: int | None = None
    monitor: StreamMonitor | None = None
    is_endless: bool = False
    is_read_once: bool = False
    restart: object = None

    @property
    def error(self):
        """The `ArgumentError` of an invalid batch, or None."""
        return self.monitor and self.monitor.error

    def counted_steps(self):
        """Returns the steps of the pass that was counted, or None until it has ended."""
        rows = self.monitor.rows_per_pass
        return None if rows is None else steps_per_pass(rows, self.batch_size, self.rows_per_step)


def steps_per_pass(rows, batch_size, rows_per_step):
    """Returns the steps of one pass over the data, at least 1; leftover rows enter the next pass.

    Raises:
        ArgumentError: fewer rows than a discriminator update takes.
    """
    if rows < batch_size:
        cure = f"at most {rows}: set a smaller batch" if rows else "at least one row"
        raise ArgumentError(f"batch_size: received {batch_size} for {rows} rows, expected {cure}")
    return max(1, rows // rows_per_step)
