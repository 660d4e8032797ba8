"""A network that predicts the rotation of an image: the default extractor for unlabeled images, offline."""

import sys

import numpy as np

from ..convnet import shuffled_batches
from ..extractor import ExtractorError
from ..trained_extractor import TrainedExtractor, accuracy, load_or_train, training_facts

# Multiples of 90 degrees, counter-clockwise.
NUM_ROTATIONS = 4
# Chance is 0.25; below this accuracy the features say little about the images.
MIN_ACCURACY = 0.5


def make_rotation(argument, source, cache_dir=None, title=None):
    """Trains a small CNN to predict by which multiple of 90 degrees an image was rotated.

    When to use it: to compare two unlabeled folders on any machine, without downloads. Predicting the rotation requires
    features of the image content (Gidaris et al. 2018, arXiv:1803.07728). The network has no classes, so there is no
    Inception Score and no mode histogram.

    Args:
        argument: str, must be empty.
        source: the reference; square images.
        cache_dir: str or None.
        title: bool-like, whether progress and the accuracy are shown on stderr.

    Raises:
        ExtractorError: an argument, or images that are not square.
    """
    if argument:
        raise ExtractorError(f"extractor: received 'rotation:{argument}', expected 'rotation': it takes no argument")
    if source.shape[0] != source.shape[1]:
        raise ExtractorError(f"rotation: received images of shape {source.shape}, expected squares")

    def batches(epoch, batch_size):
        generator = np.random.default_rng((11, epoch))
        for rows in shuffled_batches(len(source), epoch, min(batch_size, len(source))):
            rotations = generator.integers(NUM_ROTATIONS, size=len(rows))
            yield rotate(source.samples[rows], rotations), {"rotation": rotations}

    tested, tested_split = (source.held_out, "held out") if len(source.held_out) else (source.samples[:1000], "train")

    def check(model):
        rotations = np.arange(len(tested)) % NUM_ROTATIONS
        logits = TrainedExtractor("rotation", model, {}, {}, "").embed(rotate(tested[:], rotations)).logits
        return {"rotation": accuracy(logits["rotation"], rotations)}

    heads = {"rotation": NUM_ROTATIONS}
    model, head_accuracy = load_or_train("rotation", source, heads, batches, check, cache_dir, title)
    if title:
        share = head_accuracy["rotation"]
        kind = "held-out" if tested_split == "held out" else "training"
        print(f"rotation: accuracy {share:.1%} on {len(tested)} {kind} images (chance: 25 %)", file=sys.stderr)
    extractor = RotationExtractor("rotation", model, {}, head_accuracy, source.fingerprint)
    extractor.training = training_facts(source, len(tested), tested_split)
    return extractor


class RotationExtractor(TrainedExtractor):
    """The features of the rotation network; its logits are left out, since a rotation is not a class of the data."""

    @property
    def warnings(self):
        """A note if the accuracy is low."""
        share = self.accuracy["rotation"]
        if share >= MIN_ACCURACY:
            return []
        return [
            f"rotation: predicts only {share:.0%} of the rotations correctly (chance is 25 %): its features are "
            "unreliable for images that look the same in all orientations"
        ]

    def network(self, images):
        """Returns the features."""
        return {"features": self.model(images, training=False)["features"]}


def rotate(images, rotations):
    """Returns square images (num_samples, size, size, channels), each rotated counter-clockwise.

    Args:
        images: array (num_samples, size, size, channels).
        rotations: int array (num_samples,), multiples of 90 degrees in [0, 4).
    """
    rotated = np.empty_like(images)
    for rotation in range(NUM_ROTATIONS):
        rotated[rotations == rotation] = np.rot90(images[rotations == rotation], rotation, axes=(1, 2))
    return rotated
