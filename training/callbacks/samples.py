"""Pictures of samples while a model learns: a GAN's loss alone tells nothing."""

from ...export.pictures import overview
from .drawing import Drawing

POINTS = 2000


class SampleGrid(Drawing):
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
        super().__init__(folder, every, tensorboard)
        self.real = real
        self.num, self.seed = num, seed

    def picture(self):
        """Returns the grid or the scatter."""
        points = len(self.model.averaged_generator.output_shape) == 2
        num = POINTS if points else self.num
        real = None if self.real is None else self.real[:num]
        samples, columns = self.model.showcase(num, self.seed)
        return overview(samples, real, columns)
