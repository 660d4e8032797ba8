"""R-precision: how often an image retrieves the caption it was generated for among a hundred candidates."""

import functools

import numpy as np

from .....zoo.sequences.tokenization import word_bag
from ...features.image_text_matcher import ImageTextMatcher
from . import NotComputableError, Result, count_samples

NEEDS_CAPTIONS = True
CANDIDATES = 100
RESULTS = {
    "r_precision": Result(
        "higher", "share of samples whose own caption ranks first among 100, by an image-text matcher"
    ),
    "r_precision_chance": Result("", "the expected score of images that are unrelated to their captions"),
}


def measure(comparison):
    """Returns the share (Xu et al. 2018, "AttnGAN", arXiv:1711.10485, section 4: R = 1 of 100 candidates).

    The wrong candidates are captions of other held-out images; none has the same words as one of the image's own
    captions. The matcher is trained on the training images only.

    Raises:
        NotComputableError: samples without captions, or too few different captions.
    """
    rows, source = comparison.fake.rows, comparison.reference.source
    if rows is None:
        raise NotComputableError("the samples were generated without captions")
    if source.held_out_captions is None:
        raise NotComputableError(f"{source.name} has no captions")
    captions = np.asarray(source.held_out_captions, object)
    captions = captions.reshape(len(captions), -1)
    unique_rows, positions = np.unique(rows, return_inverse=True)
    candidates = candidate_rows(captions, unique_rows)
    matcher = cached_matcher(comparison.reference)
    images = matcher.encode_images(comparison.fake.samples)
    texts = matcher.encode_texts(captions[:, 0].tolist())
    # The image's own caption is the first candidate; a tie does not count as a retrieval.
    similarities = np.einsum("nd,ncd->nc", images, texts[candidates[positions]])
    retrieved = (similarities[:, :1] > similarities[:, 1:]).all(axis=1)
    return {"r_precision": float(retrieved.mean()), "r_precision_chance": 1 / candidates.shape[1]}


def counts(comparison):
    """Returns the number of samples: real images do not enter."""
    return count_samples(comparison)


def candidate_rows(captions, rows):
    """Returns for each of the rows the rows whose first captions are its candidates, its own row first.

    Args:
        captions: object array (num_images, captions_per_image) of str.
        rows: int array (num_rows,).

    Returns:
        int array (num_rows, num_candidates).

    Raises:
        NotComputableError: a row whose caption equals all others.
    """
    # Captions with the same words in any order are taken as equal.
    word_bags = np.array([[word_bag(text) for text in row] for row in captions], object)
    ids = np.unique(word_bags.astype(str), return_inverse=True)[1].reshape(word_bags.shape)
    generator = np.random.default_rng(0)
    candidates, first_ids = [], ids[:, 0]
    for row in rows:
        others = np.flatnonzero(~np.isin(first_ids, ids[row]))
        candidates.append([row, *generator.permutation(others)[: CANDIDATES - 1]])
    fewest = min(map(len, candidates))
    if fewest < 2:
        raise NotComputableError("the held-out images have one caption, at least two different ones are needed")
    return np.array([row[:fewest] for row in candidates])


@functools.lru_cache(maxsize=2)
def cached_matcher(reference):
    """Returns the `ImageTextMatcher` of a reference; it is trained once."""
    return ImageTextMatcher(reference.source, reference.cache_dir, reference.title)
