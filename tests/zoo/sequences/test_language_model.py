"""Maximum likelihood training with Keras: loss, weights and files."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import LanguageModel, SequenceGenerator
from ganzoo.zoo.sequences.language_model import SequenceLoss
from scipy.special import log_softmax

LENGTH, WORDS = 4, 5
TEXTS = np.array([[1, 2, 0, 0], [3, 4, 2, 1], [0, 0, 0, 0], [2, 2, 2, 0]], np.int32)
# The positions of each text, including its EOS token.
MASK = np.array([[1, 1, 1, 0], [1, 1, 1, 1], [1, 0, 0, 0], [1, 1, 1, 1]])


def built(optimizer="sgd", has_eos=True, dtype=None, **compiling):
    small = {"units": 4, "embedding_dim": 4, "initializer_stddev": 1.0}
    model = LanguageModel(SequenceGenerator(WORDS, LENGTH, has_eos, dtype=dtype, **small))
    model.compile(optimizer, **compiling)
    return model


@pytest.mark.parametrize("has_eos", [True, False])
def test_the_loss_is_in_nats_per_sequence(has_eos):
    logits = np.random.default_rng(0).normal(size=(4, LENGTH, WORDS)).astype("float32")
    nats = -np.take_along_axis(log_softmax(logits, axis=2), TEXTS[:, :, np.newaxis], axis=2)[:, :, 0]
    each = (nats * MASK if has_eos else nats).sum(axis=1)
    loss = SequenceLoss(has_eos)
    assert float(loss(TEXTS, logits)) == pytest.approx(each.mean(), rel=1e-5)
    weights = np.array([1, 0, 0.5, 0], np.float32)
    assert float(loss(TEXTS, logits, weights)) == pytest.approx((each @ weights) / 4, rel=1e-5)
    copy = SequenceLoss.from_config(loss.get_config())
    assert (copy.has_eos, copy.name, copy.reduction) == (has_eos, "sequence_loss", "sum_over_batch_size")


def test_fit_applies_sample_weights():
    one, other = built(run_eagerly=True), built(run_eagerly=True)
    one.fit(TEXTS, TEXTS, sample_weight=np.array([1, 0, 1, 0]), batch_size=4, verbose=0)
    other.fit(np.tile(TEXTS[[0, 2]], (2, 1)), np.tile(TEXTS[[0, 2]], (2, 1)), batch_size=4, verbose=0)
    # Half of the rows have weight 0; the other model has the rest twice, so its SGD update is twice as large.
    start = built().get_weights()
    for half, full, old in zip(one.get_weights(), other.get_weights(), start, strict=True):
        np.testing.assert_allclose(2 * (half - old), full - old, atol=1e-6)


def test_one_step_follows_the_gradient_of_the_sequence_likelihood():
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


def test_it_shares_the_weights_of_the_generator():
    model = built()
    assert [id(v) for v in model.trainable_variables] == [id(v) for v in model.generator.trainable_variables]
    np.testing.assert_array_equal(model(TEXTS), model.generator(TEXTS))


def test_a_loaded_model_continues_training_exactly(tmp_path):
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
