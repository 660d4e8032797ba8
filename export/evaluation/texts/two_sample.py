"""Whether a classifier that never met the generator can tell samples from real texts."""

import keras
import numpy as np
import tensorflow as tf
from scipy.stats import binomtest

from ....zoo.networks.text_cnn import text_cnn_discriminator
from . import NotComputableError, Result

RESULTS = {
    "two_sample": Result("lower", "accuracy of a fresh classifier of samples and training texts; 0.5 is best"),
    "two_sample_low": Result("", "lower end of its 95 % interval"),
    "two_sample_high": Result("", "upper end of its 95 % interval"),
}
BATCH, LEARNING_RATE = 128, 3e-3
# After a pass through its lessons, or so many updates, it is asked about others that were set aside; so many updates
# that make it no better are enough, and so many in all.
SHORTEST, LONGEST = 20, 100
PATIENCE, MOST_UPDATES = 600, 4000
# Every so many-th lesson is set aside.
ASIDE = 5
# Texts that are asked about at a time.
PART = 1000
# Texts of a side, for learning and asking together.
LEAST_TEXTS, MOST_TEXTS = 20, 50_000


def measure(comparison):
    """Returns `two_sample`, the accuracy on texts it did not learn from, and the ends of its 95 % interval.

    Paper: Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests" (arXiv:1610.06545). As many real texts as
    samples are taken. From a half of both it learns, until it gets no better on a fifth of that half, at most 4,000
    updates; about the other half it is asked. It is a small network, and the more texts there are, the more it finds:
    compare numbers of equally many.

    Raises:
        NotComputableError: too few texts.
    """
    sides = comparison.reference.real, comparison.samples
    num = min(MOST_TEXTS, *map(len, sides)) // 2 * 2
    if num < LEAST_TEXTS:
        raise NotComputableError(f"{num} texts a side, at least {LEAST_TEXTS} are needed to learn and to ask")
    halves = [np.split(_shuffled(texts, seed)[:num], 2) for seed, texts in enumerate(sides)]
    lessons, questions = (np.concatenate(half) for half in zip(*halves, strict=True))
    real = np.repeat([1, 0], num // 2)
    pupil = _taught(lessons, real, comparison.reference.source.vocabulary_size)
    logits = [np.asarray(pupil(part))[:, 0] for part in np.array_split(questions, -(-len(questions) // PART))]
    right = int(((np.concatenate(logits) > 0) == real).sum())
    interval = binomtest(right, num).proportion_ci(0.95)
    return {"two_sample": right / num, "two_sample_low": float(interval.low), "two_sample_high": float(interval.high)}


def _shuffled(texts, seed):
    return texts[np.random.default_rng((3, seed)).permutation(len(texts))]


def _taught(texts, real, vocabulary_size):
    """Returns the classifier: positive logits for real texts."""
    length = texts.shape[1]
    widths = tuple(range(1, min(3, length) + 1))
    pupil = text_cnn_discriminator((length,), vocabulary_size, widths=widths, filters=32, hidden=32, dtype="float32")
    pupil.compile(
        keras.optimizers.Adam(LEARNING_RATE), keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False
    )
    answers = real[:, np.newaxis]
    aside = np.arange(len(texts)) % ASIDE == 0
    others = np.flatnonzero(~aside)
    updates = int(np.clip(len(others) // BATCH, SHORTEST, LONGEST))
    # Keras would shuffle by the global random numbers, which belong to whoever trains meanwhile.
    rows = np.random.default_rng(5).choice(others, BATCH * MOST_UPDATES)
    table = tf.constant(texts), tf.constant(answers)
    lessons = tf.data.Dataset.from_tensor_slices(rows).batch(BATCH, drop_remainder=True)
    pupil.fit(
        lessons.map(lambda chosen: tuple(tf.gather(column, chosen) for column in table)),
        steps_per_epoch=updates,
        epochs=MOST_UPDATES // updates,
        validation_data=(texts[aside], answers[aside]),
        validation_batch_size=PART,
        callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE // updates, restore_best_weights=True)],
        shuffle=False,
        verbose=0,
    )
    return pupil
