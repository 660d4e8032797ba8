"""Nearest neighbors against all distances, one pair at a time."""

import numpy as np
import pytest
from ganzoo.export.evaluation.features import nearest_neighbors
from ganzoo.export.evaluation.features.nearest_neighbors import distance_blocks, nearest, nearest_other
from scipy.spatial.distance import cdist

QUERIES = np.random.default_rng(0).standard_normal((7, 3)).astype("float32")
ROWS = np.random.default_rng(1).standard_normal((9, 3)).astype("float32")


@pytest.mark.parametrize("k", [1, 3])
def test_the_nearest_rows_of_each_query(k):
    distances, indices = nearest(QUERIES, ROWS, k)
    expected = cdist(QUERIES, ROWS)
    np.testing.assert_array_equal(indices, expected.argsort(1)[:, :k])
    np.testing.assert_allclose(distances, np.sort(expected, 1)[:, :k], rtol=1e-5)


def test_one_neighbor_is_found_by_default():
    assert nearest(QUERIES, ROWS)[0].shape == (7, 1)
    expected = np.sort(cdist(ROWS, ROWS), 1)
    np.testing.assert_allclose(nearest_other(ROWS), expected[:, 1], rtol=1e-5)
    np.testing.assert_allclose(nearest_other(ROWS, 4), expected[:, 4], rtol=1e-5)


def test_blocks_of_distances_cover_all_queries_in_order(monkeypatch):
    # Two rows of nine distances in a block.
    monkeypatch.setattr(nearest_neighbors, "WORKING_MEMORY_MB", 2 * 9 * 8 / 2**20)
    blocks = list(distance_blocks(QUERIES, ROWS))
    assert [(part.start, part.stop) for part, _ in blocks] == [(0, 2), (2, 4), (4, 6), (6, 7)]
    np.testing.assert_allclose(np.concatenate([block for _, block in blocks]), cdist(QUERIES, ROWS), rtol=1e-5)


def test_128_megabytes_of_distances_are_in_memory_at_a_time(monkeypatch):
    limits, chunked = [], nearest_neighbors.pairwise_distances_chunked

    def recorded(*arrays, working_memory):
        limits.append(working_memory)
        return chunked(*arrays, working_memory=working_memory)

    monkeypatch.setattr(nearest_neighbors, "pairwise_distances_chunked", recorded)
    list(distance_blocks(QUERIES, ROWS))
    assert limits == [128]


def test_distances_within_the_resolution_of_the_query_are_zero():
    # Queries of norm 4: float32 resolves 4 * 2^-23 there.
    resolution = 4 * np.finfo(np.float32).eps
    row = np.array([[4.0, 0.0]])
    for share, is_zero in ((0.5, True), (1.0, True), (1.01, False)):
        distances, _ = nearest(row, row + [[0.0, 0.0]])
        assert distances == 0
        measured = nearest_neighbors._exact(np.array([[share * resolution]]), row)
        assert (measured == 0).all() == is_zero
    # The norm is that of each query, not of the other one.
    far = nearest_neighbors._exact(np.full((2, 2), 1e-6), np.array([[0.0, 3.0], [30.0, 40.0]]))
    np.testing.assert_array_equal(far, [[1e-6, 1e-6], [0, 0]])
