"""TensorFlow GAN's evaluation functions; the only file that touches that package.

`import tensorflow_gan` fails on TensorFlow 2.16 and later: its training half inherits from `tf.estimator`, which is
gone. The evaluation half needs none of that, so it is imported past the package's own `__init__`.
"""

import functools
import importlib
import importlib.util
import sys
import types
import warnings
from importlib import metadata
from typing import NamedTuple

import numpy as np
import tensorflow as tf

MODULE = "tensorflow_gan.python.eval.classifier_metrics"
NEEDED = ("kl_divergence", "trace_sqrt_product", "kernel_classifier_distance_from_activations")
# Rows that are held in float64 at a time.
CHUNK = 2000
# The block size of TF-GAN's kernel distance.
BLOCK = 1024


class TFGANError(RuntimeError):
    """TensorFlow GAN cannot be used; the message names the package that is at fault and its version."""


class Gaussian(NamedTuple):
    """Mean (dim,) and covariance (dim, dim) of features, float64, and how many rows they come from."""

    mean: np.ndarray
    covariance: np.ndarray
    num: int


@functools.cache
def classifier_metrics():
    """Returns TF-GAN's module of evaluation functions.

    Raises:
        TFGANError: it cannot be imported, or lacks a function.
    """
    bare = {}
    if "tensorflow_gan" not in sys.modules:
        found = importlib.util.find_spec("tensorflow_gan")
        if found is None:
            raise TFGANError(
                "tensorflow-gan: received no such package, expected 2.1.0: pip install tensorflow-gan==2.1.0"
            )
        root = found.submodule_search_locations[0]
        bare = {"tensorflow_gan": root, "tensorflow_gan.python": f"{root}/python"}
    for name, path in bare.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [path]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(MODULE)
    # What is gone from TensorFlow shows as an AttributeError just as well.
    except Exception as error:
        raise TFGANError(
            f"tensorflow-gan {metadata.version('tensorflow-gan')}: its evaluation functions cannot be imported with "
            f"tensorflow {tf.__version__} ({error}), expected them to be: install the versions of ganzoo's setup.cfg"
        ) from error
    finally:
        for name in bare:
            sys.modules.pop(name, None)
    missing = [name for name in NEEDED if not hasattr(module, name)]
    if missing:
        raise TFGANError(
            f"tensorflow-gan {metadata.version('tensorflow-gan')}: received a module without {missing}, expected 2.1.0"
        )
    return module


def gaussian(features):
    """Fits a Gaussian to features (num, dim) without ever holding a float64 copy of them.

    Returns:
        `Gaussian` with the unbiased covariance; two passes, so that a large mean costs no digits.

    Raises:
        ValueError: fewer than two rows, which have no covariance.
    """
    num, dim = features.shape
    if num < 2:
        raise ValueError(f"features: received {num} rows, expected at least 2: one row has no covariance")
    mean = sum(chunk.sum(0) for chunk in _float64(features)) / num
    covariance = np.zeros((dim, dim))
    for chunk in _float64(features):
        chunk -= mean
        covariance += chunk.T @ chunk
    return Gaussian(mean, covariance / (num - 1), num)


def frechet_distance(real, fake):
    """Computes |m_r - m_f|^2 + tr(C_r + C_f - 2 (C_r C_f)^(1/2)), the FID where the features are Inception's.

    Paper: Heusel et al. 2017 (arXiv:1706.08500), equation 6; the trace of the root is TF-GAN's.

    Args:
        real, fake: `Gaussian`.

    Returns:
        float >= 0: rounding below zero is cut off.
    """
    variance = float(np.trace(real.covariance) + np.trace(fake.covariance))
    # TF-GAN takes no roots below 1e-10, where the covariances of small features would lie but for this unit.
    unit = variance / len(real.mean) or 1.0
    covariances = [tf.constant(side.covariance / unit) for side in (real, fake)]
    root = unit * float(classifier_metrics().trace_sqrt_product(*covariances))
    return max(0.0, float(np.sum((real.mean - fake.mean) ** 2)) + variance - 2 * root)


def inception_score(logits):
    """Computes exp(E_x KL(p(y|x) || p(y))) over all rows, one split.

    Paper: Salimans et al. 2016 (arXiv:1606.03498), section 4; the divergence is TF-GAN's.

    Args:
        logits: float array (num, classes).

    Returns:
        float in [1, classes].
    """
    marginal = sum(tf.reduce_sum(tf.nn.softmax(chunk), 0) for chunk in _float64(logits)) / len(logits)
    # A class whose probability underflows adds nothing, but its logarithm must be finite.
    marginal = tf.maximum(marginal, np.finfo(np.float64).tiny)
    total = 0.0
    for chunk in _float64(logits):
        divergence = classifier_metrics().kl_divergence(tf.nn.softmax(chunk), tf.constant(chunk), marginal)
        total += float(tf.reduce_sum(divergence))
    # Rounding at either end is cut off.
    return float(np.clip(np.exp(total / len(logits)), 1, logits.shape[1]))


def kernel_distance(real, fake, seed=0, block=BLOCK):
    """Computes the squared maximum mean discrepancy with the kernel (x.y / dim + 1)^3: the KID of Inception features.

    Paper: Binkowski et al. 2018 (arXiv:1801.01401), section 4: unbiased, so that it may fall below zero.

    Args:
        real, fake: float arrays (num, dim), num >= 2, in any order: rows are drawn into blocks at random. Where one
            side is too small for two rows in every block of the other, the other's rest is left out.
        seed: int >= 0, of the blocks. Default 0.
        block: int >= 2, most rows of a block. Default 1,024.

    Returns:
        (mean over blocks, its standard error or None with one block).
    """
    random = np.random.default_rng(seed)
    blocks = min(-(-max(len(real), len(fake)) // block), min(len(real), len(fake)) // 2)
    parts = [np.array_split(random.permutation(len(rows))[: blocks * block], blocks) for rows in (real, fake)]
    estimate = _without_notices(classifier_metrics().kernel_classifier_distance_from_activations)
    values = [
        float(estimate(tf.constant(real[mine]), tf.constant(fake[theirs]), max_block_size=block, dtype=tf.float64))
        for mine, theirs in zip(*parts, strict=True)
    ]
    error = float(np.std(values, ddof=1) / np.sqrt(blocks)) if blocks > 1 else None
    return float(np.mean(values)), error


def _without_notices(function):
    """TensorFlow deprecates what TF-GAN calls, and says so to people who can do nothing about it."""

    @functools.wraps(function)
    def quiet(*args, **kwargs):
        logger = tf.get_logger()
        level = logger.level
        logger.setLevel("ERROR")
        try:
            return function(*args, **kwargs)
        finally:
            logger.setLevel(level)

    return quiet


def _float64(rows):
    for start in range(0, len(rows), CHUNK):
        yield np.array(rows[start : start + CHUNK], np.float64)
