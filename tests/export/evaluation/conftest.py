"""Pictures of three shades, an extractor that sees them, and a generator that draws them: a judge in milliseconds."""

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.evaluation import Extractor
from ganzoo.training.data import ImageSource

NAMES = ["dark", "middle", "bright"]
LEVELS = np.array([-0.8, 0.0, 0.8], np.float32)


class Shades(Extractor):
    """Six fixed projections of the pixels, and the nearest of the three shades as the class.

    Attributes:
        seen: list of how many images each call of `embed` was given.
    """

    name = "shades"
    weights_hash = "abc"
    resizer = "none, honestly"
    projection = np.random.default_rng(5).standard_normal((64, 6)).astype("float32") / 8

    def __init__(self, knows_classes=True):
        self.values = {"label": NAMES} if knows_classes else {}
        self.seen = []

    def network(self, images):
        grey = tf.reshape(tf.reduce_mean(images, -1), (images.shape[0], 64))
        found = {"features": grey @ self.projection}
        if self.values:
            found["label"] = -50 * (tf.reduce_mean(grey, -1, keepdims=True) - LEVELS) ** 2
        return found

    def embed(self, samples, title=None):
        self.seen.append(len(samples))
        return super().embed(samples, title)


class Painter:
    """A generator of the shades it has; image i hangs on `seed + i` alone, as those of a model do.

    Attributes:
        asked: list of (num, seed) of all calls.
    """

    def __init__(self, shades=(0, 1, 2)):
        self.shades = shades
        self.asked = []

    def generate(self, num, seed=None, batch_size=64):
        self.asked.append((num, seed))
        return np.stack([self.draw(seed + index) for index in range(num)])

    def draw(self, seed):
        level = LEVELS[self.shades[seed % len(self.shades)]]
        return level + np.random.default_rng(seed).uniform(-0.15, 0.15, (8, 8, 1)).astype("float32")


@pytest.fixture
def shades():
    """The class of the extractor."""
    return Shades


@pytest.fixture
def painter():
    """The class of the generator."""
    return Painter


@pytest.fixture(scope="session")
def make_source():
    """Builds a source of grey 8x8 pictures of the shades: `make_source(labelled=False)`."""

    def build(count=300, held_out=120, labelled=True, start=0):
        labels = np.arange(start, start + count + held_out) % 3
        painter = Painter()
        images = np.stack([painter.draw(seed) for seed in range(start, start + count + held_out)])
        pixels = np.rint((images + 1) * 127.5).astype(np.uint8)
        known = [labels[:count], labels[count:], NAMES] if labelled else []
        return ImageSource("shades", pixels[:count], pixels[count:], *known)

    return build


@pytest.fixture(scope="session")
def source(make_source):
    """300 training and 120 held-out pictures with labels."""
    return make_source()


@pytest.fixture
def flip():
    """Flips one bit of a file, whose size stays."""

    def damage(path, place):
        content = bytearray(path.read_bytes())
        content[place] ^= 1
        path.write_bytes(content)

    return damage
