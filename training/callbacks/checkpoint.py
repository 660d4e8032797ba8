"""Saves the model during training."""

from pathlib import Path

from ..run.checkpointing import check_space, save_checkpoint
from .step_callback import StepCallback


class Checkpoint(StepCallback):
    """Saves `last.keras` before the first step, every `every_n_steps` steps, and at the end of training.

    When to use it: to resume a `fit` that was interrupted. The save before the first step fails at once if the disk
    has no room, rather than after hours of training.

    Args:
        directory: str or path, created if missing.
        every_n_steps: int >= 1, steps between checkpoints.

    Attributes:
        saved_step: int, the step of the last checkpoint, or None before the first.

    Raises:
        CheckpointError: too little disk space, a non-finite weight, or a failed write.

    Example:

        model.fit(source, callbacks=[Checkpoint("checkpoints", every_n_steps=1000)])
    """

    def __init__(self, directory, every_n_steps):
        super().__init__()
        self.directory = Path(directory)
        self.every_n_steps = every_n_steps
        self.saved_step = None

    def on_train_begin(self, logs=None):
        """Checks the disk space and saves the initial state of a new run."""
        super().on_train_begin(logs)
        self.directory.mkdir(parents=True, exist_ok=True)
        check_space(self.model, self.directory)
        if self.step == 0:
            self._save()
        self.saved_step = self.step

    def on_step(self, step, previous, logs):
        """Saves a checkpoint where one is due."""
        if self.is_due(step, previous, self.every_n_steps):
            self._save()

    def on_train_end(self, logs=None):
        """Saves the final state."""
        if self.saved_step != self.step:
            self._save()

    def _save(self):
        save_checkpoint(self.model, self.directory)
        self.saved_step = self.step
