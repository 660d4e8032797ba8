"""Scores while a model learns, and the checkpoint of the best one: the losses say neither."""

import time
from pathlib import Path

import tensorflow as tf

from ...export.evaluation import judge_class, judge_of
from ...export.evaluation.judge import FIRST_SEED
from ...zoo.errors import ArgumentError
from ..checkpoint import save_best
from .clock import StepCallback
from .metrics import append_row, read_rows

SCALARS = (int, float)


class Evaluate(StepCallback):
    """Judges the averaged generator before the first step, every so many steps, and at the end; keeps the best model.

    The first evaluation proves that there can be others: what makes a score impossible is noticed before a night's
    work.

    A row of the JSON-lines file holds `step`, `kimg`, the scores, and `evaluation_seconds`. Which model is the best is
    told by the judge's `criterion`: the FID of images, the local Frechet distance of texts, the lower the better. The
    best so far is read from those rows, so that a resumed run goes on as one that was never stopped.

    Args:
        judge: `ganzoo.export.evaluation.Judge` with the metric "fid", a `TextJudge` with "frechet_local", or a
            `TranslationJudge`; or a source, judged by the criterion alone.
        every: int >= 1, steps between evaluations.
        path: str or path of the JSON-lines file, or None for none (then nothing is remembered between fits).
        batch_size: int >= 1 or None, rows of a discriminator turn, for `kimg`.
        best: str or path of the folder that gets `best.keras`, or None for no such checkpoint.
        patience: int >= 1 or None, evaluations without a better score after which `fit` ends. Default None.
        tensorboard: str or path of a TensorBoard log folder, or None.

    Raises:
        ArgumentError: a judge without its criterion; at the first evaluation, data of which there is none.

    Attributes:
        scores: dict of the last evaluation.
        lowest: float, the best score so far; `lowest_step` is when it was reached.

    Example:

        model.fit(source, callbacks=[Evaluate(source, every=1000, best="checkpoints", patience=5)])
    """

    def __init__(self, judge, every, path=None, batch_size=None, best=None, patience=None, tensorboard=None):
        super().__init__()
        self.judge = judge if hasattr(judge, "score") else judge_of(judge, metrics=[judge_class(judge).criterion])
        self.criterion = self.judge.criterion
        if self.criterion not in self.judge.metrics:
            reason = self.judge.reasons.get(self.criterion)
            raise ArgumentError(
                f"judge: received the metrics {sorted(self.judge.metrics)}, expected {self.criterion!r} among them"
                + (f": {reason}" if reason else "")
            )
        self.every = every
        self.path = None if path is None else Path(path)
        self.batch_size = batch_size
        self.best = None if best is None else Path(best)
        self.patience = patience
        self.writer = tf.summary.create_file_writer(str(tensorboard)) if tensorboard else None
        self.scores, self.lowest, self.lowest_step, self._waited = {}, float("inf"), None, 0

    def on_train_begin(self, logs=None):
        """Finds out what the run has reached before."""
        super().on_train_begin(logs)
        self._evaluated = None
        if self.best is not None:
            self.best.mkdir(parents=True, exist_ok=True)
        if self.path is not None:
            self.lowest, self._waited = float("inf"), 0
            for row in read_rows(self.path):
                if self.criterion in row:
                    self._weigh(row[self.criterion], row["step"])
                    self._evaluated = row["step"]
        if self.step == 0 and self._evaluated is None:
            self._evaluate()

    def on_step(self, step, previous, logs):
        """Evaluates where it is due, and ends `fit` where patience has run out."""
        if self.is_due(step, previous, self.every):
            self._evaluate()

    def on_train_end(self, logs=None):
        """Evaluates the model as it is left, unless `fit` was interrupted: then saving comes first."""
        if self._evaluated != self.step and not self.model.stop_training:
            self._evaluate()
        if self.writer:
            self.writer.flush()

    def _evaluate(self):
        start = time.perf_counter()
        # Every time the same latents, so that scores of one run differ by its weights alone.
        self.scores = self.judge.score(*self.judge.draw(self.model, FIRST_SEED, f"the samples of step {self.step}"))
        if self.criterion not in self.scores:
            title = "FID" if self.criterion == "fid" else self.criterion
            raise ArgumentError(
                f"evaluate: there is no {title} of these data ({self.judge.reasons[self.criterion]}), expected more of "
                "them, or no evaluation: --set evaluate.every=0"
            )
        self._evaluated = self.step
        numbers = {name: value for name, value in self.scores.items() if isinstance(value, SCALARS)}
        if self.path is not None:
            row = {"step": self.step}
            if self.batch_size is not None:
                row["kimg"] = self.step * self.batch_size * self.model.n_critic / 1000
            append_row(self.path, row | numbers | {"evaluation_seconds": round(time.perf_counter() - start, 2)})
        if self.writer:
            with self.writer.as_default(step=self.step):
                for name, value in numbers.items():
                    tf.summary.scalar(f"evaluation/{name}", value)
        if self._weigh(numbers[self.criterion], self.step) and self.best is not None:
            save_best(self.model, self.best)
        if self.patience is not None and self._waited >= self.patience:
            self.model.stop_training = True

    def _weigh(self, score, step):
        better = score < self.lowest
        if better:
            self.lowest, self.lowest_step = score, step
        self._waited = 0 if better else self._waited + 1
        return better
