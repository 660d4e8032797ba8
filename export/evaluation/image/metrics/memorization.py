"""Copying of training images, measured against held-out images, which the generator cannot have copied."""

import numpy as np
from sklearn.metrics import roc_auc_score

from ...features.nearest_neighbors import nearest
from . import NotComputableError, Result, require_rows

# The share of held-out images that count as copies of a training image.
RARE = 0.01

RESULTS = {
    "copy_rate": Result(
        "lower", f"share of samples closer to a training image than {1 - RARE:.0%} of held-out images are"
    ),
    "data_copying_auc": Result(
        "", "probability that a sample is closer to the training images than a held-out image is"
    ),
}


def measure(comparison):
    """Returns `copy_rate`, about 0.01 without copying, and `data_copying_auc`, 0.5 without and 1 for pure copying.

    `data_copying_auc` is the area under the curve of the data-copying test (Meehan et al. 2020, arXiv:2004.05675,
    section 3). Samples of poor quality are far from all real images, so a low value alone does not prove novelty.

    Raises:
        NotComputableError: fewer than 100 samples or held-out images.
    """
    held_out = comparison.reference.held_out
    require_rows(comparison, round(1 / RARE), f"a share of {RARE:.0%} must be one sample at least")
    if held_out is None or len(held_out) < round(1 / RARE):
        raise NotComputableError(f"fewer than {round(1 / RARE)} held-out images to compare with")
    training = comparison.reference.searched.features
    real_distances = nearest(held_out.features, training)[0][:, 0]
    fake_distances = nearest(comparison.fake.features, training)[0][:, 0]
    is_fake = np.repeat([0, 1], [len(real_distances), len(fake_distances)])
    return {
        "copy_rate": float((fake_distances <= np.quantile(real_distances, RARE)).mean()),
        "data_copying_auc": float(roc_auc_score(is_fake, -np.concatenate([real_distances, fake_distances]))),
    }
