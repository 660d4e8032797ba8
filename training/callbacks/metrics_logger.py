"""Writes the interval means of a model's logged values."""

import json
import os
import time
from pathlib import Path

import keras
import tensorflow as tf

from .step_callback import StepCallback


class MetricsLogger(StepCallback):
    """Appends the means of the logged values to a JSON-lines file and to TensorBoard, every `every_n_steps` steps.

    When to use it: to keep the training curves of a `fit`. A row holds `step`, `kimg` (thousands of real images or
    sequences seen), each logged value's mean over the steps since the last row, the number of those steps as
    `steps_averaged`, and `images_per_second` or, for texts, `sequences_per_second`: the rate of real samples that the
    discriminator saw.

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
        self.writer = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None

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
        if self.writer:
            self.writer.flush()

    def _write(self):
        steps, now = self.step - self._last_step, time.perf_counter()
        samples_per_step = self.batch_size * self.model.n_critic
        row = {"step": self.step, "kimg": self.step * samples_per_step / 1000, "steps_averaged": steps}
        row |= {name: float(value) for name, value in self._logs.items()}
        row |= _scheduled_learning_rate(self.model.generator_optimizer)
        row[f"{self.sample_unit}_per_second"] = steps * samples_per_step / (now - self._last_time)
        append_row(self.path, row)
        if self.writer:
            with self.writer.as_default(step=self.step):
                for name, value in row.items():
                    if name != "step":
                        tf.summary.scalar(name, value)
        self.model.reset_metrics()
        self._last_step, self._last_time = self.step, now


def _scheduled_learning_rate(optimizer):
    """Returns the learning rate of the next update if it is scheduled; the recipe holds a constant one."""
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    scheduled = isinstance(inner._learning_rate, keras.optimizers.schedules.LearningRateSchedule)
    return {"learning_rate": float(inner.learning_rate)} if scheduled else {}


def append_row(path, row):
    """Appends a dict as one JSON line and flushes it to the operating system."""
    with open(path, "a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def read_rows(path):
    """Returns the rows of a JSON-lines file as a list of dicts, without a last line that a crash truncated."""
    path = Path(path)
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def truncate_rows(path, step):
    """Removes the rows after a step, which a resumed run writes again."""
    remaining = [row for row in read_rows(path) if row["step"] <= step]
    temporary = Path(f"{path}.part")
    temporary.write_text("".join(json.dumps(row) + "\n" for row in remaining), encoding="utf-8")
    os.replace(temporary, path)
