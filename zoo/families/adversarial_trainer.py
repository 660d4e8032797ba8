"""What an adversarial model shares with every Keras model: compile, fit, metrics and `.keras` files."""

import keras
import tensorflow as tf

from ..core.keras_internals import is_multi_worker, layers_of, take_restored_epoch
from ..core.validation import as_count, refuse_unknown
from ..errors import ArgumentError
from ..optimization.optimizer_view import OptimizerView, name_optimizers
from ..pipeline.epoch_schedule import EpochSchedule
from ..pipeline.evaluation_data import split_rows, validation_rows
from ..pipeline.input_pipeline import step_dataset
from ..registry import nearest
from .adversarial_evaluation import AdversarialEvaluation

# Arguments of `compile` and `fit` that Keras users know, and what a model of two networks has in their stead.
NO_LOSS = "none here: the model defines its losses, see the arguments of its class"
NO_METRICS = "none: the model logs its own, and the callback Evaluate adds scores of samples"
COMPILE_CURES = {
    "optimizer": "generator_optimizer and discriminator_optimizer: each network has its own",
    "loss": NO_LOSS,
    "loss_weights": NO_LOSS,
    "metrics": NO_METRICS,
    "weighted_metrics": NO_METRICS,
}
FIT_KWARGS = (
    "callbacks", "verbose", "initial_epoch", "validation_data", "validation_split", "validation_batch_size",
    "validation_steps", "validation_freq",
)  # fmt: skip
# Arguments of `keras.Model.fit` that have no meaning here.
FIT_CURES = {
    "shuffle": "none: the order of arrays and sources is a function of seed and pass; shuffle a dataset yourself",
    "class_weight": "none: rows count alike; repeat the rows of a class",
    "sample_weight": "none: rows count alike; repeat rows",
}


