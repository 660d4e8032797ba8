"""Image grids of samples during training: the loss of a GAN does not measure their quality."""

from ...export.visualization import overview
from .sample_writer import SampleWriter

NUM_POINTS = 2000


class SampleGrid(SampleWriter):
    """Writes a grid of images that the averaged generator produces from fixed latents, so that files can be compared.

    When to use it: to watch an image GAN train. Writes `step-000000.png` before the first step, then one file every
    `every_n_steps` steps, and one at the end. Images form a grid next to a strip of real images; 2-D points form a
    scatter plot over real points.

    Args:
        directory: str or path, created if missing.
        every_n_steps: int >= 1, steps between files.
        real: array of real samples for the strip, (num_real, height, width, channels) uint8 or (num_points, 2); or
            None for none.
        num_samples: int >= 1, images in the grid. Default 64.
        seed: int >= 0, of the first sample; sample i has seed + i. Default 0.
        tensorboard: str or path of a TensorBoard log directory, or None.

    Example:

        model.fit(source, callbacks=[SampleGrid("samples", every_n_steps=500, real=source.held_out[:8])])
    """

    def __init__(self, directory, every_n_steps, real=None, num_samples=64, seed=0, tensorboard=None):
        super().__init__(directory, every_n_steps, tensorboard)
        self.real = real
        self.num_samples, self.seed = num_samples, seed

    def render(self):
        """Returns the grid or the scatter plot: uint8 array (height, width, channels)."""
        points = len(self.model.ema_generator.output_shape) == 2
        num_samples = NUM_POINTS if points else self.num_samples
        real = None if self.real is None else self.real[:num_samples]
        samples, columns = self.model.sample_grid(num_samples, self.seed)
        return overview(samples, real, columns)
