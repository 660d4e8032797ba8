"""TensorFlow GAN's evaluation functions; the only file that imports that package.

`import tensorflow_gan` fails on TensorFlow 2.16 and later: its training code inherits from `tf.estimator`, which was
removed. The evaluation code does not need it, so it is imported without running the package's `__init__`.
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
# Rows that are in memory as float64 at a time.
CHUNK = 2000
# The block size of TF-GAN's kernel distance.
BLOCK = 1024


class TFGANError(RuntimeError):
    """TensorFlow GAN cannot be used; the message names the responsible package and its version."""


class Gaussian(NamedTuple):
    """Mean (dim,) and covariance (dim, dim) of features, float64, and the number of rows they are computed from."""

    mean: np.ndarray
    covariance: np.ndarray
    num_samples: int


@functools.cache
def classifier_metrics():
    """Returns TF-GAN's module of evaluation functions.

    Raises:
        TFGANError: the module cannot be imported, or lacks a function.
    """
    stubs = {}
    if "tensorflow_gan" not in sys.modules:
        spec = importlib.util.find_spec("tensorflow_gan")
        if spec is None:
            raise TFGANError(
                "tensorflow-gan: received no installed package, expected 2.1.0: pip install tensorflow-gan==2.1.0"
            )
        root = spec.submodule_search_locations[0]
        stubs = {"tensorflow_gan": root, "tensorflow_gan.python": f"{root}/python"}
    for name, path in stubs.items():
        sys.modules[name] = types.ModuleType(name)
        sys.modules[name].__path__ = [path]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            module = importlib.import_module(MODULE)
    # A name that was removed from TensorFlow raises an AttributeError rather than an ImportError.
    except Exception as error:
        raise TFGANError(
            f"tensorflow-gan {metadata.version('tensorflow-gan')}: its evaluation functions cannot be imported with "
            f"tensorflow {tf.__version__} ({error}), expected compatible versions: install those of ganzoo's setup.cfg"
        ) from error
    finally:
        for name in stubs:
            sys.modules.pop(name, None)
    missing = [name for name in NEEDED if not hasattr(module, name)]
    if missing:
        raise TFGANError(
            f"tensorflow-gan {metadata.version('tensorflow-gan')}: received a module without {missing}, expected 2.1.0"
        )
    return module


def gaussian(features):
    """Fits a Gaussian to features (num_samples, dim) without a float64 copy of all of them.

    Returns:
        `Gaussian` with the unbiased covariance; computed in two passes, so that a large mean costs no precision.

    Raises:
        ValueError: fewer than two rows.
    """
    num_samples, dim = features.shape
    if num_samples < 2:
        raise ValueError(f"features: received {num_samples} rows, expected at least 2: one row has no covariance")
    mean = sum(chunk.sum(0) for chunk in _float64(features)) / num_samples
    covariance = np.zeros((dim, dim))
    for chunk in _float64(features):
        chunk -= mean
        covariance += chunk.T @ chunk
    return Gaussian(mean, covariance / (num_samples - 1), num_samples)


def frechet_distance(real, fake):
    """Computes |m_r - m_f|^2 + tr(C_r + C_f - 2 (C_r C_f)^(1/2)), the FID for Inception features.

    Paper: Heusel et al. 2017 (arXiv:1706.08500), equation 6; the trace of the root is TF-GAN's.

    Args:
        real, fake: `Gaussian`.

    Returns:
        float >= 0: negative rounding errors are clipped.
    """
    variance = float(np.trace(real.covariance) + np.trace(fake.covariance))
    # TF-GAN sets the roots of eigenvalues below 1e-10 to 0, so that covariances of small features must be rescaled.
    scale = variance / len(real.mean) or 1.0
    covariances = [tf.constant(side.covariance / scale) for side in (real, fake)]
    root = scale * float(classifier_metrics().trace_sqrt_product(*covariances))
    return max(0.0, float(np.sum((real.mean - fake.mean) ** 2)) + variance - 2 * root)


def inception_score(logits):
    """Computes exp(E_x KL(p(y|x) || p(y))) over all rows, one split.

    Paper: Salimans et al. 2016 (arXiv:1606.03498), section 4; the divergence is TF-GAN's.

    Args:
        logits: float array (num_samples, num_classes).

    Returns:
        float in [1, num_classes].
    """
    marginal = sum(tf.reduce_sum(tf.nn.softmax(chunk), 0) for chunk in _float64(logits)) / len(logits)
    # A class whose probability underflows contributes 0, but its logarithm must be finite.
    marginal = tf.maximum(marginal, np.finfo(np.float64).tiny)
    total = 0.0
    for chunk in _float64(logits):
        divergence = classifier_metrics().kl_divergence(tf.nn.softmax(chunk), tf.constant(chunk), marginal)
        total += float(tf.reduce_sum(divergence))
    # Rounding errors at either end are clipped.
    return float(np.clip(np.exp(total / len(logits)), 1, logits.shape[1]))


def kernel_distance(real, fake, seed=0, block=BLOCK):
    """Computes the squared maximum mean discrepancy with the kernel (x.y / dim + 1)^3: the KID of Inception features.

    Paper: Binkowski et al. 2018 (arXiv:1801.01401), section 4: the estimate is unbiased and may be negative.

    Args:
        real, fake: float arrays (num_samples, dim), num_samples >= 2, in any order: rows are assigned to blocks at
            random. If one side is too small for two rows in every block, the surplus of the other is not used.
        seed: int >= 0, of the blocks. Default 0.
        block: int >= 2, maximum number of rows of a block. Default 1,024.

    Returns:
        (mean over blocks, its standard error or None for a single block).
    """
    generator = np.random.default_rng(seed)
    blocks, *_ = kernel_blocks(len(real), len(fake), block)
    block_rows = [np.array_split(generator.permutation(len(rows))[: blocks * block], blocks) for rows in (real, fake)]
    estimate = _without_deprecation_warnings(classifier_metrics().kernel_classifier_distance_from_activations)
    values = [
        float(
            estimate(tf.constant(real[real_rows]), tf.constant(fake[fake_rows]), max_block_size=block, dtype=tf.float64)
        )
        for real_rows, fake_rows in zip(*block_rows, strict=True)
    ]
    error = float(np.std(values, ddof=1) / np.sqrt(blocks)) if blocks > 1 else None
    return float(np.mean(values)), error


def kernel_blocks(num_real, num_fake, block=BLOCK):
    """Returns (number of blocks, real rows, fake rows) that `kernel_distance` uses."""
    blocks = min(-(-max(num_real, num_fake) // block), min(num_real, num_fake) // 2)
    return blocks, min(num_real, blocks * block), min(num_fake, blocks * block)


def _without_deprecation_warnings(function):
    """Silences TensorFlow's deprecation warnings about calls inside TF-GAN, on which a user has no influence."""

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
