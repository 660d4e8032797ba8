"""`ganzoo evaluate`: a run against its own data, or any two sets of images."""

import tomllib
import zipfile
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from ..export.evaluation import Judge, SamplesError, TranslationJudge, as_pixels, judge_of
from ..export.pictures import save_png
from ..zoo.errors import UserError
from .data import load
from .data.pixels import RESIZER
from .recipe import Recipe
from .rundir import RunFolder, load_run

# Files whose size and format are looked at, for the notes.
LOOKED_AT = 200


def judge_run(path, checkpoint="last", extractor=None, metrics=None, num=10_000, seeds=1, progress=True):
    """Judges a run's generator against the data it was trained on.

    Args:
        path: str or path of a run folder.
        checkpoint: "last" or "best". Default "last".
        extractor: str or None for the recipe's, else "auto".
        metrics: iterable of str or None for all.
        num: int >= 2, samples of a seed block, and training rows in the reference. Default 10,000.
        seeds: int >= 1, disjoint blocks of seeds. Default 1.
        progress: bool, bars and notes on stderr. Default True.

    Returns:
        A `Report`, or a `TranslationReport` of a run that translates.

    Raises:
        UserError: no run, other data than it was trained on, or an extractor or metric that cannot be used; texts have
            no extractor.
    """
    folder = RunFolder(path)
    model = load_run(path, checkpoint)
    recipe = Recipe(tomllib.loads(folder.recipe.read_text(encoding="utf-8")), str(folder.recipe))
    source = load(**recipe.data)
    folder.require_data(source.fingerprint)
    if extractor is None:
        extractor = recipe.evaluate.extractor if recipe.evaluate else "auto"
    judge = judge_of(source, extractor, metrics, num, progress=progress)
    kimg = model.steps_done * recipe.train.batch_size * model.n_critic / 1000
    facts = {"checkpoint": checkpoint, "step": model.steps_done, "kimg": kimg}
    if isinstance(judge, TranslationJudge):
        if metrics is not None or seeds != 1:
            raise UserError(
                f"evaluate: received metrics {metrics} and {seeds} seeds, expected neither: translations hang on no "
                "seed, and all that can be computed of them is"
            )
        return judge.report(model, name=str(path), facts=facts)
    return judge.report(model, seeds, name=str(path), facts=facts)


def judge_pair(
    real, fake, resolution=None, value_range=None, extractor="auto", metrics=None, num=10_000, progress=True
):
    """Judges any set of images against a data source.

    Args:
        real: str, a data source such as "digits" or "folder:DIR".
        fake: str: a folder of pictures, an .npz or .npy file of images, or a data source.
        resolution: int or None for the source's own.
        value_range: (low, high) of float images in a file, or None for (-1, 1).
        extractor, metrics, num, progress: of `Judge`.

    Returns:
        A `Report`; its notes tell whether pictures were resized or had been stored with loss.

    Raises:
        UserError: either that cannot be read, or samples that do not fit the source.
    """
    source = load(real, resolution)
    if hasattr(source, "tokens"):
        raise UserError(
            f"evaluate: received {real!r}, which has texts, expected images or points: a run of texts is judged by "
            "`ganzoo evaluate RUN`"
        )
    samples, notes = read_samples(fake, source)
    # What is wrong with them is told before an extractor is trained for them.
    samples = as_pixels(samples, fake, value_range)
    real_notes = _folder_notes(real.removeprefix("folder:"), source) if real.startswith("folder:") else []
    judge = Judge(source, extractor, metrics, num, progress=progress)
    report = judge.report(samples, name=fake)
    report.warnings += [*real_notes, *notes]
    return report


def save_pictures(report, folder):
    """Writes a report's pictures as PNGs into a folder."""
    for name, picture in report.pictures.items():
        Path(folder).mkdir(parents=True, exist_ok=True)
        save_png(Path(folder) / f"{name}.png", picture)


def read_samples(spec, source):
    """Reads samples to be judged.

    Args:
        spec: str: a folder of pictures, an .npz or .npy file, or a data source.
        source: the reference, whose resolution and channels they get.

    Returns:
        (array, notes): the samples, and a list of str about what happened to them on the way.
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
    judged = load(spec, source.shape[0] if source.is_image else None, **options)
    return np.concatenate([judged.samples[:], judged.held_out[:]]), notes


def _read_array(path):
    try:
        # NumPy leaves a file open that it cannot read.
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
    """What a reader of the score must know about how the pictures were stored."""
    sizes, formats = set(), set()
    files = sorted(path for path in Path(folder).expanduser().rglob("*") if path.is_file())
    for path in files[:LOOKED_AT]:
        try:
            with Image.open(path) as picture:
                sizes.add(picture.size)
                formats.add(picture.format)
        except (OSError, UnidentifiedImageError):
            # The loader counts and names what it cannot read.
            continue
    size, notes = source.shape[0], []
    others = sorted(sizes - {(size, size)})
    if others:
        told = ", ".join(f"{width}x{height}" for width, height in others[:3])
        notes.append(f"{folder}: pictures of {told} were brought to {size}x{size} ({RESIZER}): resizing changes scores")
    if "JPEG" in formats:
        notes.append(f"{folder}: holds JPEG files: their loss is measured too, PNG has none")
    return notes
