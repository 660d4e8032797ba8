"""Shared fixtures: tiny models, and two logical devices, which must exist before TensorFlow computes anything."""

import atexit
import gc
import os
import shutil
import tempfile

# Each process has its own cache, so that tests neither use nor change the user's.
os.environ["GANZOO_CACHE"] = tempfile.mkdtemp(prefix="ganzoo-tests-")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import ganzoo.zoo  # noqa: F401  (before TensorFlow, like the command line)
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

# Tracing makes millions of objects: examining those of the imported libraries each time took a tenth of the tests.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 50, 100)
atexit.register(shutil.rmtree, os.environ["GANZOO_CACHE"], ignore_errors=True)

tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2
)


@pytest.fixture(scope="session")
def two_replicas():
    """One strategy for all tests: collectives of two strategies in one process interfere with each other."""
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


@pytest.fixture
def images():
    """160 random images (160, 8, 8, 1), float32 in [-1, 1]."""
    return np.random.default_rng(0).uniform(-1, 1, (160, 8, 8, 1)).astype("float32")


@pytest.fixture(scope="session")
def read_png():
    """Reads a PNG as an array: (height, width) or (height, width, 3)."""

    def read(path):
        with Image.open(path) as image:
            return np.asarray(image)

    return read


@pytest.fixture
def tiny():
    """Builds a tiny model of a class: `tiny(GAN, loss="hinge")`."""

    def build(cls, network="dcgan", shape=(8, 8, 1), seed=3, latent_dim=4, networks=None, compiled=True, **arguments):
        spec = {"network": network, "width": 8, **(networks or {})}
        model = cls.create(shape, spec, spec, latent_dim=latent_dim, seed=seed, **arguments)
        if compiled:
            model.compile()
        return model

    return build
