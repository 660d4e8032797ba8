"""Saves the model while it trains."""

from pathlib import Path

from ..checkpoint import check_space, save_checkpoint
from .clock import StepCallback


class Checkpoint(StepCallback):
    """Saves `last.keras` before the first step, every so many steps, and at the end.

    The first save proves that the disk takes one: a full disk is noticed before a night's work, not after it.

    Args:
        folder: str or path, made if missing.
        every: int >= 1, steps between checkpoints.
    """

    def __init__(self, folder, every):
        super().__init__()
        self.folder = Path(folder)
        self.every = every
        self.saved = None

    def on_train_begin(self, logs=None):
        """Checks the room, and saves the start of a new run."""
        super().on_train_begin(logs)
        self.folder.mkdir(parents=True, exist_ok=True)
        check_space(self.model, self.folder)
        if self.step == 0:
            self._save()
        self.saved = self.step

    def on_step(self, step, previous, logs):
        """Saves where it is due."""
        if self.is_due(step, previous, self.every):
            self._save()

    def on_train_end(self, logs=None):
        """Saves what the last interval added."""
        if self.saved != self.step:
            self._save()

    def _save(self):
        save_checkpoint(self.model, self.folder)
        self.saved = self.step
