"""What every variant of the zoo must hold; a new one is found by itself and fails here until it is complete.

Variants that draw from latents are tried here, those that translate pictures in `test_translation_contract.py`, those
that write in `test_text_contract.py`.
"""

import io
import json
import zipfile
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export import export_saved_model, export_tflite
from ganzoo.export.sample import draw
from ganzoo.training.shelf import recipes
from ganzoo.zoo.base import AdversarialModel
from ganzoo.zoo.registry import variant_class, variants
from ganzoo.zoo.text import TextModel
from ganzoo.zoo.translation import TranslationModel

ROOT = Path(__file__).parents[2]
NAMES = [name for name in sorted(variants()) if issubclass(variant_class(name), AdversarialModel)]
# A variant's tiny arguments, where the defaults would be slow to compile.
CAPTIONS = ["a red square", "one blue circle", "green"]
TINY = {"wgan": {"n_critic": 2}, "text_to_image": {"text_encoder": {"units": 4, "embedding_dim": 4}}}
# A condition of one sample, by the name that `generate`, signatures and files have for it.
ASKED = {"labels": np.array([2], np.int32), "tokens": ["one red circle"]}


@pytest.fixture(scope="module", params=NAMES)
def name(request):
    return request.param


@pytest.fixture(scope="module")
def build(name):
    def build(precision="float32", seed=3, network="mlp", **compiling):
        cls = variant_class(name)
        if cls.default_network != "dcgan":
            # The variant needs networks of its own kind.
            network = cls.default_network
        network = {"network": network, "width": 4} | ({"depth": 1} if network == "mlp" else {})
        arguments = dict(TINY.get(name, {}))
        arguments |= {"num_classes": len(CAPTIONS)} if "labels" in cls.inputs_used else {}
        arguments |= {"captions": CAPTIONS} if "captions" in cls.inputs_used else {}
        model = cls.create((8, 8, 1), network, network, latent_dim=4, seed=seed, precision=precision, **arguments)
        model.compile(**compiling)
        return model

    return build


def pictures(num=16):
    """Random images with labels and captions, of which a model takes what it uses."""
    images = np.random.default_rng(0).integers(0, 256, (num, 8, 8, 1), dtype=np.uint8)
    labels = np.arange(num) % len(CAPTIONS)
    return {"images": images, "labels": labels, "captions": np.array(CAPTIONS, object)[labels]}


def values(model):
    return [weight.numpy() for weight in model.weights]


def difference(first, second):
    return max(float(abs(a - b).max()) for a, b in zip(first, second, strict=True))


@pytest.fixture(scope="module")
def trained(build):
    model = build(network="dcgan")
    before = [w.numpy() for w in model.trainable_variables]
    history = model.fit(pictures(), batch_size=4, steps_per_epoch=2, verbose=0).history
    return model, before, history


def test_trains_and_logs_finite_values(trained):
    model, before, history = trained
    assert {"d_loss", "g_loss", "real_logits", "fake_logits"} <= set(history)
    assert all(np.isfinite(value).all() for value in history.values())
    moved = {w.path for a, w in zip(before, model.trainable_variables, strict=True) if (a != w.numpy()).any()}
    for variables in (model.generator_variables, model.discriminator_variables):
        # A critic's last bias has no gradient: it cancels in a difference of means.
        assert {w.path for w in variables} - moved <= {"logits/bias"}
    assert model.steps_done == 2


def test_samples_have_their_shape_and_hang_on_their_seed(trained):
    model, _, _ = trained
    images = model.generate(5, seed=11)
    assert images.shape == (5, 8, 8, 1)
    assert images.dtype == np.float32
    assert -1 <= images.min() < images.max() <= 1
    np.testing.assert_array_equal(images[2], model.generate(1, seed=13)[0])
    assert (images[0] != images[1]).any()
    with pytest.raises(ValueError, match="num: received 0"):
        model.generate(0)
    with pytest.raises(ValueError, match="seed: received -1"):
        model.generate(1, seed=-1)
    # Without a seed no two calls agree.
    assert (model.generate(1) != model.generate(1)).any()


