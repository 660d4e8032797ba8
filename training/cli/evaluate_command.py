"""`ganzoo evaluate`: evaluates a run against its own data, or a set of images against a reference."""

import os
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ...export.evaluation import ImageEvaluator, SamplesError, as_pixels, make_evaluator
from ...export.visualization import save_png
from ...zoo.errors import UserError
from ..data import kinds, load
from ..data.images.paired_reader import list_images
from ..data.resizing import RESIZER
from ..run.run_dir import as_run_dir
from .output_paths import check_output_file, check_output_folder, claim_folder, data_of_run

# The kind of folder that the image grids of a report are in.
IMAGES = "evaluation"
# Kinds of sources that are refused for their family rather than for their lack of a resolution.
TEXT_KINDS = ("lines", "oracle")
# Samples per block of seeds of a run.
NUM_SAMPLES = 10_000


def evaluate_run(
    run, checkpoint="last", extractor=None, metrics=None, num_samples=None, seeds=1, progress=True, data=None
):  # fmt: skip
    """Evaluates a run's generator against the data it was trained on.

    Args:
        run: str or path of a run directory, or a `RunDir`.
        checkpoint: "last" or "best". Default "last".
        extractor: str, or None for the recipe's, else "auto". Default None.
        metrics: iterable of str, or None for all. Default None.
        num_samples: int >= 2, samples per block of seeds, and training rows in the reference; or None for 10,000.
            Default None.
        seeds: int >= 1, number of disjoint blocks of seeds. Default 1.
        progress: bool, report progress and notes on stderr. Default True.
        data: str, a data source that now holds the run's data, or None for the recipe's. Default None.

    Returns:
        An `EvaluationReport`, or a `TranslationReport` for an image translation run.

    Raises:
        UserError: no run, other data than it was trained on, or an extractor or metric that cannot be used.
    """
    run_dir = as_run_dir(run)
    model, recipe = run_dir.load_model(checkpoint), run_dir.load_recipe()
    source = run_dir.load_data(data and run_dir.load_recipe(source=data))
    if extractor is None:
        extractor = recipe.evaluate.extractor if recipe.evaluate else "auto"
    num_samples = NUM_SAMPLES if num_samples is None else num_samples
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
    real, fake, resolution=None, value_range=None, extractor="auto", metrics=None, num_samples=None, progress=True
):
    """Compares any set of images or points with another one; all rows of both sets count, held out or not.

    Args:
        real: str, the reference: a data source such as "digits" or "folder:DIR", a folder of images, or an .npz or .npy
            file. An extractor that is trained on the reference is trained on its training rows.
        fake: str: a folder of images, an .npz or .npy file, or a data source.
        resolution: int, or None for the source's own. Default None.
        value_range: (low, high) of float images in a file, or None for (-1, 1). Default None.
        num_samples: int >= 2, a random subset of this size of each set, or None for all. Default None.
        extractor, metrics, progress: of `ImageEvaluator`.

    Returns:
        An `EvaluationReport`; its notes name images that were resized or stored with lossy compression.

    Raises:
        UserError: a set that cannot be read, or samples that do not fit the source.
    """
    source, real_notes, has_range = _read_reference(real, resolution, value_range)
    samples, notes = read_samples(fake, source)
    # Samples are validated before an extractor is trained for them. The range may be that of the reference alone.
    samples = as_pixels(samples, fake, None if has_range and samples.dtype == np.uint8 else value_range)
    evaluator = ImageEvaluator(source, extractor, metrics, num_samples, progress=progress, split="all")
    report = evaluator.report(samples, name=fake)
    report.warnings += [*real_notes, *notes]
    return report


def _read_reference(real, resolution, value_range):
    """Returns (the data of the reference, notes about how its images were stored, whether the range is theirs)."""
    if _is_array_file(real):
        array = _read_array(Path(real).expanduser())
        declared = None if array.dtype == np.uint8 else value_range
        return load(as_pixels(array, real, declared), resolution, name=real), [], declared is not None
    real = reference_name(real)
    source = _load_images(real, resolution)
    return source, _source_notes(real, source), False


def reference_name(real):
    """Returns the name of the data source of the reference: a folder may be given by its path alone."""
    is_source = real.partition(":")[0] in kinds()
    return f"folder:{real}" if not is_source and Path(real).expanduser().is_dir() else real


def _load_images(spec, resolution, **options):
    # Texts have no resolution, which the user need not have given.
    source = load(spec, None if spec.partition(":")[0] in TEXT_KINDS else resolution, **options)
    if source.family == "image":
        return source
    refusals = {
        "text": "texts, expected images or points: evaluate a run of texts with `ganzoo evaluate RUN`",
        "translation": "two domains, expected one set of images, such as folder:DIR of one domain",
    }
    raise UserError(f"evaluate: received {spec!r}, which has {refusals[source.family]}")


def _is_array_file(spec):
    return Path(spec).suffix in (".npz", ".npy")


def check_report_path(path, options):
    """Refuses a path that the report, or the folder beside it for its image grids, must not be written to.

    Args:
        path: path of the report.
        options: namespace with run, real, fake and out.

    Raises:
        UserError: not a .json file, a path inside the data, or files that are not ganzoo's.
    """
    if path.suffix != ".json":
        raise UserError(f"--out: received {str(path)!r}, expected a .json file")
    if options.run is not None:
        sources = [data_of_run(options.run), *([{"source": options.data}] if options.data else [])]
    else:
        sources = [{"source": reference_name(name)} for name in (options.real, options.fake)]
    check_output_file(path, *sources, default=not options.out)
    check_output_folder(path.with_suffix(""), IMAGES, *sources)


def save_images(report, directory):
    """Writes a report's image grids as PNGs into a directory, which is created if there are any."""
    for name, image in report.images.items():
        save_png(claim_folder(directory, IMAGES) / f"{name}.png", image)


def read_samples(spec, source):
    """Reads the samples to evaluate.

    Args:
        spec: str: a folder of images, an .npz or .npy file, or a data source.
        source: the reference; images are read at its resolution and with its channels.

    Returns:
        (array, notes): the samples, and a list of str about how they were stored and read.
    """
    path = Path(spec).expanduser()
    if _is_array_file(spec):
        return _read_array(path), []
    if path.is_dir():
        spec = f"folder:{spec}"
    elif ":" not in spec and path.exists():
        raise UserError(f"--fake: received {spec!r}, expected a folder, an .npz or .npy file, or a data source")
    options = {"channels": source.shape[-1]} if spec.startswith("folder:") and source.is_image else {}
    fake = _load_images(spec, source.shape[0] if source.is_image else None, **options)
    return np.concatenate([fake.samples[:], fake.held_out[:]]), _source_notes(spec, fake)


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


def _source_notes(spec, source):
    """Returns notes about what was read of a source, and how it was stored."""
    skipped = source.facts.get("skipped", 0)
    notes = [f"{spec}: {skipped} files could not be read and do not count"] if skipped else []
    return notes + (_folder_notes(spec.removeprefix("folder:"), source) if spec.startswith("folder:") else [])


def _folder_notes(folder, source):
    """Returns notes about how the images of a folder were stored, as far as that affects scores."""
    sizes, formats = set(), set()
    root = Path(folder).expanduser()
    files, _, _ = list_images(f"folder:{folder}", root, "")
    for file in files:
        try:
            with Image.open(root / os.fsdecode(file)) as image:
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
