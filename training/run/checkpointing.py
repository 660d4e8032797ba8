"""Saves and loads the state of a run such that an interruption at any moment leaves an intact checkpoint.

A checkpoint is one `.keras` file: weights, both optimizers, the averaged weights, and the step. It is written under a
temporary name, flushed to disk, and renamed; `last.keras` is renamed to `previous.keras` first.
"""

import contextlib
import os
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np

from ...zoo.core.cache import flush

LAST, PREVIOUS, BEST, PART = "last.keras", "previous.keras", "best.keras", "part.keras"
CHECKPOINT_NAMES = ("last", "best")


class CheckpointError(RuntimeError):
    """A checkpoint could not be written or read, for a reason outside the user's control."""


def save_checkpoint(model, directory):
    """Writes `last.keras` and keeps the previous one as `previous.keras`.

    Args:
        model: compiled model of the zoo.
        directory: str or path.

    Raises:
        CheckpointError: a weight is NaN or infinite, or the write failed; the existing files are unchanged.
    """
    with _write_part(model, Path(directory)) as part:
        if (part.parent / LAST).exists():
            os.replace(part.parent / LAST, part.parent / PREVIOUS)
        os.replace(part, part.parent / LAST)


def save_best(model, directory):
    """Writes `best.keras`, replacing an existing one.

    Args:
        model: compiled model of the zoo.
        directory: str or path.

    Raises:
        CheckpointError: as for `save_checkpoint`.
    """
    with _write_part(model, Path(directory)) as part:
        os.replace(part, part.parent / BEST)


@contextlib.contextmanager
def _write_part(model, directory):
    for weight in model.weights:
        if not np.isfinite(weight.numpy()).all():
            raise CheckpointError(
                f"weight {weight.path!r} is NaN or infinite at step {model.steps_done}, nothing saved"
            )
    part = directory / PART
    try:
        model.save(part)
        flush(part)
        yield part
        flush(directory)
    except (OSError, RuntimeError, zipfile.BadZipFile) as error:
        part.unlink(missing_ok=True)
        raise CheckpointError(f"the checkpoint of step {model.steps_done} could not be written: {error}") from error


def load_checkpoint(directory, name="last"):
    """Loads a checkpoint.

    Args:
        directory: str or path of the `checkpoints` directory.
        name: "last" for the newest intact checkpoint, or "best". Default "last".

    Returns:
        (model, notes): the compiled model, and a list of str about files that were skipped.

    Raises:
        FileNotFoundError: there is no intact checkpoint.
    """
    directory, notes = Path(directory), []
    candidates = (BEST,) if name == "best" else (LAST, PREVIOUS)
    for candidate in candidates:
        path = directory / candidate
        if not path.exists():
            continue
        try:
            with zipfile.ZipFile(path) as archive:
                damaged = archive.testzip()
            if damaged:
                raise zipfile.BadZipFile(f"checksum mismatch in {damaged}")
            return keras.saving.load_model(path), notes
        except (zipfile.BadZipFile, EOFError, OSError) as error:
            notes.append(f"{path} is damaged ({error}); falling back to the previous checkpoint")
    raise FileNotFoundError(f"{directory}: received no intact checkpoint, expected {' or '.join(candidates)}")


def check_space(model, directory, copies=4):
    """Raises CheckpointError unless the disk has room for some copies of the model's state.

    Args:
        model: compiled model of the zoo.
        directory: str or path on the disk.
        copies: int >= 1. At most four exist at a time: last, previous, best, and the one being written. Default 4.
    """
    variables = [*model.weights, *model.generator_optimizer.variables, *model.discriminator_optimizer.variables]
    needed = copies * sum(variable.numpy().nbytes for variable in variables)
    available = shutil.disk_usage(directory).free
    if available < needed:
        raise CheckpointError(
            f"{directory}: {available:,} bytes are free, expected at least {needed:,} for the checkpoints: "
            "free some space or choose another --out"
        )
