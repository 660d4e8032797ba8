"""Texts while a model learns: what its words say, no loss does."""

import tensorflow as tf

from ...zoo.files import write_text
from .drawing import Drawing


class SampleTexts(Drawing):
    """Writes texts of the averaged generator of FIXED seeds, one a line, so that one sees the same ones improve.

    Writes `step-000000.txt` before the first step, then every so many steps, and one at the end.

    Args:
        folder: str or path, made if missing.
        every: int >= 1, steps between files.
        num: int >= 1, texts in a file. Default 16.
        seed: int >= 0, of the first text. Default 0.
        tensorboard: str or path of a TensorBoard log folder, or None.

    Example:

        model.fit(source, callbacks=[SampleTexts("samples", every=100)])
    """

    suffix = ".txt"

    def __init__(self, folder, every, num=16, seed=0, tensorboard=None):
        super().__init__(folder, every, tensorboard)
        self.num, self.seed = num, seed

    def picture(self):
        """Returns the texts: list of str."""
        return self.model.texts(self.num, self.seed)

    def save(self, path, picture):
        """Writes the texts to a file."""
        write_text(path, "".join(f"{text}\n" for text in picture))

    def summarise(self, picture):
        """Shows the texts in TensorBoard, indented, so that nothing in them is taken for markup."""
        tf.summary.text(self.tag, "".join(f"    {text}\n" for text in picture))
