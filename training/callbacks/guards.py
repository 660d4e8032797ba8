"""What ends a training early: numbers that are none, and signals."""

import math
import signal

import keras

from .clock import StepCallback


class DivergenceError(RuntimeError):
    """A logged value is NaN or infinite; the message names it and the step."""


class StopOnNonFinite(StepCallback):
    """Raises `DivergenceError` at the first step whose logged values are not all finite.

    Keep it before callbacks that write, so that nothing is saved of such a model.
    """

    def on_step(self, step, previous, logs):
        """Checks the means, which one NaN makes NaN at once."""
        for name, value in logs.items():
            if not math.isfinite(value):
                raise DivergenceError(f"{name} is {value} at step {step}")


class StopOnSignal(keras.callbacks.Callback):
    """Ends `fit` after the current step on SIGINT or SIGTERM, so that the last state can be saved.

    A second signal kills the process as it always did.

    Attributes:
        received: the `signal.Signals` that ended training, or None.
    """

    def __init__(self):
        super().__init__()
        self.received = None

    def on_train_begin(self, logs=None):
        """Takes the handlers over."""
        self._previous = {name: signal.signal(name, self._note) for name in (signal.SIGINT, signal.SIGTERM)}

    def on_train_batch_end(self, batch, logs=None):
        """Asks `fit` to stop."""
        if self.received is not None:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Gives the handlers back."""
        self.restore()

    def restore(self):
        """Gives the handlers back; also called where training ended by an exception."""
        for name, handler in self.__dict__.pop("_previous", {}).items():
            signal.signal(name, handler)

    def _note(self, number, frame):
        self.received = signal.Signals(number)
        self.restore()
