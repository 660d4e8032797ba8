"""Images of three shades, an extractor that classifies them, and a generator of them: an evaluator in milliseconds."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import Extractor
from ganzoo.training.data import ImageSource

NAMES = ["dark", "middle", "bright"]
LEVELS = np.array([-0.8, 0.0, 0.8], np.float32)


class ShadeExtractor(Extractor):
    """Six fixed projections of the pixels, and the nearest of the three shades as the class.

    Attributes:
        embedded_counts: list of int, the number of images of each call of `embed`.
    """

    name = "shades"
    weights_hash = "abc"
    resizer = "none, for tests"
    projection = np.random.default_rng(5).standard_normal((64, 6)).astype("float32") / 8

    def __init__(self, knows_classes=True):
        self.values = {"label": NAMES} if knows_classes else {}
        self.embedded_counts = []

    def network(self, images):
        gray = tf.reshape(tf.reduce_mean(images, -1), (images.shape[0], 64))
        outputs = {"features": gray @ self.projection}
        if self.values:
            outputs["label"] = -50 * (tf.reduce_mean(gray, -1, keepdims=True) - LEVELS) ** 2
        return outputs

    def embed(self, samples, title=None):
        self.embedded_counts.append(len(samples))
        return super().embed(samples, title)


class FakeGenerator:
    """A generator of some of the shades; image i depends on `seed + i` only, as for a model.

    Attributes:
        calls: list of (num_samples, seed) of all calls of `generate`.
    """

    def __init__(self, shades=(0, 1, 2)):
        self.shades = shades
        self.calls = []

    def generate(self, num_samples, seed=None, batch_size=64):
        self.calls.append((num_samples, seed))
        return np.stack([self.sample_one(seed + index) for index in range(num_samples)])

    def sample_one(self, seed):
        level = LEVELS[self.shades[seed % len(self.shades)]]
        return level + np.random.default_rng(seed).uniform(-0.15, 0.15, (8, 8, 1)).astype("float32")


@pytest.fixture
def shade_extractor():
    """The class of the extractor."""
    return ShadeExtractor


@pytest.fixture
def fake_generator():
    """The class of the generator."""
    return FakeGenerator


@pytest.fixture(scope="session")
def make_source():
    """Builds a source of gray 8x8 images of the shades: `make_source(labeled=False)`."""

    def build(count=300, held_out=120, labeled=True, start=0):
        labels = np.arange(start, start + count + held_out) % 3
        generator = FakeGenerator()
        images = np.stack([generator.sample_one(seed) for seed in range(start, start + count + held_out)])
        pixels = np.rint((images + 1) * 127.5).astype(np.uint8)
        annotations = [labels[:count], labels[count:], NAMES] if labeled else []
        return ImageSource("shades", pixels[:count], pixels[count:], *annotations)

    return build


@pytest.fixture(scope="session")
def source(make_source):
    """300 training and 120 held-out images with labels."""
    return make_source()


@pytest.fixture
def flip_bit():
    """Flips one bit of a file; its size does not change."""

    def flip(path, position):
        content = bytearray(path.read_bytes())
        content[position] ^= 1
        path.write_bytes(content)

    return flip
