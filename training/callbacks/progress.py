"""The progress bar of a run."""

import sys

from tqdm import tqdm

from .clock import StepCallback

# Of the logged means, those that fit beside the bar.
SHOWN = ("d_loss", "g_loss", "wasserstein", "reward", "entropy")


class Progress(StepCallback):
    """Shows steps, time left, losses and images or sequences a second on stderr.

    Args:
        steps: int >= 1, at which the bar is full.
        batch_size: int >= 1, rows of a discriminator turn.
    """

    def __init__(self, steps, batch_size):
        super().__init__()
        self.steps = steps
        self.batch_size = batch_size

    def on_train_begin(self, logs=None):
        """Opens the bar where the model stands."""
        super().on_train_begin(logs)
        self._start = self.step
        self.bar = tqdm(
            total=self.steps, initial=self.step, unit="step", file=sys.stderr, dynamic_ncols=True, mininterval=0.5
        )

    def on_step(self, step, previous, logs):
        """Advances the bar; the text is made only when the bar is drawn anew."""
        self._logs = logs
        if self.bar.update(step - previous):
            elapsed = max(self.bar.format_dict["elapsed"], 1e-9)
            rate = (step - self._start) * self.batch_size * self.model.n_critic / elapsed
            shown = {name: f"{logs[name]:.3f}" for name in SHOWN if name in logs}
            unit = {"images": "img/s", "sequences": "seq/s"}[self.rows_are]
            self.bar.set_postfix(shown | {unit: f"{rate:.0f}"}, refresh=False)

    def on_train_end(self, logs=None):
        """Closes the bar."""
        self.bar.close()
