"""GAN-test: whether samples are what they were asked to be, as a classifier of real images reads them."""

import numpy as np

from . import NotComputableError, Result, require_labels

NEEDS_LABELS = True
RESULTS = {
    "gan_test": Result("higher", "share of samples that the classifier reads as the label they were asked for"),
    "gan_test_worst": Result("", "the label that is met least often, and the share of its samples that meet it"),
}


def measure(comparison):
    """Returns the share (Shmelkov et al. 2018, "How good is my GAN?", arXiv:1807.09499), and the worst class.

    Raises:
        NotComputableError: samples without labels, or an extractor that knows no classes.
    """
    labels, names = require_labels(comparison)
    extractor = comparison.reference.extractor
    if "label" not in extractor.values:
        raise NotComputableError(f"the extractor {extractor.name} does not know the classes")
    met = comparison.fake.logits["label"].argmax(1) == labels
    shares = {int(label): float(met[labels == label].mean()) for label in np.unique(labels)}
    worst = min(shares, key=shares.get)
    return {"gan_test": float(met.mean()), "gan_test_worst": f"{names[worst]}: {shares[worst]:.3f}"}
