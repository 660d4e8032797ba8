"""Exact nearest neighbors in bounded memory, by scikit-learn, which computes blocks of distances in float64."""

import numpy as np
import sklearn
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

WORKING_MEMORY_MB = 128
# Relative distance below which float32 features count as equal.
RESOLUTION = np.finfo(np.float32).eps


def nearest(queries, rows, k=1):
    """Finds the k nearest rows of each query.

    Args:
        queries: float array (num_queries, dim).
        rows: float array (num_rows, dim).
        k: int in [1, num_rows]. Default 1.

    Returns:
        (distances, indices): arrays (num_queries, k), nearest first.
    """
    with sklearn.config_context(working_memory=WORKING_MEMORY_MB):
        distances, indices = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows).kneighbors(queries)
    return _exact(distances, queries), indices


def nearest_other(rows, k=1):
    """Returns the distance of each row to its k-th nearest other row.

    Returns:
        float array (num_rows,); 0 where k other rows are equal to it.
    """
    with sklearn.config_context(working_memory=WORKING_MEMORY_MB):
        distances, _ = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows).kneighbors()
    return _exact(distances, rows)[:, -1]


def distance_blocks(queries, rows):
    """Yields (slice of queries, distances (queries in the slice, num_rows)), block by block."""
    start = 0
    for block in pairwise_distances_chunked(queries, rows, working_memory=WORKING_MEMORY_MB):
        block_slice = slice(start, start + len(block))
        yield block_slice, _exact(block, queries[block_slice])
        start += len(block)


def _exact(distances, queries):
    """Sets the distance of equal rows to 0: the matrix product behind the distances leaves a rounding error."""
    distances[distances <= RESOLUTION * np.linalg.norm(queries, axis=1, keepdims=True)] = 0
    return distances
