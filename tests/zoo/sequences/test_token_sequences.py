"""Masks of sequences, sampling of tokens, and Gumbel noise."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.sequences.token_sequences import (
    gumbel_max,
    inverse_cdf_sample,
    mask_after_eos,
    mean_over_sequences,
    sampling_gumbels,
    sequence_mask,
    training_gumbels,
)
from scipy.stats import gumbel_r, kstest

TOKENS = tf.constant([[5, 6, 0, 3], [0, 0, 2, 0], [5, 6, 7, 8]])
LOGITS = np.log([0.1, 0.2, 0.7]).astype("float32")


# Masks.


def test_the_eos_token_belongs_to_its_sequence_and_nothing_after_it_does():
    np.testing.assert_array_equal(sequence_mask(TOKENS, True), [[1, 1, 1, 0], [1, 0, 0, 0], [1, 1, 1, 1]])
    np.testing.assert_array_equal(mask_after_eos(TOKENS, True), [[5, 6, 0, 0], [0, 0, 0, 0], [5, 6, 7, 8]])


def test_without_eos_token_0_is_an_ordinary_token():
    np.testing.assert_array_equal(sequence_mask(TOKENS, False), np.ones((3, 4)))
    np.testing.assert_array_equal(mask_after_eos(TOKENS, False), TOKENS)


@pytest.mark.parametrize(("has_eos", "expected"), [(True, (6 + 1 + 10) / 3), (False, 10)])
def test_a_mean_over_sequences_averages_their_sums(has_eos, expected):
    values = tf.constant([[1.0, 2.0, 3.0, 4.0]] * 3)
    assert float(mean_over_sequences(values, TOKENS, has_eos)) == pytest.approx(expected)


# Sampling of tokens.


def test_the_largest_score_is_sampled_regardless_of_the_sign_of_zeros():
    noise = tf.constant([[0.0, 0.0, -1.0], [9.0, 0.0, 0.0]])
    tokens = gumbel_max(tf.constant([[-1.0, 2.0, 2.5], [0.0, 0.0, 0.0]]), noise)
    assert tokens.dtype == tf.int32
    np.testing.assert_array_equal(tokens, [1, 0])


def test_a_uniform_number_selects_the_token_where_the_cdf_exceeds_it():
    uniforms = tf.constant([2.0**-24, 0.099, 0.101, 0.299, 0.301, 1.0])
    logits = tf.constant(np.tile(LOGITS, (6, 1)))
    np.testing.assert_array_equal(inverse_cdf_sample(logits, uniforms), [0, 0, 1, 1, 2, 2])
    # A constant added to all logits changes nothing, and impossible tokens are never sampled.
    np.testing.assert_array_equal(inverse_cdf_sample(logits + 80.0, uniforms), inverse_cdf_sample(logits, uniforms))
    impossible = tf.constant([[-1e9, 0.0, -1e9]] * 6)
    np.testing.assert_array_equal(inverse_cdf_sample(impossible, uniforms), [1] * 6)


@pytest.mark.parametrize("words", [1, 2, 10, 101])
def test_the_blockwise_lookup_equals_that_in_the_complete_cdf(words):
    rng = np.random.default_rng(words)
    logits = rng.normal(size=(4000, words)).astype("float32") * 3
    logits[:, rng.permutation(words)[: words // 3]] = -1e9
    uniforms = 1 - rng.random(4000)
    masses = np.exp(logits.astype("float64"))
    sums = np.cumsum(masses, axis=1) / masses.sum(axis=1, keepdims=True)
    tokens = np.array(inverse_cdf_sample(tf.constant(logits), tf.constant(uniforms, tf.float32)))
    assert (np.take_along_axis(masses, tokens[:, None], axis=1) > 0).all()
    expected = (sums < uniforms[:, None]).sum(axis=1)
    # A number may lie within rounding error of a step of the cdf.
    near = abs(sums - uniforms[:, None]).min(axis=1) < 1e-6
    assert (tokens == expected)[~near].all()
    assert near.mean() < 0.01


# Gumbel noise.


@pytest.mark.parametrize("function", ["training", "sampling"])
def test_noise_is_standard_gumbel(function):
    if function == "training":
        noise = training_gumbels(3, 7, tf.range(1000), 1, (4, 5))
    else:
        noise = sampling_gumbels(tf.range(1000), 4, 5)
    assert noise.shape == (1000, 4, 5)
    assert np.isfinite(noise).all()
    assert kstest(np.ravel(noise), gumbel_r.cdf).pvalue > 1e-3
    # Positions and words have independent noise.
    columns = np.corrcoef(np.reshape(noise, (1000, 20)), rowvar=False) - np.eye(20)
    assert abs(columns).max() < 5 / np.sqrt(1000)


def test_the_noise_of_a_sample_depends_on_its_seed_only():
    together, alone = sampling_gumbels(tf.constant([4, 9, 2]), 3, 5), sampling_gumbels(tf.constant([9]), 3, 5)
    # Vectorized logarithms may be rounded differently for another number of elements.
    np.testing.assert_allclose(together[1], alone[0], atol=1e-6)
    assert abs(together[0] - together[1]).numpy().min() > 1e-3


def test_replicas_slice_their_rows_from_the_noise_of_the_global_batch():
    def gumbels(rows, replicas, seed=3, step=7):
        return training_gumbels(seed, step, tf.constant(rows), replicas, (2, 5)).numpy()

    complete = gumbels(range(6), 1)
    np.testing.assert_allclose(np.concatenate([gumbels([0, 1, 2], 2), gumbels([3, 4, 5], 2)]), complete, atol=1e-6)
    assert (gumbels(range(6), 1, step=8) != complete).all()
    assert (gumbels(range(6), 1, seed=4) != complete).all()
