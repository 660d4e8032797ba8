"""Fixtures of the tests of exports: random weights, the TFLite runtime, and two SavedModels that are written once."""

import math

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from ganzoo.zoo.core.prng import sampling_latents

from .served import LATENT_DIM, NUM_CLASSES, export_and_load, generator_with_labels, skip_verification, tiny_gan


@pytest.fixture(scope="session")
def randomize_weights():
    """Gives a network random weights and statistics: `randomize_weights(network, seed=1)` returns the network."""

    def randomize(network, seed=0, gain=1.2):
        numbers = np.random.default_rng(seed)
        for weight in network.weights:
            name, shape = weight.path.rpartition("/")[2], weight.shape
            if name in ("moving_variance", "gamma"):
                value = numbers.uniform(0.5, 1.5, shape)
            elif len(shape) < 2:
                value = numbers.normal(0, 0.2, shape)
            else:
                # Four taps of a 4x4 kernel of stride 2 contribute to one output.
                inputs = 4 * shape[-1] if len(shape) == 4 else shape[0]
                value = numbers.normal(0, gain / math.sqrt(inputs), shape)
            weight.assign(value)
        return network

    return randomize


class TFLiteFile:
    """An exported file in the runtime of its users: `file("sample", seeds=[7])` returns its samples."""

    def __init__(self, path):
        interpreter = Interpreter(str(path))
        self.runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}

    def __call__(self, signature, **inputs):
        details = self.runners[signature].get_input_details()
        inputs = {name: np.asarray(value, details[name]["dtype"]) for name, value in inputs.items()}
        total, size = len(next(iter(inputs.values()))), details[next(iter(inputs))]["shape"][0]
        parts = []
        for start in range(0, total, size):
            outputs = self.runners[signature](**{name: value[start : start + size] for name, value in inputs.items()})
            (samples,) = outputs.values()
            parts.append(np.array(samples))
        return np.concatenate(parts)


@pytest.fixture(scope="session")
def run_tflite():
    """Opens an exported file: `run_tflite(path)("sample", seeds=[7, 8])` returns its samples."""
    return TFLiteFile


@pytest.fixture(scope="session")
def gan():
    return tiny_gan()


@pytest.fixture(scope="session")
def digits(gan, tmp_path_factory):
    """The export of a GAN; `reference(seeds)` is the output of its `generate`, in [-1, 1]."""

    def reference(seeds, _=None):
        return np.concatenate([gan.generate(1, seed=int(seed)) for seed in seeds])

    return export_and_load(gan, tmp_path_factory.mktemp("models") / "digits", reference)


@pytest.fixture(scope="session")
def letters(tmp_path_factory):
    """The export of a plain Keras model that takes labels, without verification: these tests check it themselves."""
    generator = generator_with_labels()

    def reference(seeds, labels):
        return generator([sampling_latents(tf.constant(seeds), LATENT_DIM), tf.constant(labels)]).numpy()

    with pytest.MonkeyPatch.context() as patch:
        skip_verification(patch)
        folder = tmp_path_factory.mktemp("models") / "letters"
        return export_and_load(generator, folder, reference, num_classes=NUM_CLASSES)


@pytest.fixture(params=["digits", "letters"])
def served_model(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def unverified(monkeypatch):
    """Exports in a second: without the fresh process, which the export of `digits` runs."""
    skip_verification(monkeypatch)
