"""`evaluate` and `validation_data`: losses and logits of given rows, computed without changing the model."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import GAN, DiffAugment
from ganzoo.zoo.core.prng import training_latents
from ganzoo.zoo.families.adversarial_evaluation import EVALUATION_START

from .models import MLP, family, images, tiny_gan

KEYS = ["d_loss", "g_loss", "real_logits", "fake_logits", "d_accuracy"]
FAST = ("cyclegan", "scratchgan")
FAMILIES = ("images", "labels", "captions", "cyclegan", "pix2pix", "seqgan", "relgan", "scratchgan")


@pytest.fixture(scope="module")
def model():
    return tiny_gan()


def state(model):
    optimizers = (model.generator_optimizer, model.discriminator_optimizer)
    seeds = [weight for layer in model._flatten_layers() for weight in layer.variables]
    return [v.numpy() for v in (*model.variables, *seeds, *(v for each in optimizers for v in each.variables))]


def softplus(values):
    return np.log1p(np.exp(values))


def logits_by_hand(model, batches):
    """Real logits of the rows, and those of the fakes of each batch."""
    real = [model.discriminator.predict(rows, verbose=0) for rows in batches]
    fakes = []
    for number, rows in enumerate(batches):
        latents = training_latents(model.seed, EVALUATION_START + number, tf.range(len(rows)), 4)
        fakes.append(model.discriminator(model.generator(latents)).numpy())
    return np.concatenate(real), np.concatenate(fakes)


def test_values_are_the_means_over_all_rows(model):
    x = images(11)
    values = model.evaluate(x, batch_size=11, return_dict=True, verbose=0)
    assert list(values) == sorted(KEYS)
    real, fake = logits_by_hand(model, [x])
    expected = {
        "d_loss": softplus(-real).mean() + softplus(fake).mean(),
        "g_loss": softplus(-fake).mean(),
        "real_logits": real.mean(),
        "fake_logits": fake.mean(),
        "d_accuracy": 0.5 * ((real > 0).mean() + (fake < 0).mean()),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(values[name], value, rtol=1e-5, atol=1e-6, err_msg=name)
    # Batches of 4, 4 and 3 rows count by their rows; the fakes are those of three batches.
    values = model.evaluate(x, batch_size=4, return_dict=True, verbose=0)
    _, fake = logits_by_hand(model, [x[:4], x[4:8], x[8:]])
    np.testing.assert_allclose(values["real_logits"], real.mean(), rtol=1e-5)
    np.testing.assert_allclose(values["fake_logits"], fake.mean(), rtol=1e-5)
    assert model.evaluate(x, batch_size=4, verbose=0) == [values[name] for name in KEYS]


def test_datasets_and_single_batches_have_the_values_of_arrays(model):
    x = images(8)
    expected = model.evaluate(x, batch_size=8, return_dict=True, verbose=0)
    dataset = tf.data.Dataset.from_tensor_slices(x).batch(8)
    unknown = dataset.filter(lambda _: True)
    for values in (
        model.evaluate(dataset, return_dict=True, verbose=0),
        model.evaluate(unknown, return_dict=True, verbose=0),
        model.evaluate(dataset.repeat(), steps=1, return_dict=True, verbose=0),
        model.test_on_batch(x, return_dict=True),
        dict(zip(KEYS, model.test_on_batch(x), strict=True)),
    ):
        assert values == pytest.approx(expected, rel=1e-5)
    as_bytes = np.round((x + 1) * 127.5).astype("uint8")
    assert model.evaluate(as_bytes, verbose=0)[2] == pytest.approx(expected["real_logits"], abs=0.02)
    assert model.evaluate(x * 3, value_range=(-3, 3), verbose=0)[2] == pytest.approx(expected["real_logits"], rel=1e-4)


@pytest.mark.parametrize(
    "name", [name if name in FAST else pytest.param(name, marks=pytest.mark.thorough) for name in FAMILIES]
)
def test_no_state_changes_in_any_family(name):
    model, rows = family(name, run_eagerly=True)
    before, data = state(model), rows(6)
    data = data if len(data) == 2 else (*data, None)
    first = model.evaluate(*data, batch_size=4, return_dict=True, verbose=0)
    assert {"d_loss", "g_loss", "real_logits", "fake_logits", model.logits_metric} == set(first)
    assert all(np.isfinite(value) for value in first.values())
    for old, new in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(old, new)
    assert model.evaluate(*data, batch_size=4, return_dict=True, verbose=0) == first


@pytest.mark.thorough
@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_validated_in_fit(name):
    model, rows = family(name)
    data = rows(6)
    history = model.fit(*data, batch_size=2, steps_per_epoch=1, epochs=2, validation_data=data, verbose=0).history
    assert len(history["val_g_loss"]) == 2
    assert set(history) == {*model.metric_names, *(f"val_{name}" for name in (*KEYS[:4], model.logits_metric))}


def test_the_weights_of_a_batch_are_its_rows_and_tokens_after_the_end_do_not_count():
    model, _ = family("scratchgan", run_eagerly=True)
    tokens = np.array([[3, 0, 0, 0, 0], [3, 4, 5, 2, 6]], "int32")
    logits = model.discriminator(tokens).numpy()
    expected = np.concatenate([logits[0, :2], logits[1]]).mean()
    assert model.test_on_batch(tokens, return_dict=True)["real_logits"] == pytest.approx(expected, rel=1e-5)


def test_validation_rows_do_not_change_the_training_and_are_not_augmented():
    x, held_out = images(16), images(6, seed=1)
    plain, validated = (tiny_gan(run_eagerly=True, augmentation=DiffAugment(shift=1)) for _ in range(2))
    plain.fit(x, batch_size=8, verbose=0)
    history = validated.fit(x, batch_size=8, validation_data=held_out, verbose=0).history
    assert {f"val_{key}" for key in KEYS} | set(KEYS) == set(history)
    for a, b in zip(state(plain), state(validated), strict=True):
        np.testing.assert_array_equal(a, b)
    last = validated.evaluate(held_out, batch_size=8, return_dict=True, verbose=0)
    assert {name: history[f"val_{name}"][-1] for name in KEYS} == pytest.approx(last)
    real = validated.discriminator.predict(held_out, verbose=0)
    assert last["real_logits"] == pytest.approx(real.mean(), rel=1e-5)


def test_a_split_holds_out_the_last_rows(model):
    x = images(20)
    model.compile()
    weights = model.get_weights()
    history = model.fit(x, batch_size=5, validation_split=0.25, validation_freq=[2], epochs=2, verbose=0).history
    assert len(history["val_g_loss"]) == 1
    values = model.evaluate(x[15:], batch_size=5, return_dict=True, verbose=0)
    assert history["val_real_logits"][-1] == pytest.approx(values["real_logits"])
    assert model.steps_done == weights[[w.path for w in model.weights].index(model.step.path)] + 2 * 3


@pytest.mark.thorough
def test_a_discriminator_that_knows_its_rows_is_seen_on_both_sets():
    model = GAN.create((8, 8, 1), MLP, {"network": "mlp", "width": 64}, latent_dim=4, seed=0)
    model.compile(keras.optimizers.Adam(0.0), keras.optimizers.Adam(3e-3))
    x, held_out = images(8), images(8, seed=1)
    model.fit(x, batch_size=8, steps_per_epoch=60, verbose=0)
    known, unknown = (model.evaluate(rows, return_dict=True, verbose=0) for rows in (x, held_out))
    assert known["fake_logits"] == unknown["fake_logits"]
    assert known["real_logits"] > unknown["real_logits"] + 1


@pytest.mark.thorough
def test_two_replicas_evaluate_like_one(two_replicas):
    x = images(8)
    expected = tiny_gan().evaluate(x, batch_size=4, return_dict=True, verbose=0)
    with two_replicas.scope():
        model = tiny_gan()
    assert model.evaluate(x, batch_size=4, return_dict=True, verbose=0) == pytest.approx(expected, rel=1e-5)
    with pytest.raises(ValueError, match="batch_size: received 3 for 2 replicas"):
        model.evaluate(x, batch_size=3)
    with pytest.raises(ValueError, match="test_on_batch: received a call on several replicas"):
        model.test_on_batch(x)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": images(4)[:, :4]}, "expected"),
        ({"x": images(4), "sample_weight": np.ones(4)}, "evaluate: received sample_weight, expected none"),
        ({"x": images(4), "stepz": 1}, "evaluate: received stepz"),
        ({"x": images(4), "steps": 2}, "steps: received 2 for 1 batches, expected at most 1"),
        ({"x": images(0)}, "evaluate: received"),
        ({"x": iter([images(4)])}, "evaluate: received an iterator, which can be read once"),
        ({"x": tf.data.Dataset.from_tensors(images(4)).repeat()}, "steps: received none with endless data"),
        ({"x": None}, "received no data"),
    ],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_refused_in_one_line(model, arguments, message):
    with pytest.raises(ValueError, match=message) as caught:
        model.evaluate(**arguments, verbose=0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"validation_split": 1.0}, "validation_split: received 1.0, expected a number between 0 and 1"),
        ({"validation_split": 0.5, "validation_data": images(4)}, "validation_split: received next to validation_data"),
        ({"validation_steps": 3}, "fit: received validation_steps without validation_data"),
        ({"validation_freq": 3}, "fit: received validation_freq without validation_data"),
        ({"validation_data": images(4), "validation_freq": 0}, "validation_freq: received 0"),
        ({"validation_data": (images(4), None, 1)}, "validation_data: received a tuple of 3"),
        ({"validation_data": images(4)[:, 1:]}, "expected"),
        ({"shuffle": True}, "fit: received shuffle, expected none: the order"),
        ({"class_weight": {}}, "fit: received class_weight, expected none: rows count alike"),
    ],
)
def test_arguments_of_validation_are_checked(model, arguments, message):
    with pytest.raises(ValueError, match=message):
        model.fit(images(8), batch_size=4, verbose=0, **arguments)
