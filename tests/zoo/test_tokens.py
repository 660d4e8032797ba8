"""Where sequences end, how a token is drawn, and what its random numbers hang on."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.tokens import (
    alive,
    by_distribution,
    cut,
    gumbel_max,
    mean_over_sequences,
    sampling_gumbels,
    training_gumbels,
    training_uniforms_of_rows,
)
from scipy.stats import gumbel_r, kstest

TOKENS = tf.constant([[5, 6, 0, 3], [0, 0, 2, 0], [5, 6, 7, 8]])
LOGITS = np.log([0.1, 0.2, 0.7]).astype("float32")


# Where they end.


def test_the_end_itself_belongs_and_nothing_after_it():
    np.testing.assert_array_equal(alive(TOKENS, True), [[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]])
    np.testing.assert_array_equal(cut(TOKENS, True), [[5, 6, 0, 0], [0, 0, 0, 0], [5, 6, 7, 8]])


def test_without_an_end_token_0_is_one_like_others():
    np.testing.assert_array_equal(alive(TOKENS, False), np.ones((3, 4)))
    np.testing.assert_array_equal(cut(TOKENS, False), TOKENS)


@pytest.mark.parametrize(("ends", "expected"), [(True, (6 + 1 + 10) / 3), (False, 10)])
def test_a_mean_over_sequences_is_one_of_sums(ends, expected):
    values = tf.constant([[1.0, 2.0, 3.0, 4.0]] * 3)
    assert float(mean_over_sequences(values, TOKENS, ends)) == pytest.approx(expected)


# How a token is drawn.


def test_the_largest_score_is_drawn_whatever_sign_its_zeros_have():
    noise = tf.constant([[0.0, 0.0, -1.0], [9.0, 0.0, 0.0]])
    drawn = gumbel_max(tf.constant([[-1.0, 2.0, 2.5], [0.0, 0.0, 0.0]]), noise)
    assert drawn.dtype == tf.int32
    np.testing.assert_array_equal(drawn, [1, 0])


def test_a_number_falls_where_the_distribution_function_passes_it():
    uniforms = tf.constant([2.0**-24, 0.099, 0.101, 0.299, 0.301, 1.0])
    logits = tf.constant(np.tile(LOGITS, (6, 1)))
    np.testing.assert_array_equal(by_distribution(logits, uniforms), [0, 0, 1, 1, 2, 2])
    # What is added to all logits says nothing, and what cannot be is never drawn.
    np.testing.assert_array_equal(by_distribution(logits + 80.0, uniforms), by_distribution(logits, uniforms))
    impossible = tf.constant([[-1e9, 0.0, -1e9]] * 6)
    np.testing.assert_array_equal(by_distribution(impossible, uniforms), [1] * 6)


@pytest.mark.parametrize("words", [1, 2, 10, 101])
def test_numbers_fall_as_the_distribution_function_of_all_words_has_them(words):
    rng = np.random.default_rng(words)
    logits = rng.normal(size=(4000, words)).astype("float32") * 3
    logits[:, rng.permutation(words)[: words // 3]] = -1e9
    uniforms = 1 - rng.random(4000)
    masses = np.exp(logits.astype("float64"))
    sums = np.cumsum(masses, axis=1) / masses.sum(axis=1, keepdims=True)
    drawn = np.array(by_distribution(tf.constant(logits), tf.constant(uniforms, tf.float32)))
    assert (np.take_along_axis(masses, drawn[:, None], axis=1) > 0).all()
    expected = (sums < uniforms[:, None]).sum(axis=1)
    # A number may lie within rounding of a step of the function.
    near = abs(sums - uniforms[:, None]).min(axis=1) < 1e-6
    assert (drawn == expected)[~near].all()
    assert near.mean() < 0.01


# Random numbers.


@pytest.mark.parametrize("drawn", ["training", "sampling"])
def test_noise_is_standard_gumbel(drawn):
    if drawn == "training":
        noise = training_gumbels(3, 7, tf.range(1000), 1, (4, 5))
    else:
        noise = sampling_gumbels(tf.range(1000), 4, 5)
    assert noise.shape == (1000, 4, 5)
    assert np.isfinite(noise).all()
    assert kstest(np.ravel(noise), gumbel_r.cdf).pvalue > 1e-3
    # No position or word repeats another's.
    columns = np.corrcoef(np.reshape(noise, (1000, 20)), rowvar=False) - np.eye(20)
    assert abs(columns).max() < 5 / np.sqrt(1000)


def test_the_noise_of_a_sample_hangs_on_its_seed_alone():
    together, alone = sampling_gumbels(tf.constant([4, 9, 2]), 3, 5), sampling_gumbels(tf.constant([9]), 3, 5)
    # Logarithms of many numbers at a time are rounded otherwise than of few.
    np.testing.assert_allclose(together[1], alone[0], atol=1e-6)
    assert abs(together[0] - together[1]).numpy().min() > 1e-3


def test_replicas_cut_their_rows_from_one_draw():
    def drawn(rows, replicas, seed=3, step=7):
        return training_gumbels(seed, step, tf.constant(rows), replicas, (2, 5)).numpy()

    whole = drawn(range(6), 1)
    np.testing.assert_allclose(np.concatenate([drawn([0, 1, 2], 2), drawn([3, 4, 5], 2)]), whole, atol=1e-6)
    assert (drawn(range(6), 1, step=8) != whole).all()
    assert (drawn(range(6), 1, seed=4) != whole).all()


def test_the_uniforms_of_a_row_hang_on_seed_step_and_row():
    def drawn(rows, num=200, seed=3, step=7):
        return training_uniforms_of_rows(seed, step, tf.constant(rows), num).numpy()

    numbers = drawn(range(50))
    assert 0 < numbers.min() < 0.001
    assert 0.999 < numbers.max() <= 1
    assert kstest(numbers.ravel(), "uniform").pvalue > 1e-3
    assert len(np.unique(numbers)) > 0.999 * numbers.size
    np.testing.assert_array_equal(drawn([31, 4]), numbers[[31, 4]])
    np.testing.assert_array_equal(drawn([31], num=3), numbers[[31], :3])
    for other in (drawn(range(50), seed=4), drawn(range(50), step=8)):
        assert (other != numbers).mean() > 0.999
