"""A network that tells how far an image was turned: the default for unlabelled images, offline."""

import sys

import numpy as np

from ..convnet import shuffled
from ..extractor import ExtractorError
from ..trained import TrainedExtractor, accuracy, learned

TURNS = 4
# A quarter is chance; below twice that it has hardly learned the images.
POOR = 0.5


def make_rotation(argument, source, cache_dir=None, title=None):
    """Trains a small CNN to tell by which quarter turn an image was rotated.

    When to use it: to compare two plain folders on any machine, without labels or downloads. To name the turn the
    network must learn what the images show (Gidaris et al. 2018, arXiv:1803.07728); it has no classes, so there is no
    Inception Score and no histogram of modes.

    Args:
        argument: str, must be empty.
        source: the reference; square images.
        cache_dir: str or None.
        title: bool-like, whether progress and the accuracy are shown on stderr.

    Raises:
        ExtractorError: an argument, or images that are no squares.
    """
    if argument:
        raise ExtractorError(f"extractor: received 'rotation:{argument}', expected 'rotation': it takes no argument")
    if source.shape[0] != source.shape[1]:
        raise ExtractorError(f"rotation: received images of shape {source.shape}, expected squares")

    def batches(epoch, batch_size):
        random = np.random.default_rng((11, epoch))
        for rows in shuffled(len(source), epoch, min(batch_size, len(source))):
            turns = random.integers(TURNS, size=len(rows))
            yield turned(source.samples[rows], turns), {"turn": turns}

    def check(model):
        held_out = source.held_out[:] if len(source.held_out) else source.samples[:1000]
        turns = np.arange(len(held_out)) % TURNS
        logits = TrainedExtractor("rotation", model, {}, {}, "").embed(turned(held_out, turns)).logits
        return {"turn": accuracy(logits["turn"], turns)}

    model, reached = learned("rotation", source, {"turn": TURNS}, batches, check, cache_dir, title)
    if title:
        print(f"rotation: names the turn of {reached['turn']:.1%} of held-out images (chance: 25 %)", file=sys.stderr)
    return RotationExtractor("rotation", model, {}, reached, source.fingerprint)


class RotationExtractor(TrainedExtractor):
    """Features alone: the turn of an image is no class of it."""

    @property
    def warnings(self):
        """Says so where it learned next to nothing."""
        share = self.accuracy["turn"]
        if share >= POOR:
            return []
        return [
            f"rotation: names only {share:.0%} of the turns right (chance is 25 %): images that look alike from all "
            "sides cannot be judged by it"
        ]

    def network(self, images):
        """Returns the features."""
        return {"features": self.model(images, training=False)["features"]}


def turned(images, turns):
    """Rotates images (num, size, size, channels) by so many quarter turns each."""
    result = np.empty_like(images)
    for turn in range(TURNS):
        result[turns == turn] = np.rot90(images[turns == turn], turn, axes=(1, 2))
    return result
