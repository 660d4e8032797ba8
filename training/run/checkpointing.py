"""Saves and loads the state of a run such that an interruption at any moment leaves an intact checkpoint.

A checkpoint is one `.keras` file: weights, both optimizers, the averaged weights, and the step. It is written under a
temporary name, flushed to disk, and renamed; `last.keras` is renamed to `previous.keras` first. Only a state whose
numbers are finite and within reason is written or loaded, see `broken_state`.
"""

import contextlib
import os
import shutil
import warnings
import zipfile
import zlib
from pathlib import Path

import keras

from ...zoo.core.cache import flush
from ...zoo.core.keras_configs import first_sentence, unloadable_in_file
from .machine_failures import machine_failure
from .state_checks import broken_state

LAST, PREVIOUS, BEST, PART, DIVERGED = "last.keras", "previous.keras", "best.keras", "part.keras", "diverged.keras"
CHECKPOINT_NAMES = ("last", "best")


class CheckpointError(RuntimeError):
    """A checkpoint could not be written or read, for a reason outside the user's control."""


class BrokenStateError(CheckpointError):
    """A state that is not finite or out of reason was to be saved."""


class NoCheckpointError(FileNotFoundError):
    """There is no checkpoint that can be used; the message says what is wrong with each."""


def save_checkpoint(model, directory):
    """Writes `last.keras` and keeps the previous one as `previous.keras`.

    Args:
        model: compiled model of the zoo.
        directory: str or path.

    Raises:
        BrokenStateError: the state is not finite or out of reason; the existing files are unchanged.
        CheckpointError: the write failed; likewise.
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
    broken = broken_state(model)
    if broken is not None:
        raise BrokenStateError(f"{broken} at step {model.steps_done}, nothing saved")
    part = directory / PART
    try:
        model.save(part)
        flush(part)
        yield part
        flush(directory)
    except (OSError, RuntimeError, MemoryError, zipfile.BadZipFile) as error:
        part.unlink(missing_ok=True)
        reason = machine_failure(error) or first_sentence(error)
        raise CheckpointError(f"the checkpoint of step {model.steps_done} could not be written: {reason}") from error
    except KeyboardInterrupt:
        part.unlink(missing_ok=True)
        raise


def load_checkpoint(directory, name="last", expected=None):
    """Loads a checkpoint.

    Args:
        directory: str or path of the `checkpoints` directory.
        name: "last" for the newest good checkpoint, or "best". Default "last".
        expected: class of the zoo that the model must have, or None for any. Default None.

    Returns:
        (model, notes): the compiled model, and a list of str about files that were skipped.

    Raises:
        NoCheckpointError: there is no good checkpoint.
    """
    directory, notes, reasons = Path(directory), [], []
    candidates = (BEST,) if name == "best" else (LAST, PREVIOUS)
    for candidate in candidates:
        path = directory / candidate
        if not path.exists():
            continue
        try:
            return _load(path, expected), notes
        except _UnusableError as reason:
            reasons.append(f"{candidate} {reason}")
            notes.append(f"{path} {reason}; falling back to the previous checkpoint")
    found = "; ".join(reasons) or "no such file"
    raise NoCheckpointError(f"{directory}: received no intact checkpoint ({found}), expected {' or '.join(candidates)}")


class _UnusableError(Exception):
    """Why a checkpoint cannot be used, to be read after its name."""


def _load(path, expected):
    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged:
            raise zipfile.BadZipFile(f"checksum mismatch in {damaged}")
        with warnings.catch_warnings():
            # Keras only warns when it does not load the state of an optimizer.
            warnings.filterwarnings("error", "Skipping variable loading")
            model = keras.saving.load_model(path)
    except (PermissionError, MemoryError) as error:
        # The file may be good: an older one is no replacement.
        raise CheckpointError(f"{path} could not be read: {machine_failure(error)}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
        raise _UnusableError(f"is damaged ({first_sentence(error)})") from None
    except (TypeError, ValueError, LookupError, AttributeError, NotImplementedError, UserWarning) as error:
        reason = unloadable_in_file(path)
        if reason is not None:
            raise _UnusableError(f"cannot be loaded: {reason}") from None
        raise _UnusableError(
            f"does not fit the classes of this program ({first_sentence(_innermost(error))}): it is damaged, of "
            "another model, or the code of its networks has changed"
        ) from None
    if expected is not None and not isinstance(model, expected):
        raise _UnusableError(
            f"is the checkpoint of another model ({type(model).__name__}, expected {expected.__name__})"
        )
    if not hasattr(model, "steps_done") or not model.compiled:
        raise _UnusableError(f"is no checkpoint of a training: it holds {type(model).__name__} without optimizers")
    broken = broken_state(model)
    if broken is not None:
        raise _UnusableError(f"is of a training that diverged ({broken})")
    return model


def _innermost(error):
    return _innermost(error.__cause__ or error.__context__) if error.__cause__ or error.__context__ else error


def set_aside(directory):
    """Renames `last.keras` to `diverged.keras`, so that the previous checkpoint is next; the only one stays.

    Args:
        directory: str or path of the `checkpoints` directory.

    Returns:
        Whether it was renamed.
    """
    last, previous = Path(directory) / LAST, Path(directory) / PREVIOUS
    has_both = last.exists() and previous.exists()
    if has_both:
        os.replace(last, last.with_name(DIVERGED))
    return has_both


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
