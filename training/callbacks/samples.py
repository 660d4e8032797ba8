"""Pictures of samples while a model learns: a GAN's loss alone tells nothing."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from ...export.pictures import overview, save_png
from .clock import StepCallback

POINTS = 2000


class SampleGrid(StepCallback):
    """Writes pictures of the averaged generator's samples of FIXED latents, so that one sees the same ones improve.

    Writes `step-000000.png` before the first step, then every so many steps, and one at the end. Images are laid out
    in a grid with a strip of real ones beside it; points are scattered over real ones.

    Args:
        folder: str or path, made if missing.
        every: int >= 1, steps between pictures.
        real: array of real samples or None, for the strip.
        num: int >= 1, images in the grid. Default 64.
        seed: int >= 0, of the first sample. Default 0.
        tensorboard: str or path of a TensorBoard log folder, or None.
    """

    def __init__(self, folder, every, real=None, num=64, seed=0, tensorboard=None):
        super().__init__()
        self.folder = Path(folder)
        self.every = every
        self.real = real
        self.num, self.seed = num, seed
        self.writer = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None

    def on_train_begin(self, logs=None):
        """Shows the untrained generator."""
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
        """Shows the generator as it is left."""
        if self._drawn != self.step:
            self._draw()
        if self.writer:
            self.writer.flush()

    def _draw(self):
        points = len(self.model.averaged_generator.output_shape) == 2
        num = POINTS if points else self.num
        real = None if self.real is None else self.real[:num]
        samples, columns = self.model.showcase(num, self.seed)
        picture = overview(samples, real, columns)
        save_png(self.folder / f"step-{self.step:06d}.png", picture)
        if self.writer:
            with self.writer.as_default(step=self.step):
                tf.summary.image("samples", picture[np.newaxis])
        self._drawn = self.step
