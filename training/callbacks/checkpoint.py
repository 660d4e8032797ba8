"""Saves the model during training."""

from pathlib import Path

import keras

from ...zoo.core.keras_configs import is_foreign
from ..run.checkpointing import check_space, save_checkpoint
from ..run.restorability import require_restorable
from .step_callback import StepCallback


class Checkpoint(StepCallback):
    """Saves `last.keras` before the first step, every `every_n_steps` steps, and at the end of training.

    When to use it: to resume a `fit` that was interrupted. The save before the first step fails at once if the disk
    has no room, rather than after hours of training. Networks that are not the zoo's are also loaded again before it,
    since a class that is not registered with Keras could be saved, but not loaded.

    Args:
        directory: str or path, created if missing.
        every_n_steps: int >= 1, steps between checkpoints.
        proven: bool, whether it is known already that the model can be loaded again. Default False.

    Attributes:
        saved_step: int, the step of the last checkpoint, or None before the first.
        resumed_step: int, the step at which `fit` began, or None for a new model.

    Raises:
        CheckpointError: too little disk space, a state that is not finite or out of reason, or a failed write.
        RestorabilityError: a model that could not be loaded again.

    Example:

        model.fit(source, callbacks=[Checkpoint("checkpoints", every_n_steps=1000)])
    """

    def __init__(self, directory, every_n_steps, proven=False):
        super().__init__()
        self.directory = Path(directory)
        self.every_n_steps = every_n_steps
        self.proven = proven
        self.step = self.saved_step = self.resumed_step = None

    @property
    def is_current(self):
        """Whether the last checkpoint holds all steps that were counted."""
        return self.saved_step is not None and self.saved_step == self.step

    def on_train_begin(self, logs=None):
        """Checks the disk space, that the model can be loaded again, and saves the initial state of a new run."""
        super().on_train_begin(logs)
        self.directory.mkdir(parents=True, exist_ok=True)
        check_space(self.model, self.directory)
        if not self.proven and is_foreign(keras.saving.serialize_keras_object(self.model)):
            require_restorable(self.model)
        self.proven = True
        if self.step == 0:
            self._save()
        self.saved_step = self.step
        self.resumed_step = self.step or None

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
