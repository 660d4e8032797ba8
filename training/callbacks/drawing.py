"""The base of callbacks that draw how far a model is."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from ...export.pictures import save_png
from .clock import StepCallback


class Drawing(StepCallback):
    """Writes `step-000000.png` before the first step, then a picture every so many steps, and one at the end.

    A subclass says what is in the picture, and how it is kept where it is none.

    Args:
        folder: str or path, made if missing.
        every: int >= 1, steps between pictures.
        tensorboard: str or path of a TensorBoard log folder, or None.
    """

    # What TensorBoard calls the pictures, and how their files' names end.
    tag, suffix = "samples", ".png"

    def __init__(self, folder, every, tensorboard=None):
        super().__init__()
        self.folder = Path(folder)
        self.every = every
        self.writer = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None

    def picture(self):
        """Returns what the model makes now: uint8 array (height, width, channels)."""
        raise NotImplementedError

    def save(self, path, picture):
        """Writes a picture to a file."""
        save_png(path, picture)

    def summarise(self, picture):
        """Shows a picture in TensorBoard."""
        tf.summary.image(self.tag, picture[np.newaxis])

    def on_train_begin(self, logs=None):
        """Shows the untrained model."""
        super().on_train_begin(logs)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._drawn = None
        if self.step == 0:
            self._draw()

    def on_step(self, step, previous, logs):
        """Draws where a picture is due."""
        if self.is_due(step, previous, self.every):
            self._draw()

    def on_train_end(self, logs=None):
        """Shows the model as it is left."""
        if self._drawn != self.step:
            self._draw()
        if self.writer:
            self.writer.flush()

    def _draw(self):
        picture = self.picture()
        self.save(self.folder / f"step-{self.step:06d}{self.suffix}", picture)
        if self.writer:
            with self.writer.as_default(step=self.step):
                self.summarise(picture)
        self._drawn = self.step
