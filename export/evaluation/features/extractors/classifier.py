"""A classifier of the dataset's own classes: the default extractor for labeled images, offline."""

import sys

import numpy as np

from ..convnet import shuffled_batches
from ..extractor import ExtractorError
from ..trained_extractor import TrainedExtractor, accuracy, load_or_train, training_facts

MIN_ACCURACY = 0.9
# Augmentation of rendered images, in gray levels of 255: maximum brightness shift, standard deviation of pixel noise.
BRIGHTNESS, NOISE = 10.0, 5.0


def make_classifier(argument, source, cache_dir=None, title=None):
    """Trains a small CNN on the source's labels, and on its further factors if they are known.

    When to use it: whenever the reference has labels. Its features separate the classes, and its logits give the
    Inception Score, the modes and the missing classes. Scores are comparable between generators on one dataset, but not
    with Inception's.

    Args:
        argument: str, must be empty.
        source: the reference, with labels of its training and held-out rows.
        cache_dir: str or None.
        title: bool-like, whether progress and the accuracy are shown on stderr.

    Raises:
        ExtractorError: no labels, one class, or an accuracy below 90 % on held-out images.
    """
    if argument:
        raise ExtractorError(
            f"extractor: received 'classifier:{argument}', expected 'classifier': it takes no argument"
        )
    if source.labels is None or source.held_out_labels is None or len(source.held_out) == 0:
        raise ExtractorError(f"classifier: {source.name} has no labels, expected some: use --extractor rotation")
    factors, held_out, values = (
        {"label": source.labels},
        {"label": source.held_out_labels},
        {"label": source.class_names},
    )
    for name, value_names in source.facts.get("factors", {}).items():
        # The label is usually one of the factors, too; a constant factor cannot be learned.
        factor = source.factors[name]
        if len(np.unique(factor)) > 1 and not np.array_equal(factor, source.labels):
            factors[name], held_out[name], values[name] = factor, source.held_out_factors[name], list(value_names)
    if len(np.unique(source.labels)) < 2:
        raise ExtractorError(
            f"classifier: {source.name} has one class, expected at least two: use --extractor rotation"
        )

    # Sources with factors are rendered.
    is_rendered = "factors" in source.facts

    def batches(epoch, batch_size):
        for index, rows in enumerate(shuffled_batches(len(source), epoch, min(batch_size, len(source)))):
            pixels = source.samples[rows]
            pixels = augment_brightness(pixels, np.random.default_rng((epoch, index))) if is_rendered else pixels
            yield pixels, {name: factor[rows] for name, factor in factors.items()}

    def check(model):
        logits = TrainedExtractor("classifier", model, values, {}, "").embed(source.held_out[:]).logits
        return {name: accuracy(logits[name], held_out[name]) for name in factors}

    heads = {name: len(value_names) for name, value_names in values.items()}
    settings = [BRIGHTNESS, NOISE] if is_rendered else []
    model, head_accuracy = load_or_train("classifier", source, heads, batches, check, cache_dir, title, settings)
    if title:
        shares = ", ".join(f"{share:.1%} ({name})" for name, share in head_accuracy.items())
        print(f"classifier: accuracy {shares} on {len(source.held_out)} held-out images", file=sys.stderr)
    too_low = {name: share for name, share in head_accuracy.items() if share < MIN_ACCURACY}
    if too_low:
        raise ExtractorError(
            f"classifier: received accuracy {too_low} on held-out images of {source.name}, expected at least "
            f"{MIN_ACCURACY}: its predictions for samples would be unreliable; use --extractor rotation or inception"
        )
    extractor = TrainedExtractor("classifier", model, values, head_accuracy, source.fingerprint)
    extractor.training = training_facts(source, len(source.held_out))
    return extractor


def augment_brightness(pixels, rng):
    """Returns images with a random brightness shift per image and a little pixel noise.

    Rendered images have exactly constant colors. A classifier that is trained on them alone relies on exact levels: it
    mistakes pink on white for red if the background was always 250 in training.

    Args:
        pixels: uint8 array (num_samples, height, width, channels).
        rng: `numpy.random.Generator`.
    """
    brightness = rng.uniform(-BRIGHTNESS, BRIGHTNESS, (len(pixels), 1, 1, 1))
    augmented = pixels + brightness + rng.normal(0, NOISE, pixels.shape)
    return np.clip(np.rint(augmented), 0, 255).astype(np.uint8)
