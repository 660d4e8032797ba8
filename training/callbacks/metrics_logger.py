"""Writes the interval means of a model's logged values."""

import json
import os
import time
from pathlib import Path

import keras
import tensorflow as tf

from ...zoo.core.atomic_files import write_text
from ...zoo.core.keras_internals import learning_rate_of
from .event_log import EventLog
from .side_output import SideOutput
from .step_callback import StepCallback


class MetricsLogger(StepCallback):
    """Appends the means of the logged values to a JSON-lines file and to TensorBoard, every `every_n_steps` steps.

    When to use it: to keep the training curves of a `fit`. A row holds `step`, `kimg` (thousands of real images or
    sequences seen), each logged value's mean over the steps since the last row, the number of those steps as
    `steps_averaged`, and `images_per_second` or, for texts, `sequences_per_second`: the rate of real samples that the
    discriminator saw. Rows that cannot be written, on a full disk for example, are reported once on stderr and written
    later; they do not end training.

    Args:
        path: str or path of the JSON-lines file; rows are appended.
        every_n_steps: int >= 1, steps between rows.
        batch_size: int >= 1, rows of a discriminator update.
        also_every_n_steps: int >= 1 or None, further steps with a row. Set it to the steps between checkpoints: then
            no mean spans a checkpoint and a resumed run writes the same rows. Default None.
        tensorboard: str or path of a TensorBoard log directory, or None.

    Example:

        model.fit(source, batch_size=64, callbacks=[MetricsLogger("metrics.jsonl", 100, batch_size=64)])
    """

    def __init__(self, path, every_n_steps, batch_size, also_every_n_steps=None, tensorboard=None):
        super().__init__()
        self.path = Path(path)
        self.every_n_steps, self.also_every_n_steps = every_n_steps, also_every_n_steps or every_n_steps
        self.batch_size = batch_size
        self.events = EventLog(tensorboard)
        self._rows = SideOutput(str(self.path), retry=True)

    def on_train_begin(self, logs=None):
        """Starts the first interval."""
        super().on_train_begin(logs)
        self._last_step, self._last_time = self.step, time.perf_counter()
        self._logs = {}

    def on_step(self, step, previous, logs):
        """Writes a row where one is due."""
        self._logs = logs
        if self.is_due(step, previous, self.every_n_steps) or self.is_due(step, previous, self.also_every_n_steps):
            self._write()

    def on_train_end(self, logs=None):
        """Writes the last, shorter interval."""
        if self.step > self._last_step:
            self._write()
        self.events.flush()

    def _write(self):
        steps, now = self.step - self._last_step, time.perf_counter()
        samples_per_step = self.batch_size * self.model.n_critic
        row = {"step": self.step, "kimg": self.step * samples_per_step / 1000, "steps_averaged": steps}
        row |= {name: float(value) for name, value in self._logs.items()}
        row |= _scheduled_learning_rate(self.model.generator_optimizer)
        row[f"{self.sample_unit}_per_second"] = steps * samples_per_step / (now - self._last_time)
        self._rows.write(lambda: append_row(self.path, row))
        self.events.write(self.step, lambda: write_scalars({k: v for k, v in row.items() if k != "step"}))
        self.model.reset_metrics()
        self._last_step, self._last_time = self.step, now


def _scheduled_learning_rate(optimizer):
    """Returns the learning rate of the next update if it is scheduled; the recipe holds a constant one."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    scheduled = isinstance(learning_rate_of(optimizer), keras.optimizers.schedules.LearningRateSchedule)
    return {"learning_rate": float(inner.learning_rate)} if scheduled else {}


def write_scalars(values, prefix=""):
    """Writes a dict of numbers to the current TensorBoard writer."""
    for name, value in values.items():
        tf.summary.scalar(prefix + name, value)


def append_row(path, row):
    """Appends a dict as one JSON line and passes it to the operating system, all of it or nothing.

    Raises:
        OSError: the line cannot be written; the file is unchanged.
    """
    line = (json.dumps(row) + "\n").encode()
    with open(path, "ab+", buffering=0) as file:
        size = file.seek(0, os.SEEK_END)
        if size:
            # A crash may have truncated the last line.
            file.seek(size - 1)
            line = line if file.read(1) == b"\n" else b"\n" + line
        try:
            while line:
                line = line[file.write(line) :]
        except OSError:
            file.truncate(size)
            raise


def read_rows(path):
    """Returns the rows of a JSON-lines file as a list of dicts, without lines that a crash or a full disk damaged."""
    path = Path(path)
    rows = []
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n") if path.exists() else []:
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue
        if isinstance(row, dict) and isinstance(row.get("step"), int):
            rows.append(row)
    return rows


def truncate_rows(path, step):
    """Removes the rows after a step, which a resumed run writes again."""
    remaining = [row for row in read_rows(path) if row["step"] <= step]
    write_text(path, "".join(json.dumps(row) + "\n" for row in remaining))
