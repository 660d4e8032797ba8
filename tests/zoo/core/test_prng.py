import numpy as np
import pytest
import tensorflow as tf
from ganzoo.zoo.core.prng import (
    SAMPLING,
    sampling_latents,
    threefry,
    training_latents,
    training_uniforms_of_rows,
)
from scipy.stats import kstest


def as_int32(*words):
    return [tf.constant(np.array([word], np.uint32).view(np.int32)) for word in words]


# The known-answer vectors of Random123's Threefry-2x32-20 (Salmon et al. 2011, file kat_vectors).
@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x243F6A88, 0x85A308D3), (0x13198A2E, 0x03707344), (0xC4923A9C, 0x483DF7A0)),
    ],
)
@pytest.mark.parametrize("mode", ["eager", "graph", "xla"])
def test_known_answers_in_every_mode(counter, key, expected, mode):
    function = {
        "eager": threefry,
        "graph": tf.function(threefry),
        "xla": tf.function(threefry, jit_compile=True),
    }[mode]
    words = function(as_int32(*key), as_int32(*counter))
    assert tuple(int(word.numpy().view(np.uint32)[0]) for word in words) == expected


def test_normals_agree_between_eager_graph_and_xla():
    seeds = tf.range(500)
    eager = sampling_latents(seeds, 9)
    graph = tf.function(sampling_latents)(seeds, 9)
    xla = tf.function(sampling_latents, jit_compile=True)(seeds, 9)
    np.testing.assert_allclose(eager, graph, atol=2e-6)
    np.testing.assert_allclose(eager, xla, atol=2e-6)


def test_latents_are_standard_normal():
    latents = training_latents(7, 3, tf.range(4000), 16).numpy()
    # 64,000 samples: the standard errors are 0.004 for the mean and 0.006 for the variance; five of each.
    assert abs(latents.mean()) < 0.02
    assert abs(latents.var() - 1) < 0.03
    assert abs(np.corrcoef(latents.T) - np.eye(16)).max() < 0.09
    assert 3.5 < abs(latents).max() < 5.8  # sqrt(2 * 24 * ln 2) = 5.77 bounds Box-Muller on 24 bits


def test_a_seed_gives_the_same_latents_alone_and_in_a_batch():
    together = sampling_latents(tf.constant([5, 6, 7]), 8).numpy()
    alone = sampling_latents(tf.constant([6]), 8).numpy()
    np.testing.assert_array_equal(together[1:2], alone)


def test_rows_may_be_split_in_any_way():
    complete = training_latents(1, 2, tf.range(12), 5).numpy()
    halves = [training_latents(1, 2, tf.range(first, first + 6), 5).numpy() for first in (0, 6)]
    np.testing.assert_array_equal(complete, np.concatenate(halves))


def test_steps_seeds_rows_and_sampling_share_no_latents():
    latents = [
        *training_latents(0, 0, tf.range(50), 3).numpy(),
        *training_latents(0, 1, tf.range(50), 3).numpy(),
        *training_latents(1, 0, tf.range(50), 3).numpy(),
        *sampling_latents(tf.range(50), 3).numpy(),
    ]
    assert len({row.tobytes() for row in latents}) == 200
    assert SAMPLING < 0  # No training step can ever use its key.


def test_odd_dimensions_keep_their_size():
    assert sampling_latents(tf.range(2), 1).shape == (2, 1)
    assert sampling_latents(tf.range(2), 7).shape == (2, 7)


def test_the_uniforms_of_a_row_depend_on_seed_step_and_row_only():
    def uniforms(rows, count=200, seed=3, step=7):
        return training_uniforms_of_rows(seed, step, tf.constant(rows), count).numpy()

    numbers = uniforms(range(50))
    assert 0 < numbers.min() < 0.001
    assert 0.999 < numbers.max() <= 1
    assert kstest(numbers.ravel(), "uniform").pvalue > 1e-3
    assert len(np.unique(numbers)) > 0.999 * numbers.size
    np.testing.assert_array_equal(uniforms([31, 4]), numbers[[31, 4]])
    np.testing.assert_array_equal(uniforms([31], count=3), numbers[[31], :3])
    for other in (uniforms(range(50), seed=4), uniforms(range(50), step=8)):
        assert (other != numbers).mean() > 0.999


def test_the_updates_of_a_step_have_numbers_of_their_own():
    rows = tf.range(4)
    latents = [training_latents(1, 2, rows, 6, update).numpy() for update in range(3)]
    uniforms = [training_uniforms_of_rows(1, 2, rows, 6, update).numpy() for update in range(3)]
    for draws in (latents, uniforms):
        assert len(np.unique(np.concatenate(draws))) == 3 * 4 * 6
    np.testing.assert_array_equal(latents[0], training_latents(1, 2, rows, 6))
    np.testing.assert_array_equal(uniforms[0], training_uniforms_of_rows(1, 2, rows, 6))
