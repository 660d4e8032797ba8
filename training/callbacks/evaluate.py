"""Evaluation during training, and the best checkpoint: the losses of a GAN do not measure quality."""

import time
from pathlib import Path

from ...export.evaluation import evaluator_class, make_evaluator
from ...export.evaluation.image.image_evaluator import FIRST_SEED
from ...zoo.errors import ArgumentError
from ..run.checkpointing import save_best
from .event_log import EventLog
from .metrics_logger import append_row, read_rows, write_scalars
from .side_output import SideOutput
from .step_callback import StepCallback
from .stopping import abandoned_on_signal, interruptible

SCALARS = (int, float)
# How messages spell a criterion.
CRITERION_TITLES = {"fid": "FID"}


class Evaluate(StepCallback):
    """Evaluates the averaged generator before the first step, at intervals and at the end, and saves the best model.

    When to use it: to choose a checkpoint by a score rather than by its step. The evaluation before the first step
    fails at once if the data allow no score, rather than after hours of training.

    A row of the JSON-lines file holds `step`, `kimg`, the scores, the counts `num_samples` and `num_real` that they
    were computed from, and `evaluation_seconds`. The evaluator's `criterion` decides which model is the best: the FID
    of images, the local Frechet distance of texts; lower is better. The best score so far is read from the rows, so
    that a resumed run continues like an uninterrupted one. A signal that `TerminateOnSignal` waits for abandons an
    evaluation; it is repeated when the run is resumed.

    Args:
        evaluator: `ganzoo.export.evaluation.ImageEvaluator` with the metric "fid", a `TextEvaluator` with
            "frechet_local", or a `TranslationEvaluator`; or a data source, evaluated by the criterion alone.
        every_n_steps: int >= 1, steps between evaluations.
        path: str or path of the JSON-lines file, or None for none; then no score is remembered between fits.
        batch_size: int >= 1 or None, rows of a discriminator update, for `kimg`.
        best: str or path of the directory of `best.keras`, or None to save none.
        patience: int >= 1 or None, evaluations without a better score after which `fit` ends. Default None.
        tensorboard: str or path of a TensorBoard log directory, or None.

    Raises:
        ArgumentError: an evaluator without its criterion; at the first evaluation, data that allow no score.

    Attributes:
        scores: dict of the last evaluation.
        best_score: float, the lowest score so far.
        best_step: int, the step of the best score, or None before the first.

    Example:

        model.fit(source, callbacks=[Evaluate(source, every_n_steps=1000, best="checkpoints", patience=5)])
    """

    def __init__(
        self, evaluator, every_n_steps, path=None, batch_size=None, best=None, patience=None, tensorboard=None
    ):
        super().__init__()
        self.evaluator = (
            evaluator
            if hasattr(evaluator, "score")
            else make_evaluator(evaluator, metrics=[evaluator_class(evaluator).criterion])
        )
        self.criterion = self.evaluator.criterion
        if self.criterion not in self.evaluator.metrics:
            reason = self.evaluator.reasons.get(self.criterion)
            raise ArgumentError(
                f"evaluator: received the metrics {sorted(self.evaluator.metrics)}, expected {self.criterion!r} among "
                "them" + (f": {reason}" if reason else "")
            )
        self.every_n_steps = every_n_steps
        self.path = None if path is None else Path(path)
        self.batch_size = batch_size
        self.best = None if best is None else Path(best)
        self.patience = patience
        self.events = EventLog(tensorboard)
        self._rows = SideOutput(str(path), retry=True)
        self.scores, self.best_score, self.best_step, self._waited = {}, float("inf"), None, 0

    def on_train_begin(self, logs=None):
        """Reads the scores of earlier fits, and evaluates an untrained model, or one whose evaluation was abandoned."""
        super().on_train_begin(logs)
        self._evaluated_step = None
        if self.best is not None:
            self.best.mkdir(parents=True, exist_ok=True)
        if self.path is not None:
            self.best_score, self._waited = float("inf"), 0
            for row in read_rows(self.path):
                if isinstance(row.get(self.criterion), SCALARS):
                    self._update_best(row[self.criterion], row["step"])
                    self._evaluated_step = row["step"]
        is_due = self.step == 0 or (self.path is not None and self.step % self.every_n_steps == 0)
        if is_due and self._evaluated_step != self.step:
            with interruptible():
                self._evaluate()

    def on_step(self, step, previous, logs):
        """Evaluates where it is due, and ends `fit` once patience is exhausted."""
        if self.is_due(step, previous, self.every_n_steps):
            with abandoned_on_signal(self.model):
                self._evaluate()

    def on_epoch_end(self, epoch, logs=None):
        """Adds the last scores to the epoch's logs, for later callbacks such as `EarlyStopping("fid", mode="min")`."""
        if logs is not None:
            logs.update({name: value for name, value in self.scores.items() if isinstance(value, SCALARS)})

    def on_train_end(self, logs=None):
        """Evaluates the final model, unless `fit` was interrupted: then saving has priority."""
        if self._evaluated_step != self.step and not self.model.stop_training:
            with interruptible():
                self._evaluate()
        self.events.flush()

    def _evaluate(self):
        start = time.perf_counter()
        # Every evaluation uses the same latents, so that the scores of a run differ by its weights alone.
        self.scores = self.evaluator.score(
            *self.evaluator.sample(self.model, FIRST_SEED, f"the samples of step {self.step}")
        )
        require_score(self.evaluator, self.scores)
        self._evaluated_step = self.step
        scalars = {name: value for name, value in self.scores.items() if isinstance(value, SCALARS)}
        # Before its row is written: an evaluation without a row is repeated, and saves the model again.
        if self._update_best(scalars[self.criterion], self.step) and self.best is not None:
            save_best(self.model, self.best)
        if self.path is not None:
            row = {"step": self.step}
            if self.batch_size is not None:
                row["kimg"] = self.step * self.batch_size * self.model.n_critic / 1000
            row |= scalars | getattr(self.evaluator, "counts", {})
            row["evaluation_seconds"] = round(time.perf_counter() - start, 2)
            self._rows.write(lambda: append_row(self.path, row))
        self.events.write(self.step, lambda: write_scalars(scalars, "evaluation/"))
        if self.patience is not None and self._waited >= self.patience:
            self.model.stop_training = True

    def _update_best(self, score, step):
        better = score < self.best_score
        if better:
            self.best_score, self.best_step = score, step
        self._waited = 0 if better else self._waited + 1
        return better


def was_evaluated(path, step):
    """Returns whether a JSON-lines file holds the scores of a step."""
    return any(row["step"] == step and "evaluation_seconds" in row for row in read_rows(path))


def require_score(evaluator, available):
    """Raises ArgumentError unless an evaluator's criterion is available.

    Args:
        evaluator: an evaluator; its `reasons` say why metrics are missing.
        available: container of metric names: the evaluator's metrics, or the scores that it computed.
    """
    criterion = evaluator.criterion
    if criterion not in available:
        raise ArgumentError(
            f"evaluate: received data without a {CRITERION_TITLES.get(criterion, criterion)} "
            f"({evaluator.reasons[criterion]}), expected more data, or no evaluation: --set evaluate.every=0"
        )
