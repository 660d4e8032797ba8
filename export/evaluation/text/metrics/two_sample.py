"""Classifier two-sample test: whether a newly trained classifier separates samples from real texts."""

import keras
import numpy as np
import tensorflow as tf
from scipy.stats import binomtest

from .....zoo.networks.text_cnn import text_cnn_discriminator
from . import Count, NotComputableError, Result

RESULTS = {
    "two_sample": Result("lower", "accuracy of a fresh classifier of samples and training texts; 0.5 is best"),
    "two_sample_low": Result("", "lower end of its 95 % interval"),
    "two_sample_high": Result("", "upper end of its 95 % interval"),
}
BATCH, LEARNING_RATE = 128, 3e-3
# Updates per epoch: one pass over the training texts within these bounds. The validation loss is computed after each.
MIN_UPDATES_PER_EPOCH, MAX_UPDATES_PER_EPOCH = 20, 100
# Training stops after this number of updates without a better validation loss, or after this number in total.
PATIENCE, MAX_UPDATES = 600, 4000
# One in five training texts is used for validation.
VALIDATION_EVERY = 5
# Test texts per forward pass.
TEST_BATCH = 1000
# Texts per side, training and test halves together.
MIN_TEXTS, MAX_TEXTS = 20, 50_000


def measure(comparison):
    """Returns `two_sample`, the test accuracy of the classifier, and the ends of its 95 % interval.

    Paper: Lopez-Paz and Oquab 2017, "Revisiting classifier two-sample tests" (arXiv:1610.06545). Equal numbers of real
    texts and samples are split in halves. The classifier is trained on one half, with early stopping on a fifth of that
    half and at most 4,000 updates; it is tested on the other half. It is a small network, and its power increases with
    the number of texts: compare only values of equal sample counts.

    Raises:
        NotComputableError: too few texts.
    """
    sides = comparison.reference.real, comparison.samples
    num_samples = _equal_count(comparison)
    if num_samples < MIN_TEXTS:
        raise NotComputableError(
            f"{num_samples} texts per side, at least {MIN_TEXTS} are needed to train and to test the classifier"
        )
    halves = [np.split(_shuffled(texts, seed)[:num_samples], 2) for seed, texts in enumerate(sides)]
    train_texts, test_texts = (np.concatenate(half) for half in zip(*halves, strict=True))
    # The same labels for both halves: real texts first.
    is_real = np.repeat([1, 0], num_samples // 2)
    classifier = _trained_classifier(train_texts, is_real, comparison.reference.source.vocabulary_size)
    batches = np.array_split(test_texts, -(-len(test_texts) // TEST_BATCH))
    logits = np.concatenate([np.asarray(classifier(batch))[:, 0] for batch in batches])
    num_correct = int(((logits > 0) == is_real).sum())
    interval = binomtest(num_correct, num_samples).proportion_ci(0.95)
    return {
        "two_sample": num_correct / num_samples,
        "two_sample_low": float(interval.low),
        "two_sample_high": float(interval.high),
    }


def counts(comparison):
    """Returns the equal, even numbers of texts of both sides, at most 50,000: one half is for training."""
    used = _equal_count(comparison)
    return {
        "training texts": Count(used, len(comparison.reference.real)),
        "samples": Count(used, len(comparison.samples)),
    }


def _equal_count(comparison):
    return min(MAX_TEXTS, len(comparison.reference.real), len(comparison.samples)) // 2 * 2


def _shuffled(texts, seed):
    return texts[np.random.default_rng((3, seed)).permutation(len(texts))]


def _trained_classifier(texts, is_real, vocabulary_size):
    """Returns the trained classifier: positive logits for real texts.

    Args:
        texts: int32 array (num_samples, length).
        is_real: int array (num_samples,), 1 for real texts, 0 for samples.
        vocabulary_size: int >= 1.
    """
    length = texts.shape[1]
    widths = tuple(range(1, min(3, length) + 1))
    classifier = text_cnn_discriminator(
        (length,), vocabulary_size, widths=widths, filters=32, hidden=32, dtype="float32"
    )  # fmt: skip
    classifier.compile(
        keras.optimizers.Adam(LEARNING_RATE), keras.losses.BinaryCrossentropy(from_logits=True), jit_compile=False
    )
    targets = is_real[:, np.newaxis]
    validation = np.arange(len(texts)) % VALIDATION_EVERY == 0
    train_rows = np.flatnonzero(~validation)
    updates = int(np.clip(len(train_rows) // BATCH, MIN_UPDATES_PER_EPOCH, MAX_UPDATES_PER_EPOCH))
    # Shuffling by Keras would consume the global random state, on which a concurrent training may depend.
    rows = np.random.default_rng(5).choice(train_rows, BATCH * MAX_UPDATES)
    columns = tf.constant(texts), tf.constant(targets)
    batches = tf.data.Dataset.from_tensor_slices(rows).batch(BATCH, drop_remainder=True)
    classifier.fit(
        batches.map(lambda indices: tuple(tf.gather(column, indices) for column in columns)),
        steps_per_epoch=updates,
        epochs=MAX_UPDATES // updates,
        validation_data=(texts[validation], targets[validation]),
        validation_batch_size=TEST_BATCH,
        callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=PATIENCE // updates, restore_best_weights=True)],
        shuffle=False,
        verbose=0,
    )
    return classifier
