"""The contract that every model of the zoo fulfills, whatever its family.

A family's test module subclasses `ModelContract`, provides the fixtures `name` (one parameter per model) and `build`,
and adds tests of its own family. A new model is found by the registry and fails here until it is complete.
"""

import json

import keras
import numpy as np
import pytest
from ganzoo.zoo.registry import variant_class, variants

OPTIMIZERS = ("generator_optimizer", "discriminator_optimizer")


def names_of(family):
    """Returns the names of the models that derive from a family class."""
    return [name for name in sorted(variants()) if issubclass(variant_class(name), family)]


def thorough_except(fast, names):
    """Parametrizes a slow test by model: `make test` runs those named in `fast`, `make thorough` all of them."""
    assert set(fast) <= set(names)
    marked = [name if name in fast else pytest.param(name, marks=pytest.mark.thorough) for name in names]
    return pytest.mark.parametrize("name", marked, indirect=True, scope="class")


def values(model):
    """Returns all weights as arrays."""
    return [weight.numpy() for weight in model.weights]


def difference(first, second):
    """Returns the largest absolute difference between two lists of arrays."""
    return max(float(abs(a - b).max()) for a, b in zip(first, second, strict=True))


def changed(variables, before):
    """Returns the paths of the variables that differ from earlier values."""
    return {v.path for v, old in zip(variables, before, strict=True) if (v.numpy() != old).any()}


class Trained:
    """A model after a few steps, with what it was before and right after them."""

    def __init__(self, model, data, batch_size, steps):
        self.model = model
        self.before = [variable.numpy() for variable in model.trainable_variables]
        self.history = model.fit(data, batch_size=batch_size, steps_per_epoch=steps, verbose=0).history
        # Recorded now, because a test trains the model further and tests may run in any order.
        self.steps_done, self.after = model.steps_done, values(model)
        self.changed = changed(model.trainable_variables, self.before)


class ModelContract:
    """What every model fulfills; a subclass sets the sizes and provides data, `name` and `build`."""

    batch_size = 4
    steps = 3
    # Largest difference between eager and compiled training. Kinks of L1 losses and argmax amplify rounding errors.
    tolerance = 1e-3

    def data(self):
        """Returns data for `fit`."""
        raise NotImplementedError

    def outputs(self, model):
        """Returns what the model generates, as an array."""
        raise NotImplementedError

    def build_for_training(self, build, **arguments):
        """Returns the model that is trained once for all tests of the class."""
        return build(**arguments)

    @pytest.fixture(scope="class")
    def trained(self, build):
        return Trained(self.build_for_training(build), self.data(), self.batch_size, self.steps)

    def test_trains_and_logs_finite_values(self, trained):
        model = trained.model
        assert set(model.metric_names) == set(trained.history)
        assert all(np.isfinite(value).all() for value in trained.history.values())
        trainable = {w.path for w in (*model.generator_variables, *model.discriminator_variables)}
        assert trainable == {w.path for w in model.trainable_variables}
        # A bias before a normalization, or one that cancels in a difference of logits, has no gradient.
        assert {path for path in trainable if not path.endswith("bias")} <= trained.changed
        assert trained.steps_done == self.steps

    def test_keras_files_restore_the_same_model(self, trained, tmp_path):
        model = trained.model
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        assert len(values(model)) == len(values(loaded))
        assert difference(values(model), values(loaded)) == 0
        np.testing.assert_array_equal(self.outputs(loaded), self.outputs(model))
        for role in OPTIMIZERS:
            expected, restored = getattr(model, role), getattr(loaded, role)
            assert type(restored) is type(expected)
            assert len(restored.variables) == len(expected.variables) > 2
            for a, b in zip(expected.variables, restored.variables, strict=True):
                np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)

    def test_config_round_trip_builds_an_equal_fresh_model(self, build, name):
        model = build(seed=7)
        twin = variant_class(name).from_config(json.loads(json.dumps(model.get_config())))
        assert difference(values(model), values(twin)) == 0

    def test_eager_and_compiled_steps_agree(self, trained, build):
        eager = self.build_for_training(build, run_eagerly=True)
        eager.fit(self.data(), batch_size=self.batch_size, steps_per_epoch=self.steps, verbose=0)
        assert difference(values(eager), trained.after) < self.tolerance

    @pytest.mark.parametrize("precision", [pytest.param("bfloat16", marks=pytest.mark.thorough), "float16"])
    def test_mixed_precision_keeps_weights_and_outputs_in_float32(self, build, precision):
        # Loss scaling in a graph and on replicas is tested in test_replicas.py.
        model = build(precision=precision, run_eagerly=True)
        compute = {layer.compute_dtype for network in model.generators() for layer in network._flatten_layers()}
        assert precision in compute
        assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
        self.check_output_dtypes(model)
        scaled = isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
        assert scaled == (precision == "float16")
        if scaled:
            # The initial scale is high, so that the first steps of a loss with large weights would be skipped.
            low = [keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(), initial_scale=4.0) for _ in range(2)]
            model.compile(*low, run_eagerly=True)
        history = model.fit(self.data(), batch_size=2, steps_per_epoch=2, verbose=0).history
        assert all(np.isfinite(value).all() for value in history.values())
        for role in OPTIMIZERS:
            assert int(getattr(model, role).iterations) > 0, "every step was skipped"

    def check_output_dtypes(self, model):
        """Asserts that a half-precision model returns float32 samples and logits."""
        raise NotImplementedError


class ResumesExactly:
    """Contract of models whose data the test feeds twice: a restored model continues as if it had not stopped."""

    def test_a_restored_model_continues_bit_identically(self, trained, tmp_path):
        model = trained.model
        model.save(tmp_path / "model.keras")
        loaded = keras.saving.load_model(tmp_path / "model.keras")
        for each in (model, loaded):
            each.fit(self.data(), batch_size=self.batch_size, steps_per_epoch=2, verbose=0)
        assert difference(values(model), values(loaded)) == 0
