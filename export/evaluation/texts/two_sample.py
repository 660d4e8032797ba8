"""Whether a classifier that never met the generator can tell samples from real texts."""

import keras
import numpy as np
from scipy.stats import binomtest

from ....zoo.networks.text_cnn import text_cnn_discriminator
from ..reference import chosen_rows
from . import NotComputableError, Result

RESULTS = {
    "two_sample": Result("lower", "accuracy of a freshly trained classifier of samples and training texts; 0.5 is best"),
    "two_sample_low": Result("", "lower end of its 95 % interval"),
    "two_sample_high": Result("", "upper end of its 95 % interval"),
}
BATCH, STEPS = 128, 200
LEARNING_RATE = 2e-3
# Texts of a side, for learning and asking together.
LEAST_TEXTS, MOST_TEXTS = 20, 10_000


def measure(comparison):
    """Returns `two_sample`, the accuracy on texts it did not learn from, and the ends of its 95 % interval.

    Paper: Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests" (arXiv:1610.06545). A half of as many real
    as generated texts is learned from, the other half asked about; the budget is fixed, so that the number of texts is
    what else it hangs on.

    Raises:
        NotComputableError: too few texts.
    """
    sides = comparison.reference.real, comparison.samples
    num = min(MOST_TEXTS, *map(len, sides)) // 2 * 2
    if num < LEAST_TEXTS:
        raise NotComputableError(f"{num} texts a side, at least {LEAST_TEXTS} are needed to learn from and to ask about")
    sides = [_shuffled(texts, seed)[:num].reshape(2, num // 2, -1) for seed, texts in enumerate(sides)]
    (lessons, answers), (questions, solutions) = (
        (np.concatenate([side[half] for side in sides]), np.repeat([1, 0], num // 2)) for half in (0, 1)
    )
    pupil = _taught(lessons, answers, comparison.reference.source.vocabulary_size)
    right = int(((pupil.predict(questions, 512, verbose=0)[:, 0] > 0) == solutions).sum())
    interval = binomtest(right, num).proportion_ci(0.95)
    return {"two_sample": right / num, "two_sample_low": float(interval.low), "two_sample_high": float(interval.high)}


def _shuffled(texts, seed):
    return texts[np.random.default_rng((3, seed)).permutation(len(texts))]


def _taught(texts, answers, vocabulary_size):
    """Returns the classifier: positive logits for real texts."""
    length = texts.shape[1]
    widths = tuple(range(1, min(3, length) + 1))
    pupil = text_cnn_discriminator((length,), vocabulary_size, widths=widths, filters=32, hidden=32, dropout=0.25)
    pupil.compile(
        keras.optimizers.Adam(LEARNING_RATE), keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False
    )
    draw = np.random.default_rng(5)
    for _ in range(STEPS):
        rows = draw.integers(0, len(texts), BATCH)
        pupil.train_on_batch(texts[rows], answers[rows, np.newaxis])
    return pupil
