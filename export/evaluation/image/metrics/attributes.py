"""Attribute accuracy of text-to-image samples: whether an image shows each attribute that its caption names."""

import numpy as np

from . import NotComputableError, Result, count_samples

NEEDS_CAPTIONS = True
RESULTS = {
    "attributes": Result("higher", "share of samples whose captioned attributes are all classified as requested"),
    "attributes_seen": Result(
        "higher", "the same, for captions whose combination of attributes was in the training data"
    ),
    "attributes_unseen": Result("higher", "the same, for captions whose combination was not"),
    "attributes_each": Result("", "share of samples that show it, for each captioned attribute"),
}


def measure(comparison):
    """Returns the shares; the attributes are predicted by a classifier trained on real images.

    Raises:
        NotComputableError: samples without captions, or data without known caption attributes.
    """
    source, extractor, rows = comparison.reference.source, comparison.reference.extractor, comparison.fake.rows
    if rows is None:
        raise NotComputableError("the samples were generated without captions")
    captioned_factors = source.facts.get("captioned_factors")
    if captioned_factors is None:
        raise NotComputableError(f"the captions of {source.name} have no attribute annotations")
    correct = {}
    for name in captioned_factors:
        # The factor that is the class label is predicted by the label head.
        head = name if name in extractor.values else "label"
        if head not in extractor.values:
            raise NotComputableError(f"the extractor {extractor.name} does not predict attributes")
        correct[name] = comparison.fake.logits[head].argmax(1) == source.held_out_factors[name][rows]
    all_correct = np.all(list(correct.values()), axis=0)
    unseen = source.held_out_factors["unseen"][rows]
    results = {"attributes": float(all_correct.mean())}
    if not unseen.all():
        results["attributes_seen"] = float(all_correct[~unseen].mean())
    if unseen.any():
        results["attributes_unseen"] = float(all_correct[unseen].mean())
    return results | {"attributes_each": {name: round(float(each.mean()), 4) for name, each in correct.items()}}


def counts(comparison):
    """Returns the number of samples: real images do not enter."""
    return count_samples(comparison)
