"""The distribution over sequences: every way of reading it and of drawing from it tells the same story."""

import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo import LanguageModel, SequenceGenerator
from ganzoo.zoo.tokens import cut, mean_over_sequences, sampling_gumbels, training_gumbels, training_uniforms_of_rows
from scipy.special import expit, log_softmax
from scipy.stats import chi2

ALL = np.array(list(itertools.product(range(3), repeat=3)), np.int32)


def built(words=3, length=3, cell="lstm", ends=True, **arguments):
    """A generator with weights so large that its distribution is far from uniform."""
    small = {"embedding_dim": 3, "units": 4, "scale": 1.0, "seed": 1}
    return SequenceGenerator(words, length, ends=ends, cell=cell, **(small | arguments))


def gumbels(num, words=3, length=3, seed=5):
    return training_gumbels(seed, 0, tf.range(num), 1, (length, words))


def possible(ends):
    return np.unique(cut(tf.constant(ALL), True), axis=0) if ends else ALL


def probabilities(generator, tokens):
    return np.exp(generator.log_probabilities(tf.constant(tokens)).numpy().sum(axis=1))


# Reading.


def test_a_chain_is_what_numpy_says():
    generator = built(cell="none", ends=False)
    embedding = generator.embedding.embeddings.numpy()
    kernel, bias = (weight.numpy() for weight in generator.projection.weights)
    table = log_softmax(embedding @ kernel + bias, axis=1)
    # Row 3, which is no token, begins.
    before = np.concatenate([np.full((len(ALL), 1), 3), ALL[:, :-1]], axis=1)
    np.testing.assert_allclose(generator.log_probabilities(tf.constant(ALL)), table[before, ALL], atol=1e-5)


def lstm(x, state, kernel, recurrent, bias):
    """One step of Hochreiter and Schmidhuber's cell in NumPy; a state is (output, memory)."""
    hidden, memory = state
    enter, keep, offered, show = np.split(x @ kernel + hidden @ recurrent + bias, 4, axis=1)
    memory = expit(keep) * memory + expit(enter) * np.tanh(offered)
    return expit(show) * np.tanh(memory), memory


def gru(x, state, kernel, recurrent, bias):
    """One step of Cho's cell in NumPy, the reset gate after the product as in cuDNN."""
    hidden, _ = state
    keep, reset, offered = np.split(x @ kernel + bias[0], 3, axis=1)
    own_keep, own_reset, own = np.split(hidden @ recurrent + bias[1], 3, axis=1)
    keep = expit(keep + own_keep)
    return keep * hidden + (1 - keep) * np.tanh(offered + expit(reset + own_reset) * own), None


@pytest.mark.parametrize("step", [lstm, gru])
def test_a_recurrent_generator_hears_every_token_after_the_ones_before(step):
    generator = built(cell=step.__name__, ends=False)
    weights = [weight.numpy() for weight in generator.cell.weights]
    kernel, bias = (weight.numpy() for weight in generator.projection.weights)
    state, heard = (np.zeros((len(ALL), 4)), np.zeros((len(ALL), 4))), np.full(len(ALL), 3)
    found = generator.log_probabilities(tf.constant(ALL)).numpy()
    for position in range(3):
        state = step(generator.embedding.embeddings.numpy()[heard], state, *weights)
        expected = log_softmax(state[0] @ kernel + bias, axis=1)[np.arange(len(ALL)), ALL[:, position]]
        np.testing.assert_allclose(found[:, position], expected, atol=1e-5)
        heard = ALL[:, position]


@pytest.mark.parametrize("cell", ["lstm", "gru", "none"])
@pytest.mark.parametrize("ends", [False, True])
def test_the_probabilities_of_all_sequences_are_one(cell, ends):
    tokens = possible(ends)
    # 1 empty one, 2 of a word, 4 of two, 8 of three, where sequences end.
    assert len(tokens) == (15 if ends else 27)
    assert probabilities(built(cell=cell, ends=ends), tokens).sum() == pytest.approx(1, abs=1e-5)


def test_what_follows_an_end_does_not_count():
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
    everything = built(7, 5, ends=False)
    assert everything.log_probabilities(one).numpy().sum() != everything.log_probabilities(other).numpy().sum()


