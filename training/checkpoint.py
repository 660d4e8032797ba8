"""Saving a run's state so that no moment can lose it, and reading it back.

A checkpoint is one `.keras` file: weights, both optimisers, the average, the step. It is written under a temporary
name, flushed to the disk, and renamed; `last.keras` becomes `previous.keras` first. Whenever the machine stops, one
whole file is there.
"""

import contextlib
import os
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np

from ..zoo.cache import flush

LAST, PREVIOUS, BEST, PART = "last.keras", "previous.keras", "best.keras", "part.keras"
NAMES = ("last", "best")


class CheckpointError(RuntimeError):
    """A checkpoint that could not be written or read, through no fault of the user's."""


def save_checkpoint(model, folder):
    """Writes `last.keras` in a folder, keeping the one before as `previous.keras`.

    Raises:
        CheckpointError: a weight is NaN or infinite, or the disk refuses; the earlier files are as they were.
    """
    with _written(model, Path(folder)) as part:
        if (part.parent / LAST).exists():
            os.replace(part.parent / LAST, part.parent / PREVIOUS)
        os.replace(part, part.parent / LAST)


def save_best(model, folder):
    """Writes `best.keras` in a folder, in place of the one there may be.

    Raises:
        CheckpointError: as for `save_checkpoint`.
    """
    with _written(model, Path(folder)) as part:
        os.replace(part, part.parent / BEST)


@contextlib.contextmanager
def _written(model, folder):
    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise CheckpointError(
                f"weight {weight.path!r} is NaN or infinite at step {model.steps_done}, nothing saved"
            )
    part = folder / PART
    try:
        model.save(part)
        flush(part)
        yield part
        flush(folder)
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        part.unlink(missing_ok=True)
        raise CheckpointError(f"the checkpoint of step {model.steps_done} could not be written: {error}") from error


def load_checkpoint(folder, name="last"):
    """Reads a checkpoint.

    Args:
        folder: str or path of the `checkpoints` folder.
        name: "last" for the newest whole one, or "best". Default "last".

    Returns:
        (model, notes): the model, and a list of str about files that were passed over.

    Raises:
        FileNotFoundError: there is no whole checkpoint.
    """
    folder, notes = Path(folder), []
    candidates = (BEST,) if name == "best" else (LAST, PREVIOUS)
    for candidate in candidates:
        path = folder / candidate
        if not path.exists():
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
            if damaged:
                raise zipfile.BadZipFile(f"{damaged} fails its checksum")
            return keras.saving.load_model(path), notes
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            notes.append(f"{path} is not whole ({error}); going on from the checkpoint before it")
    raise FileNotFoundError(f"{folder}: received no whole checkpoint, expected {' or '.join(candidates)}")


def check_space(model, folder, copies=4):
    """Raises CheckpointError unless the folder's disk has room for some copies of the model's state.

    Four copies are the most that ever exist: last, previous, best, and the one being written.
    """
    variables = [*model.weights, *model.generator_optimizer.variables, *model.discriminator_optimizer.variables]
    needed = copies * sum(variable.numpy().nbytes for variable in variables)
    available = shutil.disk_usage(folder).free
    if available < needed:
        raise CheckpointError(
            f"{folder}: {available:,} bytes are free, expected at least {needed:,} for the checkpoints: "
            "free some space or choose another --out"
        )
