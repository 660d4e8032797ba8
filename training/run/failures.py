"""The failure of a training as one message: its cause, the checkpoint that remains, and the command that resumes."""

import tensorflow as tf

from ...export.evaluation import SamplesError
from ..callbacks.stopping import DivergenceError
from .checkpointing import BrokenStateError, CheckpointError, load_checkpoint, set_aside
from .machine_failures import MEMORY, machine_failure, one_line

# Errors during training that are not mistakes of the user.
TRAINING_FAILURES = (DivergenceError, SamplesError, CheckpointError, OSError, MemoryError, tf.errors.OpError)

# The first step after a checkpoint applies the state of its optimizers, the second one shows the effect on the losses.
PROOF_STEPS = 2


class TrainingError(RuntimeError):
    """Training failed; the message names the cause, the last good checkpoint and the command that resumes the run."""


def failure_message(error, run_dir, saved_step, batch_size, section="train"):
    """Returns the message of a `TrainingError`, in one line.

    Args:
        error: one of `TRAINING_FAILURES`.
        run_dir: `RunDir`.
        saved_step: int, the step of the last good checkpoint, or None if there is none.
        batch_size: int, which is named where memory is short.
        section: str, the section of the recipe that holds the batch size. Default "train".
    """
    reason = failure_reason(error, batch_size, section)
    if saved_step is None:
        return f"{reason}; nothing was saved in {run_dir}"
    return (
        f"{reason}; the last good checkpoint is step {saved_step} in {run_dir.checkpoints}; fix the cause, then resume "
        f"with `ganzoo train --resume {run_dir}`"
    )


def last_good_step(error, checkpoint):
    """Returns the step to resume from, and sets the last checkpoint aside if training from it does not get further.

    That is so if its first steps diverged, or if training was resumed from it and diverged before the next one.

    Args:
        error: one of `TRAINING_FAILURES`.
        checkpoint: `Checkpoint` of the training.
    """
    step = checkpoint.saved_step
    if step is None:
        return None
    diverged_at_once = isinstance(error, DivergenceError) and error.step - step <= PROOF_STEPS
    diverged_again = isinstance(error, (DivergenceError, BrokenStateError)) and step == checkpoint.resumed_step
    if (diverged_at_once or diverged_again) and set_aside(checkpoint.directory):
        return load_checkpoint(checkpoint.directory)[0].steps_done
    return step


def failure_reason(error, batch_size, section="train"):
    """Returns the cause of a failure and how to fix it, in one line; arguments as of `failure_message`."""
    reason = machine_failure(error)
    if reason == MEMORY:
        return f"out of memory with batch_size {batch_size}: choose a smaller {section}.batch_size"
    return reason or one_line(error)
