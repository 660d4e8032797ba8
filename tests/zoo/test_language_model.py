"""Maximum likelihood as Keras trains it: its loss, its weights, its files."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import LanguageModel, SequenceGenerator
from ganzoo.zoo.language_model import SequenceLoss
from scipy.special import log_softmax

LENGTH, WORDS = 4, 5
TEXTS = np.array([[1, 2, 0, 0], [3, 4, 2, 1], [0, 0, 0, 0], [2, 2, 2, 0]], np.int32)
# Of each text's own tokens, its end among them.
OWN = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1]])


def built(optimizer="sgd", ends=True, dtype=None, **compiling):
    model = LanguageModel(SequenceGenerator(WORDS, LENGTH, ends, units=4, embedding_dim=4, scale=1.0, dtype=dtype))
    model.compile(optimizer, **compiling)
    return model


@pytest.mark.parametrize("ends", [True, False])
def test_the_loss_is_nats_a_sequence(ends):
    logits = np.random.default_rng(0).normal(size=(4, LENGTH, WORDS)).astype("float32")
    nats = -np.take_along_axis(log_softmax(logits, axis=2), TEXTS[:, :, np.newaxis], axis=2)[:, :, 0]
    each = (nats * OWN if ends else nats).sum(axis=1)
    loss = SequenceLoss(ends)
    assert float(loss(TEXTS, logits)) == pytest.approx(each.mean(), rel=1e-5)
    weights = np.array([1, 0, 0.5, 0], np.float32)
    assert float(loss(TEXTS, logits, weights)) == pytest.approx((each @ weights) / 4, rel=1e-5)
    twin = SequenceLoss.from_config(loss.get_config())
    assert (twin.ends, twin.name, twin.reduction) == (ends, "sequence_loss", "sum_over_batch_size")


def test_fit_takes_weights_of_rows_seriously():
    one, other = built(run_eagerly=True), built(run_eagerly=True)
    one.fit(TEXTS, TEXTS, sample_weight=np.array([1, 0, 1, 0]), batch_size=4, verbose=0)
    other.fit(np.tile(TEXTS[[0, 2]], (2, 1)), np.tile(TEXTS[[0, 2]], (2, 1)), batch_size=4, verbose=0)
    # Half of the rows count, of which the other model has twice as many; SGD's step is half as long.
    start = built().get_weights()
    for half, whole, old in zip(one.get_weights(), other.get_weights(), start, strict=True):
        np.testing.assert_allclose(2 * (half - old), whole - old, atol=1e-6)


def test_one_step_descends_the_likelihood_of_whole_sequences():
    model = built(keras.optimizers.SGD(0.1))
    generator = model.generator
    with tf.GradientTape() as tape:
        loss = -tf.reduce_mean(tf.reduce_sum(generator.log_probabilities(TEXTS), axis=1))
    gradients = tape.gradient(loss, [variable.value for variable in generator.trainable_variables])
    expected = [
        old - 0.1 * np.asarray(tf.convert_to_tensor(gradient))
        for old, gradient in zip(generator.get_weights(), gradients, strict=True)
    ]
    assert model.fit(TEXTS, TEXTS, batch_size=4, verbose=0).history["loss"][0] == pytest.approx(float(loss), rel=1e-5)
    for weight, value in zip(generator.get_weights(), expected, strict=True):
        np.testing.assert_allclose(weight, value, atol=1e-6)


def test_its_weights_are_the_generators():
    model = built()
    assert [id(v) for v in model.trainable_variables] == [id(v) for v in model.generator.trainable_variables]
    np.testing.assert_array_equal(model(TEXTS), model.generator(TEXTS))


def test_files_keep_the_optimiser_and_training_goes_on_as_if_it_had_not_stopped(tmp_path):
    model = built(keras.optimizers.Adam(0.01, beta_1=0.7))
    model.fit(TEXTS, TEXTS, batch_size=2, shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert int(loaded.optimizer.iterations) == 2
    assert loaded.optimizer.beta_1 == 0.7
    for each in (model, loaded):
        each.fit(TEXTS, TEXTS, batch_size=2, shuffle=False, verbose=0)
    for mine, theirs in zip(model.weights, loaded.weights, strict=True):
        np.testing.assert_array_equal(mine.numpy(), theirs.numpy(), err_msg=mine.path)


@pytest.mark.parametrize(("dtype", "scaled"), [("mixed_float16", True), ("mixed_bfloat16", False), (None, False)])
def test_losses_are_scaled_where_the_generator_computes_in_float16(dtype, scaled):
    model = built(dtype=dtype, run_eagerly=True)
    assert isinstance(model.optimizer, keras.optimizers.LossScaleOptimizer) == scaled
    assert model(TEXTS).dtype == tf.float32
    assert np.isfinite(model.fit(TEXTS, TEXTS, verbose=0).history["loss"]).all()
