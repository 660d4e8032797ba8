"""What an adversarial model shares with every Keras model: compile, fit, and `.keras` files."""

import keras
import tensorflow as tf

from .errors import ArgumentError
from .feed import ArrayRows, check_pixels, step_dataset
from .images import from_uint8


class KerasWorkflow(keras.Model):
    """The Keras side of `AdversarialStep`, which owns the step.

    It expects of its subclass: `generator_variables`, `discriminator_variables`, `default_optimizers`, `step` and
    `data_shapes`.
    """

    @property
    def steps_done(self):
        """Generator updates so far, as a Python int; reading it waits for the device."""
        return int(self.step.value.read_value())

    def compile(
        self, generator_optimizer=None, discriminator_optimizer=None, jit_compile="auto", run_eagerly=False,
        steps_per_execution=1,
    ):  # fmt: skip
        """Sets the two optimisers; calling it again keeps the weights and starts the optimisers afresh.

        Args:
            generator_optimizer: Keras optimiser or its name. Default: the variant's.
            discriminator_optimizer: likewise; a second object, two networks cannot share one.
            jit_compile: "auto" or bool, XLA; "auto" means one GPU only. Default "auto".
            run_eagerly: bool, for debugging. Default False.
            steps_per_execution: int >= 1. Default 1.

        Raises:
            ArgumentError: one optimiser object for both networks, or one that is built for other variables.
        """
        generator_default, discriminator_default = self.default_optimizers()
        generator_optimizer = keras.optimizers.get(generator_optimizer) or generator_default
        discriminator_optimizer = keras.optimizers.get(discriminator_optimizer) or discriminator_default
        if generator_optimizer is discriminator_optimizer:
            raise ArgumentError(
                "discriminator_optimizer: received the generator's optimiser object, expected one of its own: "
                "each network's optimiser keeps that network's statistics"
            )
        super().compile(
            optimizer=None, jit_compile=jit_compile, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution
        )
        if self.jit_compile and not all(layer.supports_jit for layer in self._flatten_layers()):
            raise ArgumentError("jit_compile: received True, expected False: a layer of this model cannot run in XLA")
        self.generator_optimizer = self._own(generator_optimizer, self.generator_variables)
        self.discriminator_optimizer = self._own(discriminator_optimizer, self.discriminator_variables)

    def _own(self, optimizer, variables):
        half = any(layer.dtype_policy.name == "mixed_float16" for layer in self._flatten_layers())
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(variables)
        return optimizer

    def fit(self, x=None, y=None, batch_size=None, epochs=1, steps_per_epoch=None, **kwargs):
        """Trains the model; an epoch is `steps_per_epoch` generator updates, or one pass over the data.

        Args:
            x: images as an array (uint8, or float in [-1, 1]), an `ImageSource`, or a `tf.data.Dataset` of batches;
                of the elements of tuples and dicts only what the variant uses is kept.
            y: labels, with an array `x`, where the variant uses them; of translation variants the other domain.
            batch_size: int >= 1, rows of one discriminator turn over all replicas. Default: a dataset's own, else 64.
            epochs: int >= 1. Default 1.
            steps_per_epoch: int >= 1 or None.
            **kwargs: of `keras.Model.fit`: `callbacks`, `verbose`, `initial_epoch`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ArgumentError: data of another shape or range than the networks', or fewer rows than a step eats.
        """
        refused = sorted(set(kwargs) - {"callbacks", "verbose", "initial_epoch"})
        if refused:
            raise ArgumentError(f"fit: received {refused}, expected only callbacks, verbose, initial_epoch")
        dataset, steps = step_dataset(self, x, y, batch_size)
        return super().fit(dataset, epochs=epochs, steps_per_epoch=steps_per_epoch or steps, shuffle=False, **kwargs)

    def rows_of(self, arrays):
        """Returns a dict of arrays, name -> (num, ...), as a source of batches."""
        return ArrayRows(arrays)

    def arranged(self, rows):
        """Returns rows (anything with `batches`) that bring what the variant's step needs of them."""
        return rows

    def as_input(self, name, rows):
        """Returns rows of one of `data_shapes` as the step takes them: pixels in [-1, 1]."""
        return from_uint8(rows) if rows.dtype == tf.uint8 else tf.cast(rows, tf.float32)

    def check_input(self, name, rows):
        """Raises ArgumentError unless rows, an array, can be one of `data_shapes`."""
        check_pixels(name, rows, self.data_shapes[name])

    def prepared(self, batch):
        """Returns a batch of data, a dict of tensors, as the step takes it; runs in the data pipeline."""
        return batch

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        # Keras would draw a batch to build layers from it; here all are built, and between workers that fails.
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
        """Returns the arguments of `compile`, so that `.keras` files keep both optimisers."""
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
