"""Writes the interval means of what a model logs."""

import json
import os
import time
from pathlib import Path

import keras
import tensorflow as tf

from .clock import StepCallback


class LogMetrics(StepCallback):
    """Appends a JSON line of means to a file, and the same scalars to TensorBoard, every so many steps.

    A row holds `step`, `kimg` (thousands of real images or sequences shown), each logged value's mean over the steps
    since the row before, their number `steps_averaged`, and `images_per_second`, of texts `sequences_per_second`: real
    ones that a discriminator turn saw.

    Args:
        path: str or path of the JSON-lines file; rows are appended.
        every: int >= 1, steps between rows.
        also_every: int >= 1 or None, further steps with a row: where checkpoints are saved, so that no mean spans
            one and a resumed run writes the same rows.
        batch_size: int >= 1, rows of a discriminator turn.
        tensorboard: str or path of a TensorBoard log folder, or None.
    """

    def __init__(self, path, every, batch_size, also_every=None, tensorboard=None):
        super().__init__()
        self.path = Path(path)
        self.every, self.also_every = every, also_every or every
        self.batch_size = batch_size
        self.writer = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None

    def on_train_begin(self, logs=None):
        """Starts the clock."""
        super().on_train_begin(logs)
        self._last_step, self._last_time = self.step, time.perf_counter()
        self._logs = {}

    def on_step(self, step, previous, logs):
        """Writes a row where one is due."""
        self._logs = logs
        if self.is_due(step, previous, self.every) or self.is_due(step, previous, self.also_every):
            self._write()

    def on_train_end(self, logs=None):
        """Writes the last, shorter interval, so that nothing is lost."""
        if self.step > self._last_step:
            self._write()
        if self.writer:
            self.writer.flush()

    def _write(self):
        steps, now = self.step - self._last_step, time.perf_counter()
        rows = self.batch_size * self.model.n_critic
        row = {"step": self.step, "kimg": self.step * rows / 1000, "steps_averaged": steps}
        row |= {name: float(value) for name, value in self._logs.items()}
        row |= _scheduled_rate(self.model.generator_optimizer)
        row[f"{self.rows_are}_per_second"] = steps * rows / (now - self._last_time)
        append_row(self.path, row)
        if self.writer:
            with self.writer.as_default(step=self.step):
                for name, value in row.items():
                    if name != "step":
                        tf.summary.scalar(name, value)
        self.model.reset_metrics()
        self._last_step, self._last_time = self.step, now


def _scheduled_rate(optimizer):
    """The learning rate of the next update, where it changes; a constant one is in the recipe."""
    own = getattr(optimizer, "inner_optimizer", optimizer)
    scheduled = isinstance(own._learning_rate, keras.optimizers.schedules.LearningRateSchedule)
    return {"learning_rate": float(own.learning_rate)} if scheduled else {}


def append_row(path, row):
    """Appends one JSON line and hands it to the operating system at once."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(path):
    """Returns the rows of a JSON-lines file as a list of dicts; a last line cut short by a crash is left out."""
    path = Path(path)
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def cut_back(path, step):
    """Removes the rows after a step, which a resumed run will write again."""
    kept = [row for row in read_rows(path) if row["step"] <= step]
    temporary = Path(f"{path}.part")
    temporary.write_text("".join(json.dumps(row) + "\n" for row in kept), encoding="utf-8")
    os.replace(temporary, path)
