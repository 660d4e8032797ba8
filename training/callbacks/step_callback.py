"""The base class of callbacks that count generator updates."""

import keras

# What the rows of a batch are in logs and metric names, by the family of the model.
SAMPLE_UNITS = {"image": "images", "translation": "images", "text": "sequences"}


class StepCallback(keras.callbacks.Callback):
    """A callback that acts at steps of the model, independently of the epochs of `fit`.

    When to use it: as the base of a callback that acts every so many generator updates. Override `on_step`.

    The step is the model's own count of generator updates, which is saved with the model. It is read once and then
    counted here, because reading it from the device at each step would synchronize with the device.

    Attributes:
        step: int, generator updates done.
    """

    def on_train_begin(self, logs=None):
        """Reads the model's step."""
        self.step = self._epoch_start = self.model.steps_done

    def on_epoch_begin(self, epoch, logs=None):
        """Stores the step at which the epoch's batch numbers start."""
        self._epoch_start = self.step

    def on_train_batch_end(self, batch, logs=None):
        """Advances the step and calls `on_step`."""
        previous, self.step = self.step, self._epoch_start + batch + 1
        self.on_step(self.step, previous, logs or {})

    def on_step(self, step, previous, logs):
        """Acts after a step.

        Args:
            step: int, generator updates done.
            previous: int, the step of the last call; further back than one step with `steps_per_execution` > 1.
            logs: dict of the running means of the logged values.
        """

    @property
    def sample_unit(self):
        """What the rows of the model's batches are: "images" or "sequences"."""
        return SAMPLE_UNITS[self.model.data_family]

    @staticmethod
    def is_due(step, previous, every_n_steps):
        """Returns whether a multiple of `every_n_steps` lies in (previous, step]."""
        return step // every_n_steps > previous // every_n_steps
