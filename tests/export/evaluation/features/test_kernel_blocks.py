"""Blocks and standard errors of kernel distances, and what TF-GAN prints and warns about."""

import importlib
import logging
import sys
import warnings

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation.features import tfgan
from ganzoo.export.evaluation.features.tfgan import classifier_metrics, kernel_blocks, kernel_distance


@pytest.mark.parametrize(
    ("num_real", "num_fake", "expected"),
    [
        # Ten blocks of ten for the larger side, but the smaller one fills only three with two rows each.
        (95, 7, (3, 30, 7)),
        (7, 95, (3, 7, 30)),
        # Each side fills three blocks.
        (25, 30, (3, 25, 30)),
        (30, 25, (3, 30, 25)),
        (10, 10, (1, 10, 10)),
        (11, 10, (2, 11, 10)),
    ],
)
def test_blocks_have_two_rows_of_each_side_at_least(num_real, num_fake, expected):
    assert kernel_blocks(num_real, num_fake, block=10) == expected


def test_the_distance_is_the_mean_over_blocks_and_has_a_standard_error(monkeypatch):
    values = iter([1.0, 2.0, 6.0])
    sizes = []

    def estimate(real, fake, max_block_size, dtype):
        sizes.append((len(real), len(fake), max_block_size, dtype))
        return next(values)

    monkeypatch.setattr(classifier_metrics(), "kernel_classifier_distance_from_activations", estimate)
    mean, error = kernel_distance(np.zeros((30, 2)), np.zeros((24, 2)), block=10)
    assert sizes == [(10, 8, 10, tf.float64)] * 3
    assert mean == 3
    # A variance of (4 + 1 + 9) / 2, over three blocks.
    assert error == pytest.approx(np.sqrt(7 / 3))


def test_calls_of_tfgan_are_silent_and_leave_the_logger_as_it_was():
    logger = tf.get_logger()
    before = logger.level
    try:
        logger.setLevel("INFO")
        assert tfgan._without_deprecation_warnings(lambda: logger.level)() == logging.ERROR
        assert logger.level == logging.INFO
    finally:
        logger.setLevel(before)


def test_warnings_of_its_import_are_not_shown(monkeypatch):
    module, imported = classifier_metrics(), importlib.import_module

    def warning(name, *package):
        if name == tfgan.MODULE:
            warnings.warn("a name is deprecated", DeprecationWarning, stacklevel=1)
            return module
        return imported(name, *package)

    classifier_metrics.cache_clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorflow_gan"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(importlib, "import_module", warning)
    try:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert classifier_metrics() is module
        assert caught == []
    finally:
        classifier_metrics.cache_clear()
