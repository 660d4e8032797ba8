"""Whether pictures show what their captions say, attribute by attribute, as a classifier of real ones reads them."""

import numpy as np

from . import NotComputableError, Result

NEEDS_CAPTIONS = True
RESULTS = {
    "attributes": Result("higher", "share of samples of which every spoken attribute is read as asked for"),
    "attributes_seen": Result(
        "higher", "the same, of captions whose combination of attributes was in the training data"
    ),
    "attributes_unseen": Result("higher", "the same, of captions whose combination was not"),
    "attributes_each": Result("", "share of samples that show it, for each spoken attribute"),
}


def measure(comparison):
    """Returns the shares.

    Raises:
        NotComputableError: samples that were asked for no caption, or data whose captions' attributes are not known.
    """
    source, extractor, rows = comparison.reference.source, comparison.reference.extractor, comparison.fake.rows
    if rows is None:
        raise NotComputableError("the samples were asked for no caption")
    spoken = source.facts.get("spoken")
    if spoken is None:
        raise NotComputableError(f"what the captions of {source.name} say is known in words only")
    right = {}
    for name in spoken:
        # The label is a factor under its own name.
        head = name if name in extractor.values else "label"
        if head not in extractor.values:
            raise NotComputableError(f"the extractor {extractor.name} does not read attributes")
        right[name] = comparison.fake.logits[head].argmax(1) == source.held_out_factors[name][rows]
    every = np.all(list(right.values()), axis=0)
    unseen = source.held_out_factors["unseen"][rows]
    found = {"attributes": float(every.mean())}
    if not unseen.all():
        found["attributes_seen"] = float(every[~unseen].mean())
    if unseen.any():
        found["attributes_unseen"] = float(every[unseen].mean())
    return found | {"attributes_each": {name: round(float(met.mean()), 4) for name, met in right.items()}}
