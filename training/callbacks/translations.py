"""Pictures of translations while a model learns: what becomes of the same few pictures."""

import numpy as np

from ...export.pictures import comparison_rows
from ...zoo.errors import ArgumentError
from .drawing import Drawing


class TranslationGrid(Drawing):
    """Writes pictures of what the averaged generators make of FIXED pictures, a row a picture.

    Writes `step-000000.png` before the first step, then every so many steps, and one at the end. Where the model
    translates both ways (G: x -> y, F: y -> x) the columns are x, G(x), F(G(x)), F(x) and, right of a gap,
    y, F(y), G(F(y)), G(y): the translation, the way there and back, and what a generator makes of a picture that is in
    its domain already, which is left out where the domains have other channels. Where the model goes one way they are
    x, G(x) and y, the truth.

    Args:
        folder: str or path, made if missing.
        every: int >= 1, steps between pictures.
        x, y: arrays of pictures of both domains, held out if possible; for a model that goes one way, row i of y
            belongs to row i of x.
        tensorboard: str or path of a TensorBoard log folder, or None.
        num: int >= 1, pictures of each domain; fewer where there are fewer. Default 8.

    Raises:
        ArgumentError: no pictures of a domain.
    """

    tag = "translations"

    def __init__(self, folder, every, x, y, tensorboard=None, num=8):
        super().__init__(folder, every, tensorboard)
        shown = min(num, len(x), len(y))
        if shown < 1:
            raise ArgumentError(f"x, y: received {len(x)} and {len(y)} pictures, expected at least one of each domain")
        self.domains = {"x": np.asarray(x[:shown]), "y": np.asarray(y[:shown])}

    def picture(self):
        """Returns the rows."""
        if self.model.directions == ("y",):
            x, y = self.domains.values()
            return comparison_rows([x, self.model.translate(x), y])
        return comparison_rows(self._round_trip("x", "y"), self._round_trip("y", "x"))

    def _round_trip(self, domain, other):
        pictures = self.domains[domain]
        there = self.model.translate(pictures, to=other)
        columns = [pictures, there, self.model.translate(there, to=domain)]
        if pictures.shape == self.domains[other].shape:
            columns.append(self.model.translate(pictures, to=domain))
        return columns
