"""The distribution over sequences: likelihoods and all sampling methods agree."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import LanguageModel, SequenceGenerator
from ganzoo.zoo.core.prng import training_uniforms_of_rows
from ganzoo.zoo.sequences.token_sequences import (
    mask_after_eos,
    mean_over_sequences,
    sampling_gumbels,
    training_gumbels,
)
from scipy.special import expit, log_softmax
from scipy.stats import chi2

ALL = np.array(list(itertools.product(range(3), repeat=3)), np.int32)


def built(words=3, length=3, cell="lstm", has_eos=True, **arguments):
    """A generator with large weights, whose distribution is far from uniform."""
    small = {"embedding_dim": 3, "units": 4, "initializer_stddev": 1.0, "seed": 1}
    return SequenceGenerator(words, length, has_eos=has_eos, cell=cell, **(small | arguments))


def gumbels(num_samples, words=3, length=3, seed=5):
    return training_gumbels(seed, 0, tf.range(num_samples), 1, (length, words))


def possible(has_eos):
    return np.unique(mask_after_eos(tf.constant(ALL), True), axis=0) if has_eos else ALL


def probabilities(generator, tokens):
    return np.exp(generator.log_probabilities(tf.constant(tokens)).numpy().sum(axis=1))


# Likelihoods.


def test_a_chain_equals_numpy():
    generator = built(cell="none", has_eos=False)
    embedding = generator.embedding.embeddings.numpy()
    kernel, bias = (weight.numpy() for weight in generator.projection.weights)
    table = log_softmax(embedding @ kernel + bias, axis=1)
    # Row 3 is the start token.
    previous = np.concatenate([np.full((len(ALL), 1), 3), ALL[:, :-1]], axis=1)
    np.testing.assert_allclose(generator.log_probabilities(tf.constant(ALL)), table[previous, ALL], atol=1e-5)


def lstm(x, state, kernel, recurrent, bias):
    """One step of Hochreiter and Schmidhuber's cell in NumPy; a state is (output, memory)."""
    hidden, memory = state
    input_gate, forget_gate, candidate, output_gate = np.split(x @ kernel + hidden @ recurrent + bias, 4, axis=1)
    memory = expit(forget_gate) * memory + expit(input_gate) * np.tanh(candidate)
    return expit(output_gate) * np.tanh(memory), memory


def gru(x, state, kernel, recurrent, bias):
    """One step of Cho's cell in NumPy, the reset gate after the product as in cuDNN."""
    hidden, _ = state
    update, reset, candidate = np.split(x @ kernel + bias[0], 3, axis=1)
    hidden_update, hidden_reset, hidden_candidate = np.split(hidden @ recurrent + bias[1], 3, axis=1)
    update = expit(update + hidden_update)
    candidate = np.tanh(candidate + expit(reset + hidden_reset) * hidden_candidate)
    return update * hidden + (1 - update) * candidate, None


@pytest.mark.parametrize("step", [lstm, gru])
def test_a_recurrent_generator_predicts_every_token_from_the_preceding_ones(step):
    generator = built(cell=step.__name__, has_eos=False)
    weights = [weight.numpy() for weight in generator.cell.weights]
    kernel, bias = (weight.numpy() for weight in generator.projection.weights)
    state, previous = (np.zeros((len(ALL), 4)), np.zeros((len(ALL), 4))), np.full(len(ALL), 3)
    found = generator.log_probabilities(tf.constant(ALL)).numpy()
    for position in range(3):
        state = step(generator.embedding.embeddings.numpy()[previous], state, *weights)
        expected = log_softmax(state[0] @ kernel + bias, axis=1)[np.arange(len(ALL)), ALL[:, position]]
        np.testing.assert_allclose(found[:, position], expected, atol=1e-5)
        previous = ALL[:, position]


@pytest.mark.parametrize("cell", ["lstm", "gru", "none"])
@pytest.mark.parametrize("has_eos", [False, True])
def test_the_probabilities_of_all_sequences_sum_to_one(cell, has_eos):
    tokens = possible(has_eos)
    # With EOS: 1 empty sequence, 2 of one word, 4 of two, 8 of three.
    assert len(tokens) == (15 if has_eos else 27)
    assert probabilities(built(cell=cell, has_eos=has_eos), tokens).sum() == pytest.approx(1, abs=1e-5)


def test_tokens_after_eos_do_not_count():
    generator, language = built(7, 5), LanguageModel(built(7, 5))
    language.compile()
    one, other = tf.constant([[5, 6, 0, 0, 0]]), tf.constant([[5, 6, 0, 3, 4]])
    logs = generator.log_probabilities(one).numpy()
    np.testing.assert_array_equal(logs, generator.log_probabilities(other))
    assert (logs[0, :3] < 0).all()
    assert not logs[0, 3:].any()
    assert mean_over_sequences(tf.ones((1, 5)), other, True) == 3
    losses = [language.evaluate(tokens, tokens, verbose=0) for tokens in (one, other)]
    assert losses[0] == losses[1] == pytest.approx(-logs.sum(), rel=1e-5)
    without_eos = built(7, 5, has_eos=False)
    assert without_eos.log_probabilities(one).numpy().sum() != without_eos.log_probabilities(other).numpy().sum()


