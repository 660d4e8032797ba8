"""Losses and logits of held-out rows: `evaluate`, and single batches."""

import tensorflow as tf

from ..core.keras_internals import is_multi_worker
from ..core.validation import as_count
from ..errors import ArgumentError
from ..pipeline.epoch_schedule import EvaluationSchedule
from ..pipeline.evaluation_data import BATCH_NUMBER, make_evaluation_data, single_batch
from .keras_interface import KerasInterface

# Evaluations draw the random inputs of steps from here on, which no training reaches.
EVALUATION_START = 2**30


class AdversarialEvaluation(KerasInterface):
    """The evaluation of an `AdversarialModel`: its discriminators and generators on given rows, without training.

    It expects of its subclass: `sample_step_inputs`, `generate_fakes`, `real_samples`, `discriminate`, `total_loss`,
    `describe_logits`, both losses, `make_preprocessor`, `n_critic`.
    """

    # Whether `evaluate` runs, which hands its iterator out through a method of Keras that `fit` uses as well.
    _is_evaluating = False

    def test_step(self, batch):
        """Evaluates the model on a batch of rows and returns running means; no state of the model changes.

        Fakes are a function of (seed, batch, row), the same in each evaluation and independent of training.
        """
        batch = dict(batch)
        number = batch.pop(BATCH_NUMBER)[0]
        first = next(iter(batch.values()))
        num_rows = first.shape[0] or tf.shape(first)[0]
        inputs = batch | self.sample_step_inputs(num_rows, EVALUATION_START + number)
        logs = self.evaluation_metrics(inputs, self.generate_fakes(inputs, training=False))
        for name, value in logs.items():
            self._trackers[name].update_state(value, sample_weight=tf.cast(num_rows, tf.float32))
        return self._results(logs)

    def evaluation_metrics(self, batch, fakes):
        """Returns what `evaluate` reports of a batch: dict of float32 scalars, names of `metric_names`.

        Args:
            batch: dict of the data and random inputs.
            fakes: what `generate_fakes` returned for it.
        """
        real_logits = self.discriminate(self.real_samples(batch), batch, training=False)
        fake_logits = self.discriminate(fakes, batch, training=False)
        compared = real_logits if self.adversarial_loss.is_relativistic else None
        return {
            "d_loss": self.total_loss(self.discriminator_loss, real_logits, fake_logits),
            "g_loss": self.total_loss(self.generator_loss, compared, fake_logits),
            **self.describe_logits(real_logits, fake_logits),
        }

    def _results(self, names):
        results = {name: self._trackers[name].result() for name in names}
        # Keras 3 reduces logs over axis 0 between workers and fails on scalars there.
        if is_multi_worker():
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return results

    def evaluate(
        self, x=None, y=None, batch_size=None, verbose="auto", sample_weight=None, steps=None, callbacks=None,
        return_dict=False, value_range=None, **kwargs,
    ):  # fmt: skip
        """Returns losses and mean logits of rows, with both networks in inference mode.

        When to use it: on held-out and on training rows. Real logits that differ between the two show that the
        discriminator knows its training rows by heart. Do not compare with `fit`'s own logs, which are computed in
        training mode, on augmented samples, while the networks change.

        `d_loss` and `g_loss` are the adversarial losses alone, without penalties and a model's other terms. They and
        the logits are means over rows.

        Args:
            x, y: rows as in `fit`; each is read once, and nothing is augmented.
            batch_size: int >= 1. Default: a dataset's own batches, else 64.
            verbose: "auto", 0, 1 or 2. Default "auto".
            sample_weight: None; rows count alike.
            steps: int >= 1, batches to read, or None for all. Default None.
            callbacks: list of Keras callbacks.
            return_dict: bool, whether to return a dict instead of a list in the order of `metrics`. Default False.
            value_range: (low, high), the range of the pixels. Default: [0, 255] of uint8, [-1, 1] of floats.
            **kwargs: none.

        Returns:
            The means of `d_loss`, `g_loss`, `real_logits`, `fake_logits` and the loss's own metric.

        Raises:
            ArgumentError: data that do not fit the model.
        """
        is_validation = kwargs.pop("_use_cached_eval_dataset", False)
        if kwargs or sample_weight is not None:
            name = "sample_weight" if sample_weight is not None else sorted(kwargs)[0]
            raise ArgumentError(f"evaluate: received {name}, expected none: rows count alike")
        if is_validation:
            kwargs["_use_cached_eval_dataset"], data = True, None
        else:
            data = self._evaluation_data(x, y, batch_size, steps, value_range)
            x = data.dataset
        self._is_evaluating = True
        try:
            return super().evaluate(x, verbose=verbose, callbacks=callbacks, return_dict=return_dict, **kwargs)
        except tf.errors.OpError:
            if data is None or data.error is None:
                raise
            raise data.error from None
        finally:
            self._is_evaluating = False

    def _evaluation_data(self, x, y=None, batch_size=None, steps=None, value_range=None):
        batch_size = None if batch_size is None else as_count("batch_size", batch_size)
        steps = None if steps is None else as_count("steps", steps)
        replicas = self.distribute_strategy.num_replicas_in_sync
        return make_evaluation_data(self._preprocessor(value_range), x, y, batch_size, steps, replicas)

    def _preprocessor(self, value_range=None):
        preprocessor = self.make_preprocessor()
        if value_range is not None:
            preprocessor.declare_range(value_range)
        return preprocessor

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras would take a batch from the iterator to build layers; all are built, and with several workers it fails.
        if iterator is not None and self._is_evaluating:
            EvaluationSchedule(iterator).install()

    # Single batches.

    def train_on_batch(
        self, x, y=None, sample_weight=None, class_weight=None, return_dict=False, value_range=None,
    ):  # fmt: skip
        """Runs one training step on `n_critic` times as many rows as a discriminator update has.

        Args:
            x, y: the rows of one step, arrays as in `fit`.
            sample_weight, class_weight: None; rows count alike.
            return_dict: bool, whether to return a dict instead of a list in the order of `metrics`. Default False.
            value_range: (low, high), the range of the pixels. Default: [0, 255] of uint8, [-1, 1] of floats.

        Returns:
            The values of this step.

        Raises:
            ArgumentError: rows that do not fit the model, or several replicas.
        """
        batch = self._single_batch("train_on_batch", x, y, sample_weight, class_weight, value_range)
        num_rows = len(next(iter(batch.values())))
        if num_rows % self.n_critic:
            raise ArgumentError(f"x: received {num_rows} rows, expected a multiple of n_critic = {self.n_critic}")
        self.make_train_function()
        self.reset_metrics()
        return self._as_logs(self.train_function(iter([batch])), return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False, value_range=None):
        """Returns what `evaluate` returns, for the rows of one batch; same arguments as `train_on_batch`."""
        batch = self._single_batch("test_on_batch", x, y, sample_weight, None, value_range)
        batch[BATCH_NUMBER] = tf.zeros([len(next(iter(batch.values())))], tf.int32)
        self.make_test_function()
        self.reset_metrics()
        return self._as_logs(self.test_function(iter([batch])), return_dict)

    def _single_batch(self, name, x, y, sample_weight, class_weight, value_range):
        if not self.compiled:
            raise ArgumentError(f"{name}: received a model without optimizers, expected a compiled one: call compile()")
        if sample_weight is not None or class_weight is not None:
            raise ArgumentError(f"{name}: received weights of rows, expected none: rows count alike")
        if self.distribute_strategy.num_replicas_in_sync > 1:
            raise ArgumentError(
                f"{name}: received a call on several replicas, expected fit or evaluate, which share rows"
            )
        return single_batch(self._preprocessor(value_range), x, y)

    def _as_logs(self, logs, return_dict):
        logs = {name: float(value) for name, value in logs.items()}
        return logs if return_dict else [logs[metric.name] for metric in self.metrics if metric.name in logs]