def test_keras_files_give_the_same_model_back(trained, tmp_path):
    model, _, _ = trained
    model.save(tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive, archive.open("model.weights.h5") as weights:
        groups = set(h5py.File(io.BytesIO(weights.read())))
    # Keras walks over every attribute: a property that returned networks would be written as another part.
    parts = {f"{role}generator" for role in ("", "averaged_")} | {"discriminator", "vars"}
    parts |= {"generator_optimizer", "discriminator_optimizer"}
    # What else a model owns is kept among its layers.
    assert parts <= groups <= parts | {"layers", "averaged_encoder"}
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.generate(2, seed=1), model.generate(2, seed=1))
    for role in ("generator_optimizer", "discriminator_optimizer"):
        mine, theirs = getattr(model, role), getattr(loaded, role)
        assert type(theirs) is type(mine)
        assert len(theirs.variables) == len(mine.variables) > 2
        for a, b in zip(mine.variables, theirs.variables, strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), err_msg=a.path)
    # Compiled steps are tested above; tracing one more would take longest of all.
    loaded.run_eagerly = True
    again = loaded.fit(pictures(), batch_size=4, steps_per_epoch=1, verbose=0)
    assert np.isfinite(again.history["g_loss"]).all()
    assert loaded.steps_done == 3


def test_config_round_trip_gives_equal_fresh_weights(build, name):
    model = build(seed=7)
    config = model.get_config()
    twin = variant_class(name).from_config(json.loads(json.dumps(config)))
    assert difference(values(model), values(twin)) == 0


def test_saved_models_and_tflite_files_give_what_keras_gives(trained, tmp_path):
    model, _, _ = trained
    # Both are compared with Keras in processes of their own; what is off does not come about.
    served = export_saved_model(model, tmp_path / "served", repeats=0)
    file = export_tflite(model, tmp_path / "file.tflite", repeats=0)
    assert {"serving_default", "sample"} <= set(served.differences) & set(file.differences)
    for entry in (served, file):
        assert entry.worst["max_difference"] < 1e-5, entry.kind
    # Once more by hand, against `generate` itself.
    names = {"labels": "labels", "tokens": "texts"}
    asked = {names[condition]: ASKED[condition] for condition in model.condition_names}
    sample = tf.saved_model.load(served.file).signatures["sample"]
    images = sample(seeds=tf.constant([13], tf.int32), **{key: tf.constant(value) for key, value in asked.items()})
    np.testing.assert_allclose(images["images"] * 2 - 1, model.generate(1, seed=13, **asked), atol=1e-5)
    np.testing.assert_allclose(draw(file.file, 1, 13, **asked) * 2 - 1, model.generate(1, seed=13, **asked), atol=1e-5)


def test_eager_and_compiled_steps_agree(trained, build):
    eager = build(network="dcgan", run_eagerly=True)
    eager.fit(pictures(), batch_size=4, steps_per_epoch=2, verbose=0)
    assert difference(values(trained[0]), values(eager)) < 1e-5


@pytest.mark.parametrize("precision", ["bfloat16", "float16"])
def test_mixed_precision_keeps_float32_where_it_matters(build, precision):
    # In a graph, and on replicas, loss scaling is tried in test_replicas.py.
    model = build(precision=precision, run_eagerly=True)
    assert any(layer.compute_dtype == precision for layer in model.generator.layers)
    assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
    assert model.generate(1, seed=0).dtype == np.float32
    fed = [tf.zeros((1, *tensor.shape[1:]), tensor.dtype) for tensor in model.discriminator.inputs]
    logits = model.discriminator(fed if len(fed) > 1 else fed[0])
    assert {output.dtype for output in tf.nest.flatten(logits)} == {tf.float32}
    history = model.fit(pictures(), batch_size=4, steps_per_epoch=2, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    scaled = isinstance(model.generator_optimizer, keras.optimizers.LossScaleOptimizer)
    assert scaled == (precision == "float16")
    for optimizer in (model.generator_optimizer, model.discriminator_optimizer):
        assert int(optimizer.iterations) > 0, "every step was skipped"


def test_two_replicas_train(build, two_replicas):
    with two_replicas.scope():
        model = build()
    history = model.fit(pictures(), batch_size=4, steps_per_epoch=2, verbose=0).history
    assert all(np.isfinite(value).all() for value in history.values())
    for weight in model.trainable_variables:
        copies = [copy.numpy() for copy in weight.value.values]
        np.testing.assert_array_equal(*copies)


@pytest.mark.parametrize("name", sorted(variants()))
def test_has_a_family_a_recipe_a_test_and_a_summary(name):
    assert issubclass(variant_class(name), (AdversarialModel, TranslationModel, TextModel)), "no contract test tries it"
    assert any(recipe.startswith(f"{name}_") for recipe in recipes()), f"no configs/{name}_<dataset>.toml"
    assert (ROOT / "tests" / "zoo" / f"test_{name}.py").is_file()
    summary = variants()[name].summary
    assert summary.endswith(".")
    assert len(summary) < 120
