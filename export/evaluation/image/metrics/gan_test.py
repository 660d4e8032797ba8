"""GAN-test: the accuracy of a classifier of real images on the samples and their requested labels."""

import numpy as np

from . import NotComputableError, Result, count_samples, require_labels

NEEDS_LABELS = True
RESULTS = {
    "gan_test": Result("higher", "share of samples that the classifier assigns to the requested label"),
    "gan_test_worst": Result("", "the label with the lowest share, and that share"),
}


def measure(comparison):
    """Returns the share (Shmelkov et al. 2018, "How good is my GAN?", arXiv:1807.09499), and the worst class.

    Raises:
        NotComputableError: samples without labels, or an extractor without classes.
    """
    labels, names = require_labels(comparison)
    extractor = comparison.reference.extractor
    if "label" not in extractor.values:
        raise NotComputableError(f"the extractor {extractor.name} does not know the classes")
    correct = comparison.fake.logits["label"].argmax(1) == labels
    shares = {int(label): float(correct[labels == label].mean()) for label in np.unique(labels)}
    worst = min(shares, key=shares.get)
    return {"gan_test": float(correct.mean()), "gan_test_worst": f"{names[worst]}: {shares[worst]:.3f}"}


def counts(comparison):
    """Returns the number of samples: real images do not enter."""
    return count_samples(comparison)