class AdversarialTrainer(AdversarialEvaluation):
    """The Keras side of `AdversarialModel`, which defines the training step.

    It expects of its subclass: `generator_variables`, `discriminator_variables`, `default_optimizers`, `n_critic`,
    `seed`, `step` and `make_preprocessor`.
    """

    # The `StepData` of a `fit` until Keras hands out its iterator, and the epoch that the `fit` begins with.
    _next_data, _first_epoch = None, 0

    @property
    def steps_done(self):
        """Generator updates so far, as a Python int; reading it waits for the device."""
        return int(self.step.value.read_value())

    @property
    def optimizer(self):
        """Both optimizers as callbacks see them, an `OptimizerView`, or None before `compile`."""
        generator_optimizer = getattr(self, "generator_optimizer", None)
        return None if generator_optimizer is None else OptimizerView(generator_optimizer, self.discriminator_optimizer)

    @optimizer.setter
    def optimizer(self, value):
        # Keras sets None in its own `compile`.
        if value is not None:
            raise ArgumentError(f"optimizer: received {value!r}, expected compile(generator_optimizer=...)")

    def compile(
        self, generator_optimizer=None, discriminator_optimizer=None, jit_compile="auto", run_eagerly=False,
        steps_per_execution=1, **kwargs,
    ):  # fmt: skip
        """Sets the two optimizers; compiling again keeps the weights and resets the optimizers.

        Args:
            generator_optimizer: Keras optimizer or its name. Default: the model's.
            discriminator_optimizer: likewise; a second object, two networks cannot share one.
            jit_compile: "auto" or bool, XLA; "auto" means on one GPU only. Default "auto".
            run_eagerly: bool, for debugging. Default False.
            steps_per_execution: int >= 1. Default 1.
            **kwargs: none; other arguments of `keras.Model.compile` are refused by name.

        Raises:
            ArgumentError: an unknown argument, one optimizer object for both networks, or what is no optimizer.
        """
        for name in set(kwargs) & set(COMPILE_CURES):
            raise ArgumentError(f"compile: received {name}, expected {COMPILE_CURES[name]}")
        known = ("generator_optimizer", "discriminator_optimizer", "jit_compile", "run_eagerly", "steps_per_execution")
        refuse_unknown("compile", kwargs, known)
        steps_per_execution = as_count("steps_per_execution", steps_per_execution)
        generator_default, discriminator_default = self.default_optimizers()
        generator_optimizer = as_optimizer("generator_optimizer", generator_optimizer) or generator_default
        discriminator_optimizer = (
            as_optimizer("discriminator_optimizer", discriminator_optimizer) or discriminator_default
        )
        if generator_optimizer is discriminator_optimizer:
            raise ArgumentError(
                "discriminator_optimizer: received the generator's optimizer object, expected a second one: an "
                "optimizer keeps statistics of one network"
            )
        name_optimizers(generator=generator_optimizer, discriminator=discriminator_optimizer)
        super().compile(
            optimizer=None, jit_compile=jit_compile, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution
        )
        if self.jit_compile and not all(layer.supports_jit for layer in layers_of(self)):
            raise ArgumentError("jit_compile: received True, expected False: a layer of this model cannot run in XLA")
        self.generator_optimizer = self._build_optimizer(generator_optimizer, self.generator_variables)
        self.discriminator_optimizer = self._build_optimizer(discriminator_optimizer, self.discriminator_variables)

    def _build_optimizer(self, optimizer, variables):
        half = any(layer.dtype_policy.name == "mixed_float16" for layer in layers_of(self))
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, name=optimizer.name)
        optimizer.build(variables)
        return optimizer

    def fit(
        self, x=None, y=None, batch_size=None, epochs=1, steps_per_epoch=None, value_range=None, **kwargs,
    ):  # fmt: skip
        """Trains the model; an epoch is one pass over the data, or `steps_per_epoch` generator updates.

        A pass has rows // (n_critic * batch_size) updates, at least one; leftover rows enter the next epoch. The rows
        of a dataset of unknown length are counted in the first epoch, which ends where the data do. The rows of
        arrays and sources have an order that is a function of (seed, pass); a dataset has its own.

        Args:
            x: images as an array (uint8, or float in [-1, 1]), a `DataSource`, a `tf.data.Dataset` or a
                `keras.utils.PyDataset` of batches, or with `steps_per_epoch` an iterator of them; of tuples and dicts,
                only the components that the model uses are kept.
            y: labels, with an array `x`, where the model uses them: integers from 0 on, or one-hot; for image
                translation the second domain.
            batch_size: int >= 1, rows of one discriminator update over all replicas. Default: a dataset's own, else 64.
            epochs: int >= 1. Default 1.
            steps_per_epoch: int >= 1, or None for one pass over the data. Default None.
            value_range: (low, high), the range of the pixels. Default: [0, 255] of uint8, [-1, 1] of floats.
            **kwargs: of `keras.Model.fit`: `callbacks`, `verbose`, `initial_epoch`; `validation_data` (rows as in
                `evaluate`, or a tuple of x and y), `validation_split` (of arrays, the last rows), and
                `validation_batch_size`, `validation_steps`, `validation_freq`, which log what `evaluate` returns as
                `val_*`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ArgumentError: data of another shape or range than the networks', labels out of range, fewer rows than a
                discriminator update takes, or endless data without `steps_per_epoch`. Rows in memory are all checked
                before training, those of a dataset batch by batch.
        """
        for name in sorted(set(kwargs) & set(FIT_CURES)):
            raise ArgumentError(f"fit: received {name}, expected {FIT_CURES[name]}")
        refused = sorted(set(kwargs) - set(FIT_KWARGS))
        if refused:
            hint = nearest(refused[0], (*FIT_KWARGS, "batch_size", "epochs", "steps_per_epoch", "value_range"))
            raise ArgumentError(f"fit: received {refused}, expected only {', '.join(FIT_KWARGS)}{hint}")
        epochs = as_count("epochs", epochs)
        kwargs["initial_epoch"] = as_count("initial_epoch", kwargs.get("initial_epoch", 0), minimum=0)
        if steps_per_epoch is not None:
            steps_per_epoch = as_count("steps_per_epoch", steps_per_epoch)
        split = kwargs.pop("validation_split", 0.0)
        if split:
            x, y, kwargs["validation_data"] = split_rows(x, y, split, kwargs.get("validation_data"))
        held_out = self._validation_arguments(kwargs, x, batch_size, value_range)
        data = self._step_data(x, y, batch_size, value_range)
        steps = steps_per_epoch or data.steps
        if steps is None:
            self._check_pass_ends(data)
        self._next_data, self._first_epoch = data, kwargs["initial_epoch"]
        try:
            return super().fit(data.dataset, epochs=epochs, steps_per_epoch=steps, shuffle=False, **kwargs)
        except tf.errors.OpError:
            error = data.error or (held_out and held_out.error)
            if error is None:
                raise
            raise error from None
        finally:
            self._next_data = None
            take_restored_epoch(self)

    def _validation_arguments(self, kwargs, x, batch_size, value_range):
        """Replaces the rows of `validation_data` by a dataset; returns its `EvaluationData`, or None without any."""
        rows = kwargs.pop("validation_data", None)
        options = {name: kwargs.pop(f"validation_{name}", None) for name in ("batch_size", "steps")}
        if rows is None:
            unused = [f"validation_{name}" for name, value in options.items() if value is not None]
            if unused or "validation_freq" in kwargs:
                raise ArgumentError(
                    f"fit: received {[*unused, 'validation_freq'][0]} without validation_data, expected held-out rows"
                )
            return None
        frequency = kwargs.get("validation_freq", 1)
        if not isinstance(frequency, (list, tuple, set, range)):
            kwargs["validation_freq"] = as_count("validation_freq", frequency)
        options["batch_size"] = options["batch_size"] or batch_size
        data = self._evaluation_data(*validation_rows(rows, x), **options, value_range=value_range)
        kwargs["validation_data"] = data.dataset
        return data

    @staticmethod
    def _check_pass_ends(data):
        if data.is_endless:
            raise ArgumentError("steps_per_epoch: received none with endless data, expected the updates of an epoch")
        if data.monitor is not None and is_multi_worker():
            raise ArgumentError(
                "steps_per_epoch: received none with data of unknown length on several workers, expected the updates "
                "of an epoch: workers may not count alike"
            )

    def make_step_dataset(self, x, y=None, batch_size=None, value_range=None):
        """Returns (dataset, steps): the endless dataset that `train_step` consumes, and the steps of one pass or None.

        Args:
            x, y, batch_size, value_range: of `fit`.
        """
        data = self._step_data(x, y, batch_size, value_range)
        return data.dataset, data.steps

    def _step_data(self, x, y, batch_size, value_range):
        if batch_size is not None:
            batch_size = as_count("batch_size", batch_size)
        return step_dataset(
            self._preprocessor(value_range), x, y, batch_size, n_critic=self.n_critic, seed=self.seed,
            start_step=self.steps_done, num_replicas=self.distribute_strategy.num_replicas_in_sync,
        )  # fmt: skip

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        data, self._next_data = self._next_data, None
        if data is None:
            super()._maybe_symbolic_build(iterator, data_batch)
        elif data.rows_per_step is not None:
            EpochSchedule(iterator, data, self, self._first_epoch).install()

    def _log(self, **values):
        for name, value in values.items():
            self._trackers[name].update_state(value)
        return values

    @property
    def metrics(self):
        """The running means of the logged values; `fit` resets them at each epoch."""
        return list(self._trackers.values())

    def get_compile_config(self):
        """Returns the arguments of `compile`, so that `.keras` files keep both optimizers."""
        return {
            "generator_optimizer": keras.saving.serialize_keras_object(self.generator_optimizer),
            "discriminator_optimizer": keras.saving.serialize_keras_object(self.discriminator_optimizer),
            "jit_compile": self.jit_compile,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
        }

    def compile_from_config(self, config):
        """Compiles the model as `get_compile_config` described."""
        self.compile(**keras.saving.deserialize_keras_object(config))


def as_optimizer(name, optimizer):
    """Returns a Keras optimizer, or None for None.

    Args:
        name: str, the argument's name in messages.
        optimizer: Keras optimizer, its name or config, or None.

    Raises:
        ArgumentError: anything else.
    """
    if optimizer is None or isinstance(optimizer, keras.optimizers.Optimizer):
        return optimizer
    if isinstance(optimizer, (str, dict)):
        try:
            return keras.optimizers.get(optimizer)
        except (ValueError, TypeError):
            pass
    raise ArgumentError(
        f"{name}: received {optimizer!r}, expected a Keras optimizer or its name, such as keras.optimizers.Adam(2e-4) "
        "or 'adam'"
    )