# Sampling.


@pytest.mark.parametrize("cell", ["gru", "none"])
@pytest.mark.parametrize("has_eos", [False, True])
@pytest.mark.parametrize("method", ["sample", "rollout", "sample_relaxed", "sampling"])
def test_samples_have_the_predicted_probabilities(method, has_eos, cell):
    num_samples, generator = 4000, built(cell=cell, has_eos=has_eos)
    if method == "rollout":
        uniforms = training_uniforms_of_rows(7, 0, tf.range(num_samples), 3)
        samples = generator.rollout(tf.ones((num_samples, 3), tf.int32), tf.zeros(num_samples, tf.int32), uniforms)
    elif method == "sample_relaxed":
        samples = tf.argmax(generator.sample_relaxed(gumbels(num_samples), 2.0), axis=-1)
    else:
        samples = generator.sample(
            gumbels(num_samples) if method == "sample" else sampling_gumbels(tf.range(num_samples), 3, 3)
        )
    tokens = possible(has_eos)
    counts = (samples.numpy()[:, np.newaxis] == tokens).all(axis=2).sum(axis=0)
    expected = num_samples * probabilities(generator, tokens)
    assert counts.sum() == num_samples
    assert ((counts - expected) ** 2 / expected).sum() < chi2.isf(1e-4, len(tokens) - 1)


def test_temperature_divides_the_logits():
    generator = built(cell="none", length=1, has_eos=False)
    logits = generator(tf.zeros((1, 1), tf.int32)).numpy()[0, 0]
    for temperature in (0.5, 2.0):
        samples = generator.sample(gumbels(20_000, length=1), temperature).numpy()[:, 0]
        frequencies = np.bincount(samples, minlength=3) / 20_000
        np.testing.assert_allclose(frequencies, np.exp(log_softmax(logits / temperature)), atol=5 * 0.5 / 20_000**0.5)


def test_after_eos_all_tokens_are_eos():
    noise = gumbels(200, 4, 6)
    generator = built(4, 6)
    for samples in (generator.sample(noise).numpy(), tf.argmax(generator.sample_relaxed(noise, 1.0), -1).numpy()):
        ended = np.cumsum(samples == 0, axis=1) > 0
        assert 0 < ended.mean() < 1
        assert not samples[ended].any()


def test_a_rollout_keeps_exactly_the_prefix():
    generator, num_samples = built(5, 4, has_eos=False), 300
    tokens = tf.constant(np.random.default_rng(0).integers(0, 5, (num_samples, 4)).astype("int32"))
    uniforms = training_uniforms_of_rows(7, 0, tf.range(num_samples), 4)
    prefix_lengths = tf.range(num_samples) % 5
    samples = generator.rollout(tokens, prefix_lengths, uniforms).numpy()
    prefix = np.arange(4) < prefix_lengths.numpy()[:, np.newaxis]
    np.testing.assert_array_equal(samples[prefix], tokens.numpy()[prefix])
    assert 0.05 < np.mean(samples[~prefix] == tokens.numpy()[~prefix]) < 0.6


def test_a_rollout_samples_by_the_inverse_cdf():
    generator = built(cell="none", length=1, has_eos=False)
    cdf = np.exp(log_softmax(generator(tf.zeros((1, 1), tf.int32)).numpy()[0, 0])).cumsum()
    uniforms = tf.constant([[1e-6], [cdf[0] - 1e-4], [cdf[0] + 1e-4], [cdf[1] + 1e-4], [1.0]], tf.float32)
    samples = generator.rollout(tf.zeros((5, 1), tf.int32), tf.zeros(5, tf.int32), uniforms)
    np.testing.assert_array_equal(samples[:, 0], [0, 0, 1, 2, 2])


def test_rollouts_have_the_conditional_probabilities_given_the_prefix():
    num_samples, generator = 4000, built(cell="gru")
    uniforms = training_uniforms_of_rows(7, 1, tf.range(num_samples), 3)
    samples = generator.rollout(tf.fill((num_samples, 3), 2), tf.ones(num_samples, tf.int32), uniforms).numpy()
    tokens = np.array([row for row in possible(True).tolist() if row[0] == 2], np.int32)
    # EOS at once; a word and EOS; two words.
    assert len(tokens) == 1 + 2 + 4
    counts = (samples[:, np.newaxis] == tokens).all(axis=2).sum(axis=0)
    expected = probabilities(generator, tokens)
    expected *= num_samples / expected.sum()
    assert counts.sum() == num_samples
    assert ((counts - expected) ** 2 / expected).sum() < chi2.isf(1e-4, len(tokens) - 1)


