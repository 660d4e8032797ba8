"""Whether the generator copies training images, by comparison with real images that it cannot have seen."""

import numpy as np
from sklearn.metrics import roc_auc_score

from ..neighbours import nearest
from . import NotComputableError, Result, require_rows

# Held-out images that lie as near to a training image are this rare.
RARE = 0.01

RESULTS = {
    "copies": Result(
        "lower", f"share of samples nearer to a training image than {1 - RARE:.0%} of held-out images are"
    ),
    "nearness": Result("", "chance that a sample lies nearer to the training images than a held-out image does"),
}


def measure(comparison):
    """Returns `copies`, about 0.01 where nothing is copied, and `nearness`, 0.5 there and 1 for a copying machine.

    `nearness` is the area under the curve of the data-copying test (Meehan et al. 2020, arXiv:2004.05675, section 3).
    Samples of poor quality lie far from everything, so a low one alone does not prove novelty.

    Raises:
        NotComputableError: fewer than 100 samples or held-out images.
    """
    held_out = comparison.reference.held_out
    require_rows(comparison, round(1 / RARE), f"a share of {RARE:.0%} must be one sample at least")
    if held_out is None or len(held_out) < round(1 / RARE):
        raise NotComputableError(f"fewer than {round(1 / RARE)} held-out images to compare with")
    training = comparison.reference.searched.features
    expected = nearest(held_out.features, training)[0][:, 0]
    found = nearest(comparison.fake.features, training)[0][:, 0]
    labels = np.repeat([0, 1], [len(expected), len(found)])
    return {
        "copies": float((found <= np.quantile(expected, RARE)).mean()),
        "nearness": float(roc_auc_score(labels, -np.concatenate([expected, found]))),
    }
