"""Exact nearest neighbours, in bounded memory: scikit-learn's, which computes in float64 block by block."""

import numpy as np
import sklearn
from sklearn.metrics import pairwise_distances_chunked
from sklearn.neighbors import NearestNeighbors

WORKING_MEMORY_MB = 128
# What float32 features can tell apart, relative to their length.
RESOLUTION = np.finfo(np.float32).eps


def nearest(queries, rows, k=1):
    """Finds the k nearest rows of each query.

    Args:
        queries: float array (num, dim).
        rows: float array (others, dim).
        k: int in [1, others]. Default 1.

    Returns:
        (distances, indices): arrays (num, k), nearest first.
    """
    with sklearn.config_context(working_memory=WORKING_MEMORY_MB):
        distances, indices = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows).kneighbors(queries)
    return _exact(distances, queries), indices


def nearest_other(rows, k=1):
    """Finds the distance of each row to its k-th nearest other row.

    Returns:
        float array (num,); 0 where k others are equal to it.
    """
    with sklearn.config_context(working_memory=WORKING_MEMORY_MB):
        distances, _ = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(rows).kneighbors()
    return _exact(distances, rows)[:, -1]


def distance_blocks(queries, rows):
    """Yields (slice of queries, distances (len of slice, others)), block by block."""
    start = 0
    for block in pairwise_distances_chunked(queries, rows, working_memory=WORKING_MEMORY_MB):
        chosen = slice(start, start + len(block))
        yield chosen, _exact(block, queries[chosen])
        start += len(block)


def _exact(distances, queries):
    """Equal rows lie at 0; the product of matrices that all distances come from leaves a little there."""
    distances[distances <= RESOLUTION * np.linalg.norm(queries, axis=1, keepdims=True)] = 0
    return distances
