"""The base of callbacks that count generator updates."""

import keras


class StepCallback(keras.callbacks.Callback):
    """A callback that acts at steps of the model, whatever `fit` calls an epoch.

    The step is the model's own count of generator updates, which a saved model carries along; it is read once and
    then counted here, since asking the device at each step would wait for it.
    """

    def on_train_begin(self, logs=None):
        """Reads where the model stands."""
        self.step = self._epoch_start = self.model.steps_done

    def on_epoch_begin(self, epoch, logs=None):
        """Anchors the batch numbers of this epoch."""
        self._epoch_start = self.step

    def on_train_batch_end(self, batch, logs=None):
        """Counts, and calls `on_step`."""
        previous, self.step = self.step, self._epoch_start + batch + 1
        self.on_step(self.step, previous, logs or {})

    def on_step(self, step, previous, logs):
        """Acts after a step; with `steps_per_execution` > 1, `previous` lies more than one step back."""

    @property
    def rows_are(self):
        """What the rows of the model's data are: "images" or "sequences"."""
        return "sequences" if hasattr(self.model, "texts") else "images"

    @staticmethod
    def is_due(step, previous, every):
        """Whether a multiple of `every` lies in (previous, step]."""
        return step // every > previous // every
