"""`ganzoo evaluate`: evaluates a run against its own data, or a set of images against a reference."""

import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...export.evaluation import ImageEvaluator, SamplesError, as_pixels, make_evaluator
from ...export.visualization import save_png
from ...zoo.errors import UserError
from ..data import load
from ..data.resizing import RESIZER
from ..run.run_dir import as_run_dir

# Files of a folder whose size and format are read for the notes.
MAX_INSPECTED_FILES = 200


def evaluate_run(run, checkpoint="last", extractor=None, metrics=None, num_samples=10_000, seeds=1, progress=True):
    """Evaluates a run's generator against the data it was trained on.

    Args:
        run: str or path of a run directory, or a `RunDir`.
        checkpoint: "last" or "best". Default "last".
        extractor: str, or None for the recipe's, else "auto". Default None.
        metrics: iterable of str, or None for all. Default None.
        num_samples: int >= 2, samples per block of seeds, and training rows in the reference. Default 10,000.
        seeds: int >= 1, number of disjoint blocks of seeds. Default 1.
        progress: bool, report progress and notes on stderr. Default True.

    Returns:
        An `EvaluationReport`, or a `TranslationReport` for an image translation run.

    Raises:
        UserError: no run, other data than it was trained on, or an extractor or metric that cannot be used.
    """
    run_dir = as_run_dir(run)
    model, recipe = run_dir.load_model(checkpoint), run_dir.load_recipe()
    source = load(**recipe.data)
    run_dir.require_data(source.fingerprint)
    if extractor is None:
        extractor = recipe.evaluate.extractor if recipe.evaluate else "auto"
    evaluator = make_evaluator(source, extractor, metrics, num_samples, progress=progress)
    kimg = model.steps_done * recipe.train.batch_size * model.n_critic / 1000
    facts = {"checkpoint": checkpoint, "step": model.steps_done, "kimg": kimg}
    if source.family == "translation":
        if metrics is not None or seeds != 1:
            raise UserError(
                f"evaluate: received metrics {metrics} and {seeds} seeds, expected neither: translations do not depend "
                "on a seed, and all metrics that apply to them are computed"
            )
        return evaluator.report(model, name=str(run_dir), facts=facts)
    return evaluator.report(model, seeds, name=str(run_dir), facts=facts)


def evaluate_pair(
    real, fake, resolution=None, value_range=None, extractor="auto", metrics=None, num_samples=10_000, progress=True
):
    """Evaluates any set of images or points against a data source.

    Args:
        real: str, a data source such as "digits" or "folder:DIR".
        fake: str: a folder of images, an .npz or .npy file, or a data source.
        resolution: int, or None for the source's own. Default None.
        value_range: (low, high) of float images in a file, or None for (-1, 1). Default None.
        extractor, metrics, num_samples, progress: of `ImageEvaluator`.

    Returns:
        An `EvaluationReport`; its notes name images that were resized or stored with lossy compression.

    Raises:
        UserError: a set that cannot be read, or samples that do not fit the source.
    """
    source = load(real, resolution)
    if source.family == "text":
        raise UserError(
            f"evaluate: received {real!r}, which has texts, expected images or points: evaluate a run of texts with "
            "`ganzoo evaluate RUN`"
        )
    samples, notes = read_samples(fake, source)
    # Samples are validated before an extractor is trained for them.
    samples = as_pixels(samples, fake, value_range)
    real_notes = _folder_notes(real.removeprefix("folder:"), source) if real.startswith("folder:") else []
    evaluator = ImageEvaluator(source, extractor, metrics, num_samples, progress=progress)
    report = evaluator.report(samples, name=fake)
    report.warnings += [*real_notes, *notes]
    return report


def save_images(report, directory):
    """Writes a report's image grids as PNGs into a directory, which is created if there are any."""
    for name, image in report.images.items():
        Path(directory).mkdir(parents=True, exist_ok=True)
        save_png(Path(directory) / f"{name}.png", image)


def read_samples(spec, source):
    """Reads the samples to evaluate.

    Args:
        spec: str: a folder of images, an .npz or .npy file, or a data source.
        source: the reference; images are read at its resolution and with its channels.

    Returns:
        (array, notes): the samples, and a list of str about how they were stored and read.
    """
    path = Path(spec)
    if path.suffix in (".npz", ".npy"):
        return _read_array(path), []
    notes = []
    if path.is_dir():
        notes = _folder_notes(spec, source)
        spec = f"folder:{spec}"
    elif ":" not in spec and path.exists():
        raise UserError(f"--fake: received {spec!r}, expected a folder, an .npz or .npy file, or a data source")
    options = {"channels": source.shape[-1]} if spec.startswith("folder:") and source.is_image else {}
    fake = load(spec, source.shape[0] if source.is_image else None, **options)
    return np.concatenate([fake.samples[:], fake.held_out[:]]), notes


def _read_array(path):
    try:
        # NumPy does not close a file that it cannot parse.
        with open(path, "rb") as file:
            content = np.load(file, allow_pickle=False)
            single = isinstance(content, np.ndarray)
            arrays = {"samples": content} if single else {name: content[name] for name in content}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise SamplesError(f"{path}: cannot be read ({error}), expected an intact NumPy file") from None
    if "samples" not in arrays and len(arrays) != 1:
        raise SamplesError(f"{path}: received arrays {list(arrays)}, expected one, or one named 'samples'")
    return arrays["samples"] if "samples" in arrays else next(iter(arrays.values()))


def _folder_notes(folder, source):
    """Returns notes about how the images of a folder were stored, as far as that affects scores."""
    sizes, formats = set(), set()
    files = sorted(path for path in Path(folder).expanduser().rglob("*") if path.is_file())
    for path in files[:MAX_INSPECTED_FILES]:
        try:
            with Image.open(path) as image:
                sizes.add(image.size)
                formats.add(image.format)
        except (OSError, UnidentifiedImageError):
            # The data source counts and names the files that it cannot read.
            continue
    size, notes = source.shape[0], []
    other_sizes = sorted(sizes - {(size, size)})
    if other_sizes:
        listed = ", ".join(f"{width}x{height}" for width, height in other_sizes[:3])
        notes.append(f"{folder}: images of {listed} were resized to {size}x{size} ({RESIZER}): resizing changes scores")
    if "JPEG" in formats:
        notes.append(f"{folder}: contains JPEG files: their compression artifacts affect the scores, PNG has none")
    return notes
