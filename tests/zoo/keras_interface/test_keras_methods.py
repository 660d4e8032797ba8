"""Every public method of `keras.Model` works on a model of the zoo, or is refused in one line."""

import copy
import pickle

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import WGAN
from ganzoo.zoo.families.keras_interface import INSTEAD

from .models import family, images, tiny_gan, tiny_text, tiny_translator

LATENTS = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
# Methods of training and saving that have test modules of their own.
TESTED_ELSEWHERE = {
    "fit", "evaluate", "compile", "get_compile_config", "compile_from_config", "get_config", "from_config",
    "train_step", "test_step", "call", "add_weight",
}  # fmt: skip
# The calls of all other methods.
CALLS = {
    "add_variable": lambda model: model.add_variable((), "zeros", trainable=False),
    "build": lambda model: model.build((None, 4)),
    "build_from_config": lambda model: model.build_from_config(model.get_build_config()),
    "compute_mask": lambda model: model.compute_mask(LATENTS, None),
    "compute_output_shape": lambda model: model.compute_output_shape((3, 4)) == (3, 8, 8, 1),
    "compute_output_spec": lambda model: model.compute_output_spec(keras.KerasTensor((3, 4))).shape == (3, 8, 8, 1),
    "count_params": lambda model: model.count_params() == sum(int(np.prod(w.shape)) for w in model.weights),
    "get_build_config": lambda model: model.get_build_config(),
    "get_layer": lambda model: model.get_layer(model.discriminator.name) is model.discriminator,
    "get_metrics_result": lambda model: set(model.get_metrics_result()) == set(model.metric_names),
    "get_weights": lambda model: len(model.get_weights()) == len(model.weights),
    "load_own_variables": lambda model: model.load_own_variables(stored(model)),
    # An attribute in Keras as well: what `compile` was given.
    "loss": lambda model: model.loss is None,
    "make_predict_function": lambda model: model.make_predict_function(),
    "make_test_function": lambda model: model.make_test_function(),
    "make_train_function": lambda model: model.make_train_function(),
    "predict_on_batch": lambda model: np.allclose(model.predict_on_batch(LATENTS), model(LATENTS), atol=1e-6),
    "predict_step": lambda model: np.allclose(model.predict_step(LATENTS), model(LATENTS), atol=1e-6),
    "predict": lambda model: np.allclose(model.predict(LATENTS, verbose=0), model(LATENTS), atol=1e-6),
    "rematerialized_call": lambda model: model.rematerialized_call(model.call, LATENTS),
    "save_own_variables": lambda model: "0" in stored(model),
    "set_weights": lambda model: model.set_weights(model.get_weights()),
    "stateless_call": lambda model: np.allclose(stateless(model), model(LATENTS), atol=1e-6),
    "summary": lambda model: model.summary(print_fn=lambda text, line_break=True: None),
    "symbolic_call": lambda model: model.symbolic_call(keras.KerasTensor((3, 4))).shape == (3, 8, 8, 1),
    "to_json": lambda model: type(keras.models.model_from_json(model.to_json())) is type(model),
}
WITH_FILES = {"export", "load_weights", "reset_metrics", "save", "save_weights", "test_on_batch", "train_on_batch"}


def stored(model):
    store = {}
    model.save_own_variables(store)
    return store


def stateless(model):
    trainable, others = ([v.value for v in part] for part in (model.trainable_variables, model.non_trainable_variables))
    return model.stateless_call(trainable, others, LATENTS)[0]


@pytest.fixture(scope="module")
def model():
    return tiny_gan(run_eagerly=True)


def test_every_method_of_keras_is_known_here():
    methods = {name for name in dir(keras.Model) if not name.startswith("_") and callable(getattr(keras.Model, name))}
    known = TESTED_ELSEWHERE | set(CALLS) | WITH_FILES | set(INSTEAD)
    assert methods - known == set(), "decide whether it works, and add a call or a refusal"
    assert known - methods == set()
    assert not set(INSTEAD) & set(CALLS)


