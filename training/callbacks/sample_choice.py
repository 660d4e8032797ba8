"""The callback that shows the progress of a run: which one, and what it shows beside the samples."""

from .sample_grid import SampleGrid
from .sample_texts import SampleTexts
from .translation_grid import TranslationGrid

# Real images next to a grid of samples.
NUM_REAL_IMAGES = 8


def make_sample_writer(source, directory, tensorboard, settings):
    """Returns the `SampleWriter` of a run for its family of data.

    Args:
        source: `DataSource`.
        directory: path of the samples.
        tensorboard: path of the TensorBoard log directory.
        settings: `Train`, the recipe's section.
    """
    arguments = {"directory": directory, "every_n_steps": settings.sample_every, "tensorboard": tensorboard}
    return SAMPLE_WRITERS[source.family](source, settings.seed, arguments)


def _sample_grid(source, seed, arguments):
    real = source.held_out[:NUM_REAL_IMAGES] if source.is_image else source.held_out
    return SampleGrid(**arguments, real=real, seed=seed)


def _translation_grid(source, seed, arguments):
    # A domain of few images has none held out.
    x, y = (domain.held_out if len(domain.held_out) else domain.samples for domain in (source.x, source.y))
    return TranslationGrid(**arguments, x=x, y=y)


def _sample_texts(source, seed, arguments):
    return SampleTexts(**arguments, seed=seed)


SAMPLE_WRITERS = {"image": _sample_grid, "translation": _translation_grid, "text": _sample_texts}
