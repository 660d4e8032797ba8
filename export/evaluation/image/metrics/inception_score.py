"""Inception Score with the extractor's classifier: confident predictions per image, diverse predictions overall."""

import numpy as np
from scipy.special import softmax
from scipy.stats import entropy

from ...features.tfgan import inception_score
from . import NotComputableError, Result, count_samples

# The score is computed over all samples at once; published ones are often the mean over ten splits.
SPLITS = 1
# Below this number of samples per class the marginal distribution is so uncertain that the score is 1 % too low.
SAMPLES_PER_CLASS = 50
# Rows that are in memory as float64 at a time.
CHUNK = 2000

RESULTS = {
    "inception_score": Result(
        "higher", "exp of the mean divergence of p(y|x) from p(y) (Salimans et al. 2016), over all samples in one split"
    ),
    "conditional_entropy": Result(
        "lower", "mean entropy of p(y|x), in nats: 0 if the classifier is certain about every single image"
    ),
    "marginal_entropy": Result(
        "higher", "entropy of p(y), the mean prediction, in nats: that of a uniform distribution if all classes occur"
    ),
    "max_entropy": Result("", "the upper bound of both entropies: the logarithm of the number of classes"),
}


def measure(comparison):
    """Returns `inception_score`, from 1 to the number of classes, and the entropies it consists of; no real images.

    The logarithm of the score is `marginal_entropy` - `conditional_entropy`. Good samples have a low conditional
    entropy (each image is peaked: it shows one class) and a high marginal one (many images are flat: all classes).

    Raises:
        NotComputableError: an extractor without classes, or with one.
    """
    logits = comparison.fake.logits.get("label")
    if logits is None:
        raise NotComputableError(f"the extractor {comparison.reference.extractor.name} knows no classes")
    if logits.shape[1] < 2:
        raise NotComputableError("the classifier has one class: every score is 1")
    conditional, marginal = entropies(logits)
    return {
        "inception_score": inception_score(logits),
        "conditional_entropy": conditional,
        "marginal_entropy": marginal,
        "max_entropy": float(np.log(logits.shape[1])),
    }


def entropies(logits):
    """Returns (mean entropy of the predictions, entropy of the mean prediction), floats in nats.

    Args:
        logits: float array (num_samples, num_classes).

    >>> [round(value, 3) for value in entropies(np.array([[9.0, -9.0], [-9.0, 9.0]]))]
    [0.0, 0.693]
    """
    total, marginal = 0.0, np.zeros(logits.shape[1])
    for start in range(0, len(logits), CHUNK):
        predictions = softmax(logits[start : start + CHUNK].astype(np.float64), axis=1)
        total += float(entropy(predictions, axis=1).sum())
        marginal += predictions.sum(axis=0)
    return total / len(logits), float(entropy(marginal))


def counts(comparison):
    """Returns the number of samples: real images do not enter."""
    return count_samples(comparison)


def facts(comparison):
    """Returns the numbers of splits and of classes."""
    return {"inception_score": {"splits": SPLITS, "classes": comparison.fake.logits["label"].shape[1]}}


def warnings(comparison):
    """Returns a list of notes to read before the score is quoted."""
    num_samples, classes = comparison.fake.logits["label"].shape
    if num_samples >= SAMPLES_PER_CLASS * classes:
        return []
    return [
        f"inception_score: computed from {num_samples} samples for {classes} classes; fewer than "
        f"{SAMPLES_PER_CLASS * classes} make it too low: compare only scores of equal sample counts"
    ]