# Drawing.


@pytest.mark.parametrize("cell", ["gru", "none"])
@pytest.mark.parametrize("ends", [False, True])
@pytest.mark.parametrize("way", ["sample", "complete", "relaxed", "sampling"])
def test_what_is_drawn_has_the_probabilities_that_are_read(way, ends, cell):
    num, generator = 4000, built(cell=cell, ends=ends)
    if way == "complete":
        uniforms = training_uniforms_of_rows(7, 0, tf.range(num), 3)
        drawn = generator.complete(tf.ones((num, 3), tf.int32), tf.zeros(num, tf.int32), uniforms)
    elif way == "relaxed":
        drawn = tf.argmax(generator.relaxed(gumbels(num), 2.0), axis=-1)
    else:
        drawn = generator.sample(gumbels(num) if way == "sample" else sampling_gumbels(tf.range(num), 3, 3))
    tokens = possible(ends)
    counts = (drawn.numpy()[:, np.newaxis] == tokens).all(axis=2).sum(axis=0)
    expected = num * probabilities(generator, tokens)
    assert counts.sum() == num
    assert ((counts - expected) ** 2 / expected).sum() < chi2.isf(1e-4, len(tokens) - 1)


def test_temperature_divides_the_logits():
    generator = built(cell="none", length=1, ends=False)
    logits = generator(tf.zeros((1, 1), tf.int32)).numpy()[0, 0]
    for temperature in (0.5, 2.0):
        drawn = generator.sample(gumbels(20_000, length=1), temperature).numpy()[:, 0]
        shares = np.bincount(drawn, minlength=3) / 20_000
        np.testing.assert_allclose(shares, np.exp(log_softmax(logits / temperature)), atol=5 * 0.5 / 20_000**0.5)


def test_after_an_end_there_is_nothing_else():
    noise = gumbels(200, 4, 6)
    generator = built(4, 6)
    for drawn in (generator.sample(noise).numpy(), tf.argmax(generator.relaxed(noise, 1.0), -1).numpy()):
        ended = np.cumsum(drawn == 0, axis=1) > 0
        assert 0 < ended.mean() < 1
        assert not drawn[ended].any()


def test_complete_keeps_what_is_given_and_nothing_more():
    generator, num = built(5, 4, ends=False), 300
    tokens = tf.constant(np.random.default_rng(0).integers(0, 5, (num, 4)).astype("int32"))
    uniforms = training_uniforms_of_rows(7, 0, tf.range(num), 4)
    given = tf.range(num) % 5
    drawn = generator.complete(tokens, given, uniforms).numpy()
    kept = np.arange(4) < given.numpy()[:, np.newaxis]
    np.testing.assert_array_equal(drawn[kept], tokens.numpy()[kept])
    assert 0.05 < np.mean(drawn[~kept] == tokens.numpy()[~kept]) < 0.6


def test_complete_draws_by_where_a_number_falls():
    generator = built(cell="none", length=1, ends=False)
    shares = np.exp(log_softmax(generator(tf.zeros((1, 1), tf.int32)).numpy()[0, 0])).cumsum()
    uniforms = tf.constant([[1e-6], [shares[0] - 1e-4], [shares[0] + 1e-4], [shares[1] + 1e-4], [1.0]], tf.float32)
    drawn = generator.complete(tf.zeros((5, 1), tf.int32), tf.zeros(5, tf.int32), uniforms)
    np.testing.assert_array_equal(drawn[:, 0], [0, 0, 1, 2, 2])


def test_what_is_completed_has_the_probabilities_given_what_was_kept():
    num, generator = 4000, built(cell="gru")
    uniforms = training_uniforms_of_rows(7, 1, tf.range(num), 3)
    drawn = generator.complete(tf.fill((num, 3), 2), tf.ones(num, tf.int32), uniforms).numpy()
    tokens = np.array([row for row in possible(True).tolist() if row[0] == 2], np.int32)
    # An end at once; a token and an end; two of four.
    assert len(tokens) == 1 + 2 + 4
    counts = (drawn[:, np.newaxis] == tokens).all(axis=2).sum(axis=0)
    expected = probabilities(generator, tokens)
    expected *= num / expected.sum()
    assert counts.sum() == num
    assert ((counts - expected) ** 2 / expected).sum() < chi2.isf(1e-4, len(tokens) - 1)