def test_eos_in_the_prefix_ends_a_rollout():
    uniforms = training_uniforms_of_rows(7, 0, tf.range(1), 4)
    samples = built(5, 4).rollout(tf.constant([[3, 0, 2, 4]]), tf.constant([3]), uniforms)
    np.testing.assert_array_equal(samples, [[3, 0, 0, 0]])


# Relaxed samples.


@pytest.mark.parametrize("has_eos", [False, True])
def test_relaxed_tokens_are_the_sampled_ones_exactly(has_eos):
    generator, noise = built(6, 5, has_eos=has_eos), gumbels(50, 6, 5)
    expected = np.eye(6, dtype="float32")[generator.sample(noise).numpy()]
    for inverse_temperature in (0.1, 1.0, 100.0):
        np.testing.assert_array_equal(generator.sample_relaxed(noise, inverse_temperature), expected)


def test_a_gradient_flows_through_relaxed_tokens_and_those_before_them():
    generator, noise = built(6, 3, has_eos=False), gumbels(1, 6, 3)
    weights = [generator.embedding.embeddings.value, *(v.value for v in generator.projection.weights)]
    direction = tf.random.stateless_normal((6,), [1, 2])
    with tf.GradientTape() as tape:
        tape.watch([*weights, noise])
        loss = tf.reduce_sum(generator.sample_relaxed(noise, 1.0)[0, 2] * direction)
    *weight_gradients, noise_gradient = tape.gradient(loss, [*weights, noise])
    assert all(np.abs(tf.convert_to_tensor(gradient)).max() > 1e-6 for gradient in weight_gradients)
    # The loss of the last token depends on the scores of the first one, through the state of the cell.
    assert (np.abs(noise_gradient[0]).max(axis=1) > 1e-6).all()


def test_the_gradient_of_a_relaxed_token_is_that_of_a_softmax():
    generator, noise, beta = built(6, 1, has_eos=False, cell="none"), gumbels(1, 6, 1), 1.5
    direction = np.arange(6, dtype="float32")
    with tf.GradientTape() as tape:
        tape.watch(noise)
        loss = tf.reduce_sum(generator.sample_relaxed(noise, beta)[0, 0] * direction)
    scores = generator(tf.zeros((1, 1), tf.int32))[0, 0].numpy() + noise.numpy()[0, 0]
    soft = np.exp(log_softmax(beta * scores))
    expected = beta * soft * (direction - soft @ direction)
    np.testing.assert_allclose(tape.gradient(loss, noise)[0, 0], expected, rtol=1e-4)


def test_no_gradient_flows_to_positions_after_eos():
    generator, noise = built(4, 4), gumbels(60, 4, 4)
    with tf.GradientTape() as tape:
        tape.watch(noise)
        loss = tf.reduce_sum(generator.sample_relaxed(noise, 1.0) * tf.random.stateless_normal((4, 4), [1, 2]))
    gradients = np.abs(tape.gradient(loss, noise)).max(axis=2)
    tokens = generator.sample(noise).numpy()
    after = np.cumsum(np.cumsum(tokens == 0, axis=1), axis=1) > 1
    assert after.any()
    assert not gradients[after].any()
    assert (gradients[~after] > 0).all()


# Construction and files.


def test_initial_weights_have_their_standard_deviation_and_depend_on_the_seed():
    weights = SequenceGenerator(50, 2, embedding_dim=40, units=40, initializer_stddev=0.5, seed=3).get_weights()
    for weight in weights:
        assert abs(weight.std() / 0.5 - 1) < 5 / np.sqrt(2 * weight.size)
    for seed, same in ((3, True), (4, False)):
        others = SequenceGenerator(50, 2, embedding_dim=40, units=40, initializer_stddev=0.5, seed=seed).get_weights()
        assert all((a == b).all() == same for a, b in zip(weights, others, strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru", "none"])
def test_it_is_saved_completely(cell, tmp_path):
    generator = built(cell=cell)
    generator.save(tmp_path / "generator.keras")
    loaded = keras.saving.load_model(tmp_path / "generator.keras")
    np.testing.assert_array_equal(loaded.sample(gumbels(20)), generator.sample(gumbels(20)))
    np.testing.assert_array_equal(loaded(ALL), generator(ALL))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vocabulary_size": 0}, "vocabulary_size: received 0"),
        ({"length": 0}, "length: received 0"),
        ({"cell": "rnn"}, "cell: received 'rnn'"),
        ({"units": 0}, "units: received 0"),
        ({"initializer_stddev": 0.0}, "initializer_stddev: received 0.0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SequenceGenerator(**({"vocabulary_size": 3, "length": 3} | arguments))
