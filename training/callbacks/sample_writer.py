"""The base class of callbacks that write samples during training."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from ...export.visualization import save_png
from .event_log import EventLog
from .side_output import SideOutput
from .step_callback import StepCallback
from .stopping import abandoned_on_signal, interruptible


class SampleWriter(StepCallback):
    """Writes samples to `step-000000.png` before the first step, every `every_n_steps` steps, and at the end.

    When to use it: as the base of a callback that shows the progress of a model. A subclass implements `render`, and
    `save` and `summarize` where its samples are not images. A file that cannot be written is reported once on stderr
    and does not end training.

    Args:
        directory: str or path, created if missing.
        every_n_steps: int >= 1, steps between files.
        tensorboard: str or path of a TensorBoard log directory, or None.
    """

    # The TensorBoard tag of the samples, and the suffix of their files.
    tag, suffix = "samples", ".png"

    def __init__(self, directory, every_n_steps, tensorboard=None):
        super().__init__()
        self.directory = Path(directory)
        self.every_n_steps = every_n_steps
        self.events = EventLog(tensorboard)
        self._files = SideOutput(f"samples in {self.directory}")

    def render(self):
        """Returns the model's current samples: uint8 array (height, width, channels), values in [0, 255]."""
        raise NotImplementedError

    def save(self, path, samples):
        """Writes rendered samples to a file."""
        save_png(path, samples)

    def summarize(self, samples):
        """Writes rendered samples to TensorBoard."""
        tf.summary.image(self.tag, samples[np.newaxis])

    def on_train_begin(self, logs=None):
        """Writes samples of the untrained model, and those that are due at the step that training resumes from."""
        super().on_train_begin(logs)
        self._finished_step = None
        if self.step % self.every_n_steps == 0:
            with interruptible():
                self._write()

    def on_step(self, step, previous, logs):
        """Writes samples where they are due; a signal abandons them."""
        if self.is_due(step, previous, self.every_n_steps):
            # Also if they are abandoned: at the end of training they are not started again.
            self._finished_step = self.step
            with abandoned_on_signal(self.model):
                self._write()

    def on_train_end(self, logs=None):
        """Writes samples of the final model."""
        if self._finished_step != self.step:
            self._write()
        self.events.flush()

    def _write(self):
        self._files.write(self._write_files)
        self._finished_step = self.step

    def _write_files(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        samples = self.render()
        self.save(self.directory / f"step-{self.step:06d}{self.suffix}", samples)
        self.events.write(self.step, lambda: self.summarize(samples))