def test_a_given_end_ends_what_is_completed():
    uniforms = training_uniforms_of_rows(7, 0, tf.range(1), 4)
    drawn = built(5, 4).complete(tf.constant([[3, 0, 2, 4]]), tf.constant([3]), uniforms)
    np.testing.assert_array_equal(drawn, [[3, 0, 0, 0]])


# Relaxed.


@pytest.mark.parametrize("ends", [False, True])
def test_relaxed_tokens_are_the_sampled_ones_exactly(ends):
    generator, noise = built(6, 5, ends=ends), gumbels(50, 6, 5)
    expected = np.eye(6, dtype="float32")[generator.sample(noise).numpy()]
    for sharpness in (0.1, 1.0, 100.0):
        np.testing.assert_array_equal(generator.relaxed(noise, sharpness), expected)


def test_a_gradient_flows_through_relaxed_tokens_and_those_before_them():
    generator, noise = built(6, 3, ends=False), gumbels(1, 6, 3)
    weights = [generator.embedding.embeddings.value, *(v.value for v in generator.projection.weights)]
    direction = tf.random.stateless_normal((6,), [1, 2])
    with tf.GradientTape() as tape:
        tape.watch([*weights, noise])
        judged = tf.reduce_sum(generator.relaxed(noise, 1.0)[0, 2] * direction)
    *moved, heard = tape.gradient(judged, [*weights, noise])
    assert all(np.abs(tf.convert_to_tensor(gradient)).max() > 1e-6 for gradient in moved)
    # What the last token is judged by reaches the scores of the first one: through what the cell has heard.
    assert (np.abs(heard[0]).max(axis=1) > 1e-6).all()


def test_the_gradient_of_a_relaxed_token_is_that_of_a_softmax():
    generator, noise, sharpness = built(6, 1, ends=False, cell="none"), gumbels(1, 6, 1), 1.5
    direction = np.arange(6, dtype="float32")
    with tf.GradientTape() as tape:
        tape.watch(noise)
        judged = tf.reduce_sum(generator.relaxed(noise, sharpness)[0, 0] * direction)
    scores = generator(tf.zeros((1, 1), tf.int32))[0, 0].numpy() + noise.numpy()[0, 0]
    soft = np.exp(log_softmax(sharpness * scores))
    expected = sharpness * soft * (direction - soft @ direction)
    np.testing.assert_allclose(tape.gradient(judged, noise)[0, 0], expected, rtol=1e-4)


def test_what_has_ended_hears_no_gradient():
    generator, noise = built(4, 4), gumbels(60, 4, 4)
    with tf.GradientTape() as tape:
        tape.watch(noise)
        judged = tf.reduce_sum(generator.relaxed(noise, 1.0) * tf.random.stateless_normal((4, 4), [1, 2]))
    heard = np.abs(tape.gradient(judged, noise)).max(axis=2)
    tokens = generator.sample(noise).numpy()
    after = np.cumsum(np.cumsum(tokens == 0, axis=1), axis=1) > 1
    assert after.any()
    assert not heard[after].any()
    assert (heard[~after] > 0).all()


# Whole.


def test_initial_weights_have_their_scale_and_hang_on_the_seed():
    weights = SequenceGenerator(50, 2, embedding_dim=40, units=40, scale=0.5, seed=3).get_weights()
    for weight in weights:
        assert abs(weight.std() / 0.5 - 1) < 5 / np.sqrt(2 * weight.size)
    for seed, same in ((3, True), (4, False)):
        others = SequenceGenerator(50, 2, embedding_dim=40, units=40, scale=0.5, seed=seed).get_weights()
        assert all((a == b).all() == same for a, b in zip(weights, others, strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru", "none"])
def test_it_is_saved_whole(cell, tmp_path):
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
        ({"scale": 0.0}, "scale: received 0.0"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        SequenceGenerator(**({"vocabulary_size": 3, "length": 3} | arguments))
