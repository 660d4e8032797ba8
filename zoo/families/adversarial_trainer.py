"""What an adversarial model shares with every Keras model: compile, fit, metrics and `.keras` files."""

import keras
import tensorflow as tf

from ..errors import ArgumentError
from ..pipeline.input_pipeline import step_dataset


class AdversarialTrainer(keras.Model):
    """The Keras side of `AdversarialModel`, which defines the training step.

    It expects of its subclass: `generator_variables`, `discriminator_variables`, `default_optimizers`, `n_critic`,
    `seed`, `step` and `make_preprocessor`.
    """

    @property
    def steps_done(self):
        """Generator updates so far, as a Python int; reading it waits for the device."""
        return int(self.step.value.read_value())

    def compile(
        self, generator_optimizer=None, discriminator_optimizer=None, jit_compile="auto", run_eagerly=False,
        steps_per_execution=1,
    ):  # fmt: skip
        """Sets the two optimizers; compiling again keeps the weights and resets the optimizers.

        Args:
            generator_optimizer: Keras optimizer or its name. Default: the model's.
            discriminator_optimizer: likewise; a second object, two networks cannot share one.
            jit_compile: "auto" or bool, XLA; "auto" means on one GPU only. Default "auto".
            run_eagerly: bool, for debugging. Default False.
            steps_per_execution: int >= 1. Default 1.

        Raises:
            ArgumentError: one optimizer object for both networks, or one that is built for other variables.
        """
        generator_default, discriminator_default = self.default_optimizers()
        generator_optimizer = keras.optimizers.get(generator_optimizer) or generator_default
        discriminator_optimizer = keras.optimizers.get(discriminator_optimizer) or discriminator_default
        if generator_optimizer is discriminator_optimizer:
            raise ArgumentError(
                "discriminator_optimizer: received the generator's optimizer object, expected a second one: an "
                "optimizer keeps statistics of one network"
            )
        super().compile(
            optimizer=None, jit_compile=jit_compile, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution
        )
        if self.jit_compile and not all(layer.supports_jit for layer in self._flatten_layers()):
            raise ArgumentError("jit_compile: received True, expected False: a layer of this model cannot run in XLA")
        self.generator_optimizer = self._build_optimizer(generator_optimizer, self.generator_variables)
        self.discriminator_optimizer = self._build_optimizer(discriminator_optimizer, self.discriminator_variables)

    def _build_optimizer(self, optimizer, variables):
        half = any(layer.dtype_policy.name == "mixed_float16" for layer in self._flatten_layers())
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(variables)
        return optimizer

    def fit(self, x=None, y=None, batch_size=None, epochs=1, steps_per_epoch=None, **kwargs):
        """Trains the model; an epoch is `steps_per_epoch` generator updates, or one pass over the data.

        Args:
            x: images as an array (uint8, or float in [-1, 1]), a `DataSource`, or a `tf.data.Dataset` of batches; of
                tuples and dicts, only the components that the model uses are kept.
            y: labels, with an array `x`, where the model uses them; for image translation the second domain.
            batch_size: int >= 1, rows of one discriminator update over all replicas. Default: a dataset's own, else 64.
            epochs: int >= 1. Default 1.
            steps_per_epoch: int >= 1 or None.
            **kwargs: of `keras.Model.fit`: `callbacks`, `verbose`, `initial_epoch`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ArgumentError: data of another shape or range than the networks', or fewer rows than a step consumes.
        """
        refused = sorted(set(kwargs) - {"callbacks", "verbose", "initial_epoch"})
        if refused:
            raise ArgumentError(f"fit: received {refused}, expected only callbacks, verbose, initial_epoch")
        dataset, steps = self.make_step_dataset(x, y, batch_size)
        return super().fit(dataset, epochs=epochs, steps_per_epoch=steps_per_epoch or steps, shuffle=False, **kwargs)

    def make_step_dataset(self, x, y=None, batch_size=None):
        """Returns (dataset, steps): the endless dataset that `train_step` consumes, and the steps of one pass or None.

        Args:
            x, y, batch_size: of `fit`.
        """
        return step_dataset(
            self.make_preprocessor(), x, y, batch_size, n_critic=self.n_critic, seed=self.seed,
            start_step=self.steps_done, num_replicas=self.distribute_strategy.num_replicas_in_sync,
        )  # fmt: skip

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras would take a batch from the iterator to build layers; all are built, and with several workers it fails.
        return

    def _log(self, **values):
        for name, value in values.items():
            self._trackers[name].update_state(value)

    def _results(self):
        results = {name: tracker.result() for name, tracker in self._trackers.items()}
        # Keras 3 reduces logs over axis 0 between workers and fails on scalars there.
        extended = tf.distribute.get_strategy().extended
        if getattr(extended, "_in_multi_worker_mode", bool)():
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return results

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
