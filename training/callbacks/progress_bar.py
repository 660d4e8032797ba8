"""The progress report of a training: a bar on a terminal, plain lines in a file or a job log."""

import contextlib
import sys
import time

from tqdm import tqdm

from ...zoo.core.progress import SECONDS_BETWEEN_LINES, position, time_left
from .step_callback import StepCallback

# Of the logged means, those that fit next to the bar.
SHOWN_METRICS = ("d_loss", "g_loss", "wasserstein", "reward", "entropy")
SHORT_UNITS = {"images": "img/s", "sequences": "seq/s"}


class ProgressBar(StepCallback):
    """Reports steps, remaining time, losses, and images or sequences per second.

    When to use it: in a `fit` whose steps should be visible. On a terminal it is a `tqdm` bar. Elsewhere it writes a
    plain line at each logged step, and one whenever 30 s have passed since the last.

    Args:
        steps: int >= 1, the step at which training ends.
        batch_size: int >= 1, rows of a discriminator update.
        every_n_steps: int >= 1, steps between plain lines. Default 100.
        stream: text file. Default: `sys.stderr` at the start of training.
        clock: function that returns seconds. Default `time.monotonic`.

    Attributes:
        bar: the `tqdm` bar, or None where plain lines are written.

    Example:

        model.fit(source, batch_size=64, steps_per_epoch=500, callbacks=[ProgressBar(500, 64)], verbose=0)
    """

    def __init__(self, steps, batch_size, every_n_steps=100, stream=None, clock=time.monotonic):
        super().__init__()
        self.steps = steps
        self.batch_size = batch_size
        self.every_n_steps = every_n_steps
        self.stream, self.clock = stream, clock
        self.bar = None

    def on_train_begin(self, logs=None):
        """Starts the report at the model's step."""
        super().on_train_begin(logs)
        self._stream = sys.stderr if self.stream is None else self.stream
        self._start_step, self._written_step = self.step, self.step
        self._start_time = self._written_time = self.clock()
        self._logs = {}
        if self._stream.isatty():
            self.bar = tqdm(
                total=self.steps, initial=self.step, unit=" steps", file=self._stream, dynamic_ncols=True,
                mininterval=0.5,
            )  # fmt: skip

    def on_step(self, step, previous, logs):
        """Advances the report."""
        self._logs = logs
        if self.bar is not None:
            # The metrics are formatted only when the bar is refreshed.
            with contextlib.suppress(OSError):
                if self.bar.update(step - previous):
                    self.bar.set_postfix_str(", ".join(self._metrics()), refresh=False)
        elif (
            self.is_due(step, previous, self.every_n_steps)
            or self.clock() - self._written_time >= SECONDS_BETWEEN_LINES
        ):
            self._write()

    def on_train_end(self, logs=None):
        """Completes the report."""
        if self.bar is None and self._written_step != self.step:
            self._write()
        self.close()

    def close(self):
        """Closes the bar; to be called also after a `fit` that raised an exception."""
        if self.bar is not None:
            with contextlib.suppress(OSError):
                self.bar.close()

    def _write(self):
        self._written_step, self._written_time = self.step, self.clock()
        done, elapsed = self.step - self._start_step, self._written_time - self._start_time
        left = time_left(done, self.steps - self._start_step, elapsed)
        line = f"step {position(self.step, self.steps)}: {', '.join(self._metrics())}{left}"
        # A log on a full disk, or a terminal that is gone, is no reason to stop.
        with contextlib.suppress(OSError):
            print(line, file=self._stream, flush=True)

    def _metrics(self):
        elapsed = max(self.clock() - self._start_time, 1e-9)
        rate = (self.step - self._start_step) * self.batch_size * self.model.n_critic / elapsed
        shown = [f"{name} {self._logs[name]:.3f}" for name in SHOWN_METRICS if name in self._logs]
        return [*shown, f"{rate:,.0f} {SHORT_UNITS[self.sample_unit]}"]
