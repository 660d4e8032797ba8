"""Generated texts during training: the loss of a GAN does not measure their quality."""

import tensorflow as tf

from ...zoo.core.atomic_files import write_text
from .sample_writer import SampleWriter


class SampleTexts(SampleWriter):
    """Writes texts that the averaged generator produces from fixed seeds, one per line, so that files can be compared.

    When to use it: to watch a text GAN train. Writes `step-000000.txt` before the first step, then one file every
    `every_n_steps` steps, and one at the end.

    Args:
        directory: str or path, created if missing.
        every_n_steps: int >= 1, steps between files.
        num_samples: int >= 1, texts in a file. Default 16.
        seed: int >= 0, of the first text; text i has seed + i. Default 0.
        tensorboard: str or path of a TensorBoard log directory, or None.

    Example:

        model.fit(source, callbacks=[SampleTexts("samples", every_n_steps=100)])
    """

    suffix = ".txt"

    def __init__(self, directory, every_n_steps, num_samples=16, seed=0, tensorboard=None):
        super().__init__(directory, every_n_steps, tensorboard)
        self.num_samples, self.seed = num_samples, seed

    def render(self):
        """Returns the texts: list of str."""
        return self.model.texts(self.num_samples, self.seed)

    def save(self, path, samples):
        """Writes the texts to a file."""
        write_text(path, "".join(f"{text}\n" for text in samples))

    def summarize(self, samples):
        """Writes the texts to TensorBoard, indented, so that they are not parsed as Markdown."""
        tf.summary.text(self.tag, "".join(f"    {text}\n" for text in samples))
