"""Image grids of translations during training."""

import numpy as np

from ...export.visualization import comparison_rows
from ...zoo.errors import ArgumentError
from .sample_writer import SampleWriter


class TranslationGrid(SampleWriter):
    """Writes what the averaged generators produce from fixed images, one row per image, so that files can be compared.

    When to use it: to watch an image translation GAN train. Writes `step-000000.png` before the first step, then one
    file every `every_n_steps` steps, and one at the end.

    For a model that translates both ways (G: x -> y, F: y -> x) the columns are x, G(x), F(G(x)), F(x) and, right of a
    gap, y, F(y), G(F(y)), G(y): the input, its translation, the reconstruction, and the identity mapping, which is left
    out if the domains differ in channels. For a model that translates one way they are x, G(x) and the target y.

    Args:
        directory: str or path, created if missing.
        every_n_steps: int >= 1, steps between files.
        x, y: uint8 arrays (num_images, height, width, channels) of images of both domains, held out if possible; for
            a model that translates one way, row i of y is the target of row i of x.
        tensorboard: str or path of a TensorBoard log directory, or None.
        num_samples: int >= 1, images of each domain; fewer if there are fewer. Default 8.

    Raises:
        ArgumentError: a domain without images.

    Example:

        grid = TranslationGrid("samples", every_n_steps=500, x=source.x.held_out, y=source.y.held_out)
        model.fit(source, callbacks=[grid])
    """

    tag = "translations"

    def __init__(self, directory, every_n_steps, x, y, tensorboard=None, num_samples=8):
        super().__init__(directory, every_n_steps, tensorboard)
        rows = min(num_samples, len(x), len(y))
        if rows < 1:
            raise ArgumentError(f"x, y: received {len(x)} and {len(y)} images, expected at least one of each domain")
        self.domains = {"x": np.asarray(x[:rows]), "y": np.asarray(y[:rows])}

    def render(self):
        """Returns the rows: uint8 array (height, width, channels)."""
        if self.model.directions == ("y",):
            x, y = self.domains.values()
            return comparison_rows([x, self.model.translate(x), y])
        return comparison_rows(self._round_trip("x", "y"), self._round_trip("y", "x"))

    def _round_trip(self, domain, other):
        images = self.domains[domain]
        translations = self.model.translate(images, to=other)
        columns = [images, translations, self.model.translate(translations, to=domain, value_range=(-1, 1))]
        if images.shape == self.domains[other].shape:
            columns.append(self.model.translate(images, to=domain))
        return columns
