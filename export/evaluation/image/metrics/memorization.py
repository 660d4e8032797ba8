"""Copying of training images, measured against held-out images, which the generator cannot have copied."""

import numpy as np
from sklearn.metrics import roc_auc_score

from ...features.nearest_neighbors import nearest
from . import Count, NotComputableError, Result, count_samples, require_rows

# The share of held-out images that count as copies of a training image.
RARE = 0.01

RESULTS = {
    "copy_rate": Result(
        "lower",
        f"share of samples closer to a training image than {1 - RARE:.0%} of held-out images are; for two sets: to an "
        f"image of the reference than {1 - RARE:.0%} of its images are to another one",
    ),
    "data_copying_auc": Result(
        "",
        "probability that a sample is closer to the training images than a held-out image is; for two sets: to the "
        "images of the reference than another of them is",
    ),
}


def measure(comparison):
    """Returns `copy_rate`, about 0.01 without copying, and `data_copying_auc`, 0.5 without and 1 for pure copying.

    `data_copying_auc` is the area under the curve of the data-copying test (Meehan et al. 2020, arXiv:2004.05675,
    section 3). Samples of poor quality are far from all real images, so a low value alone does not prove novelty.

    Where two sets are compared, the images of the reference itself replace both the training and the held-out images:
    the distance of each to the nearest other one is what an image that is no copy has.

    Raises:
        NotComputableError: fewer than 100 samples or held-out images.
    """
    reference = comparison.reference
    require_rows(comparison, round(1 / RARE), f"a share of {RARE:.0%} must be one sample at least")
    real_distances = reference.unseen_distances()
    if len(real_distances) < round(1 / RARE):
        raise NotComputableError(f"fewer than {round(1 / RARE)} held-out images to compare with")
    fake_distances = nearest(comparison.fake.features, reference.searched.features)[0][:, 0]
    is_fake = np.repeat([0, 1], [len(real_distances), len(fake_distances)])
    return {
        "copy_rate": float((fake_distances <= np.quantile(real_distances, RARE)).mean()),
        "data_copying_auc": float(roc_auc_score(is_fake, -np.concatenate([real_distances, fake_distances]))),
    }


def counts(comparison):
    """Returns how many images were searched, and how many distances of images that are no copies were compared."""
    reference = comparison.reference
    source = reference.source
    searched = {"searched images": Count(len(reference.searched_rows), len(source.samples))}
    if reference.split == "train":
        searched["held-out images"] = Count(len(reference.held_out_rows), len(source.held_out))
    return count_samples(comparison) | searched
