"""Callbacks that end training early: on non-finite values and on signals."""

import contextlib
import math
import signal
import threading

import keras

from .step_callback import StepCallback


class DivergenceError(RuntimeError):
    """A logged value is NaN or infinite; the message names the value and the step.

    Attributes:
        step: int, the step, or None before the first.
    """

    def __init__(self, message, step=None):
        super().__init__(message)
        self.step = step


class TerminateOnNonFinite(StepCallback):
    """Raises `DivergenceError` at the first step whose logged values are not all finite.

    When to use it: in every long training. Put it before callbacks that write files, so that a diverged model is never
    saved.
    """

    def on_step(self, step, previous, logs):
        """Checks the running means, which a single NaN makes NaN."""
        for name, value in logs.items():
            if not math.isfinite(value):
                raise DivergenceError(f"{name} is {value} at step {step}", step)


class SignalReceived(KeyboardInterrupt):
    """SIGINT or SIGTERM arrived where nothing new has to be saved."""


class TerminateOnSignal(keras.callbacks.Callback):
    """Ends `fit` after the current step on SIGINT or SIGTERM, so that the last state can be saved.

    When to use it: on machines that announce their shutdown by a signal, and for Ctrl-C. A second signal has its
    default effect and kills the process.

    What takes long and has nothing to save is abandoned at once: the body of `interruptible` and, with `checkpoint`,
    whatever happens while its file holds the current state. There the signal raises `SignalReceived`. As a context
    manager the callback also covers what precedes `fit`.

    Args:
        checkpoint: `Checkpoint` of the same `fit`, or None. Default None.

    Attributes:
        received: the `signal.Signals` that ended training, or None.

    Example:

        with TerminateOnSignal() as terminate:
            with interruptible():
                source = load("folder:photos")
            model.fit(source, callbacks=[terminate])
    """

    # The instance whose handlers are installed: signals belong to the process.
    active = None

    def __init__(self, checkpoint=None):
        super().__init__()
        self.received, self.checkpoint = None, checkpoint
        self._previous, self._entered, self._interruptible = {}, False, 0

    def __enter__(self):
        self._entered = True
        self._install()
        return self

    def __exit__(self, *_):
        self._entered = False
        self.restore()

    def on_train_begin(self, logs=None):
        """Installs the signal handlers."""
        if not self._entered:
            self.received = None
            self._install()

    def on_train_batch_end(self, batch, logs=None):
        """Stops `fit` if a signal was received."""
        if self.received is not None:
            self.model.stop_training = True

    def on_train_end(self, logs=None):
        """Restores the previous handlers."""
        if not self._entered:
            self.restore()

    def restore(self):
        """Restores the previous handlers; to be called also after a `fit` that raised an exception."""
        self._restore_handlers()
        if TerminateOnSignal.active is self:
            TerminateOnSignal.active = None

    @contextlib.contextmanager
    def interrupts(self):
        """Within the body, a signal raises `SignalReceived` at once, and one that arrived earlier before the body."""
        if self.received is not None:
            raise SignalReceived(self.received.name)
        self._interruptible += 1
        try:
            yield
        finally:
            self._interruptible -= 1

    def _install(self):
        # Python allows handlers only in the main thread.
        if threading.current_thread() is threading.main_thread():
            TerminateOnSignal.active = self
            self._previous = {name: signal.signal(name, self._receive) for name in (signal.SIGINT, signal.SIGTERM)}

    def _restore_handlers(self):
        while self._previous:
            signal.signal(*self._previous.popitem())

    def _receive(self, number, frame):
        self.received = signal.Signals(number)
        self._restore_handlers()
        if self._interruptible or (self.checkpoint is not None and self.checkpoint.is_current):
            raise SignalReceived(self.received.name)


def interruptible():
    """Returns a context in whose body a signal raises `SignalReceived` at once, if `TerminateOnSignal` waits for it.

    When to use it: around what takes long and has nothing to save, such as an evaluation.
    """
    active = TerminateOnSignal.active
    return contextlib.nullcontext() if active is None else active.interrupts()


@contextlib.contextmanager
def abandoned_on_signal(model):
    """Runs a body between two steps of `fit`, in which a signal abandons the body and ends `fit`.

    Args:
        model: the model that is trained; its `stop_training` is set.
    """
    try:
        with interruptible():
            yield
    except SignalReceived:
        model.stop_training = True
