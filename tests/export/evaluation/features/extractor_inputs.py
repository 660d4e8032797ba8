"""Inputs of the tests of extractors: images, SavedModels, and rejected specifications."""

from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import ExtractorError, make_extractor

SOURCE = SimpleNamespace(is_image=True, shape=(8, 8, 3))


def random_images(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save_module(folder, function, shape, **variables):
    module = tf.Module()
    for name, value in variables.items():
        setattr(module, name, value)
    module.__call__ = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)], autograph=False)
    tf.saved_model.save(module, str(folder))
    return str(folder)


def rejection(spec, source=SOURCE):
    with pytest.raises(ExtractorError) as caught:
        make_extractor(spec, source)
    assert "\n" not in str(caught.value)
    return str(caught.value)
