"""A classifier of the dataset's own classes: the default for labelled images, offline."""

import sys

import numpy as np

from ..convnet import shuffled
from ..extractor import ExtractorError
from ..trained import TrainedExtractor, accuracy, learned

LEAST_ACCURACY = 0.9
# In grey levels of 255: how far the brightness of a drawn picture is moved, and the deviation of noise on its pixels.
BRIGHTNESS, NOISE = 10.0, 5.0


def make_classifier(argument, source, cache_dir=None, title=None):
    """Trains a small CNN on the source's labels, and on its further factors where they are known.

    When to use it: whenever the reference has labels. Its features tell apart what the classes differ in, and its
    logits give the Inception Score, the modes and the missing classes. Scores are comparable between generators of
    one dataset, never with Inception's.

    Args:
        argument: str, must be empty.
        source: the reference, with labels of its training and held-out rows.
        cache_dir: str or None.
        title: bool-like, whether progress and the accuracy are shown on stderr.

    Raises:
        ExtractorError: no labels, one class, or less than 90 % of the held-out images read right.
    """
    if argument:
        raise ExtractorError(
            f"extractor: received 'classifier:{argument}', expected 'classifier': it takes no argument"
        )
    if source.labels is None or source.held_out_labels is None or len(source.held_out) == 0:
        raise ExtractorError(f"classifier: {source.name} has no labels, expected some: take --extractor rotation")
    factors, held_out, values = (
        {"label": source.labels},
        {"label": source.held_out_labels},
        {"label": source.class_names},
    )
    for name, names in source.facts.get("factors", {}).items():
        # The label is a factor of its own name; a factor that never changes cannot be learned.
        known = source.factors[name]
        if len(np.unique(known)) > 1 and not np.array_equal(known, source.labels):
            factors[name], held_out[name], values[name] = known, source.held_out_factors[name], list(names)
    if len(np.unique(source.labels)) < 2:
        raise ExtractorError(
            f"classifier: {source.name} has one class, expected at least two: take --extractor rotation"
        )

    drawn = "factors" in source.facts

    def batches(epoch, batch_size):
        for number, rows in enumerate(shuffled(len(source), epoch, min(batch_size, len(source)))):
            pixels = source.samples[rows]
            pixels = disturbed(pixels, np.random.default_rng((epoch, number))) if drawn else pixels
            yield pixels, {name: known[rows] for name, known in factors.items()}

    def check(model):
        logits = TrainedExtractor("classifier", model, values, {}, "").embed(source.held_out[:]).logits
        return {name: accuracy(logits[name], held_out[name]) for name in factors}

    heads = {name: len(names) for name, names in values.items()}
    lesson = [BRIGHTNESS, NOISE] if drawn else []
    model, reached = learned("classifier", source, heads, batches, check, cache_dir, title, lesson)
    if title:
        told = ", ".join(f"{share:.1%} by {name}" for name, share in reached.items())
        print(f"classifier: reads {len(source.held_out)} held-out images right: {told}", file=sys.stderr)
    poor = {name: share for name, share in reached.items() if share < LEAST_ACCURACY}
    if poor:
        raise ExtractorError(
            f"classifier: reads {poor} of {source.name}'s held-out images right, expected at least {LEAST_ACCURACY}: "
            "what it says of samples would mean little; take --extractor rotation or inception"
        )
    return TrainedExtractor("classifier", model, values, reached, source.fingerprint)


def disturbed(pixels, rng):
    """Returns pictures with a little noise, each a little brighter or darker.

    Drawn pictures are perfectly flat: a classifier that sees nothing else reads exact levels, and takes pink on white
    for red where the paper was 250 in all it learned from.

    Args:
        pixels: uint8 array (num, height, width, channels).
        rng: `numpy.random.Generator`.
    """
    brightness = rng.uniform(-BRIGHTNESS, BRIGHTNESS, (len(pixels), 1, 1, 1))
    moved = pixels + brightness + rng.normal(0, NOISE, pixels.shape)
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)
