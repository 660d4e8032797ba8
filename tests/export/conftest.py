"""What tests of exports share: lively weights, runtimes of files, and two SavedModels that are made once."""

import math

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from ganzoo.zoo.latents import sampling_latents

from .served import CLASSES, LATENTS, exported, generator_with_labels, leave_unverified, tiny_gan


@pytest.fixture(scope="session")
def enliven():
    """Gives a network random weights and statistics: `enliven(network, seed=1)` returns the network."""

    def give(network, seed=0, gain=1.2):
        numbers = np.random.default_rng(seed)
        for weight in network.weights:
            name, shape = weight.path.rpartition("/")[2], weight.shape
            if name in ("moving_variance", "gamma"):
                value = numbers.uniform(0.5, 1.5, shape)
            elif len(shape) < 2:
                value = numbers.normal(0, 0.2, shape)
            else:
                # Four taps of a 4x4 kernel of stride 2 meet in one output.
                inputs = 4 * shape[-1] if len(shape) == 4 else shape[0]
                value = numbers.normal(0, gain / math.sqrt(inputs), shape)
            weight.assign(value)
        return network

    return give


class TFLiteFile:
    """An exported file in the runtime that its receivers have: `file("sample", seeds=[7])` gives its samples."""

    def __init__(self, path):
        interpreter = Interpreter(str(path))
        self.runners = {name: interpreter.get_signature_runner(name) for name in interpreter.get_signature_list()}

    def __call__(self, signature, **inputs):
        details = self.runners[signature].get_input_details()
        given = {name: np.asarray(value, details[name]["dtype"]) for name, value in inputs.items()}
        total, size = len(next(iter(given.values()))), details[next(iter(given))]["shape"][0]
        parts = []
        for start in range(0, total, size):
            answer = self.runners[signature](**{name: value[start : start + size] for name, value in given.items()})
            (samples,) = answer.values()
            parts.append(np.array(samples))
        return np.concatenate(parts)


@pytest.fixture(scope="session")
def run_tflite():
    """Opens an exported file: `run_tflite(path)("sample", seeds=[7, 8])` gives its samples."""
    return TFLiteFile


@pytest.fixture(scope="session")
def gan():
    return tiny_gan()


@pytest.fixture(scope="session")
def digits(gan, tmp_path_factory):
    """A GAN's export; `reference(seeds)` is what its `generate` gives, in [-1, 1]."""

    def reference(seeds, _=None):
        return np.concatenate([gan.generate(1, seed=int(seed)) for seed in seeds])

    return exported(gan, tmp_path_factory.mktemp("models") / "digits", reference)


@pytest.fixture(scope="session")
def letters(tmp_path_factory):
    """The export of a plain Keras model that takes labels; what `verify` would see, these tests see themselves."""
    generator = generator_with_labels()

    def reference(seeds, labels):
        return generator([sampling_latents(tf.constant(seeds), LATENTS), tf.constant(labels)]).numpy()

    with pytest.MonkeyPatch.context() as patch:
        leave_unverified(patch)
        return exported(generator, tmp_path_factory.mktemp("models") / "letters", reference, num_classes=CLASSES)


@pytest.fixture(params=["digits", "letters"])
def each(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(autouse=True)
def _without_proxies(monkeypatch):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.setenv(name, "127.0.0.1,localhost")


@pytest.fixture
def unverified(monkeypatch):
    """Exports in a second: without the fresh process that `digits` has gone through."""
    leave_unverified(monkeypatch)
