"""Callbacks that end training early: on non-finite values and on signals."""

import math
import signal

import keras

from .step_callback import StepCallback


class DivergenceError(RuntimeError):
    """A logged value is NaN or infinite; the message names the value and the step."""


class TerminateOnNonFinite(StepCallback):
    """Raises `DivergenceError` at the first step whose logged values are not all finite.

    When to use it: in every long training. Put it before callbacks that write files, so that a diverged model is never
    saved.
    """

    def on_step(self, step, previous, logs):
        """Checks the running means, which a single NaN makes NaN."""
        for name, value in logs.items():
            if not math.isfinite(value):
                raise DivergenceError(f"{name} is {value} at step {step}")


class TerminateOnSignal(keras.callbacks.Callback):
    """Ends `fit` after the current step on SIGINT or SIGTERM, so that the last state can be saved.

    When to use it: on machines that announce their shutdown by a signal, and for Ctrl-C. A second signal has its
    default effect and kills the process.

    Attributes:
        received: the `signal.Signals` that ended training, or None.
    """

    def __init__(self):
        super().__init__()
        self.received = None

    def on_train_begin(self, logs=None):
        """Installs the signal handlers."""
        self._previous = {name: signal.signal(name, self._receive) for name in (signal.SIGINT, signal.SIGTERM)}

    def on_train_batch_end(self, batch, logs=None):
        """Stops `fit` if a signal was received."""
        if self.received is not None:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Restores the previous handlers."""
        self.restore()

    def restore(self):
        """Restores the previous handlers; to be called also after a `fit` that raised an exception."""
        for name, handler in self.__dict__.pop("_previous", {}).items():
            signal.signal(name, handler)

    def _receive(self, number, frame):
        self.received = signal.Signals(number)
        self.restore()