@pytest.mark.parametrize("name", sorted(CALLS))
def test_methods_work(model, name):
    before = model.get_weights() if name != "add_variable" else []
    target = tiny_gan() if name == "add_variable" else model
    assert CALLS[name](target) is not False
    for old, new in zip(before, model.get_weights() if before else [], strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize("name", sorted(INSTEAD))
def test_what_has_no_meaning_is_refused_in_one_line(model, name):
    with pytest.raises(ValueError, match=f"^{name}: received a call on GAN, expected .+") as caught:
        getattr(model, name)("int8")
    assert "\n" not in str(caught.value)


def test_properties_can_be_read(model):
    names = [name for name in dir(keras.Model) if not name.startswith("_")]
    for name in names:
        # A model that was not built from symbolic tensors has no input, and Keras' reduction method is set by users.
        if name not in ("input", "output", "compiled_metrics", "distribute_reduction_method"):
            getattr(model, name)
    with pytest.raises(ValueError, match="compiled_metrics: received a use, expected metrics"):
        _ = model.compiled_metrics


def test_copies_have_the_weights_and_optimizers_of_the_original():
    model = tiny_gan(run_eagerly=True)
    model.fit(images(4), batch_size=4, verbose=0)
    for twin in (pickle.loads(pickle.dumps(model)), copy.deepcopy(model)):
        assert twin.steps_done == 1
        np.testing.assert_array_equal(twin.generate(2, seed=1), model.generate(2, seed=1))
        for a, b in zip(model.optimizer.variables, twin.optimizer.variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())
    fresh = keras.models.clone_model(model)
    assert (type(fresh), fresh.steps_done, fresh.seed) == (type(model), 0, model.seed)


def test_hdf5_is_refused_before_the_file_is_touched(model, tmp_path):
    for path in (tmp_path / "model.h5", str(tmp_path / "model.hdf5")):
        with open(path, "wb") as file:
            file.write(b"mine")
        with pytest.raises(ValueError, match="expected a path that ends in .keras: HDF5"):
            model.save(path)
        with open(path, "rb") as file:
            assert file.read() == b"mine"


def test_weights_alone_are_saved_and_loaded(model, tmp_path):
    model.save_weights(tmp_path / "model.weights.h5")
    other = tiny_gan(seed=4)
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.generate(2, seed=1), model.generate(2, seed=1))


@pytest.mark.parametrize(
    "name", ["images", *(pytest.param(name, marks=pytest.mark.thorough) for name in ("labels", "cyclegan", "seqgan"))]
)
def test_export_and_predict_compute_what_the_model_computes(name, tmp_path):
    model, _ = family(name)
    inputs = [np.resize(np.asarray([1, 0, 2], one.dtype), (3, *one.shape[1:])) for one in model.example_inputs()]
    inputs = inputs if len(inputs) > 1 else inputs[0]
    expected = np.asarray(model(inputs))
    model.export(tmp_path / "saved", verbose=False)
    loaded = tf.saved_model.load(str(tmp_path / "saved"))
    np.testing.assert_allclose(loaded.serve(inputs), expected, atol=1e-5)
    np.testing.assert_allclose(model.predict(inputs, verbose=0), expected, atol=1e-5)


@pytest.mark.parametrize("create", [tiny_translator, tiny_text])
def test_output_shapes_of_other_families(create):
    model = create()
    shape = model.example_inputs()[0].shape
    assert model.compute_output_shape((2, *shape[1:])) == tuple(model(np.zeros((2, *shape[1:]), "float32")).shape)


def test_a_step_on_a_batch_is_a_step_of_fit():
    model, fitted = (tiny_gan(WGAN, run_eagerly=True, n_critic=2) for _ in range(2))
    x = images(8)
    logs = model.train_on_batch(x, return_dict=True)
    history = fitted.fit(tf.data.Dataset.from_tensors(x), batch_size=4, verbose=0).history
    assert {name: values[0] for name, values in history.items()} == pytest.approx(logs, rel=1e-5)
    for a, b in zip(model.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    assert model.steps_done == 1
    values = model.train_on_batch(x)
    assert values == [float(metric.result()) for metric in model.metrics]
    model.reset_metrics()
    assert not any(float(metric.result()) for metric in model.metrics)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": images(3)}, "x: received 3 rows, expected a multiple of n_critic = 2"),
        ({"x": images(4), "sample_weight": np.ones(4)}, "train_on_batch: received weights of rows"),
        ({"x": images(4), "class_weight": {0: 1}}, "train_on_batch: received weights of rows"),
        ({"x": tf.data.Dataset.from_tensors(images(4))}, "expected the arrays of one batch"),
        ({"x": images(4) * 3}, "expected"),
    ],
)
def test_batches_that_cannot_be_used_are_refused(arguments, message):
    model = tiny_gan(WGAN, run_eagerly=True, n_critic=2)
    with pytest.raises(ValueError, match=message):
        model.train_on_batch(**arguments)
    assert model.steps_done == 0


def test_a_model_without_optimizers_says_so():
    with pytest.raises(ValueError, match=r"test_on_batch: received a model without optimizers.*call compile\(\)"):
        tiny_gan(compiled=False).test_on_batch(images(4))
