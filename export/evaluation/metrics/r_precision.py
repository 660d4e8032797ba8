"""R-precision: how often a picture finds the caption it was drawn for among a hundred."""

import functools

import numpy as np

from ....zoo.captions import words
from ..matcher import Matcher
from . import NotComputableError, Result

NEEDS_CAPTIONS = True
CANDIDATES = 100
RESULTS = {
    "r_precision": Result("higher", "share of samples whose own caption fits best among 100, as a matcher sees it"),
    "r_precision_chance": Result("", "what pictures that have nothing to do with their captions would score"),
}


def measure(comparison):
    """Returns the share (Xu et al. 2018, "AttnGAN", arXiv:1711.10485, section 4: R = 1 of 100 candidates).

    The wrong candidates are captions of other held-out pictures, none of which has the same words as one of the
    picture's own. The matcher learned from the training pictures alone.

    Raises:
        NotComputableError: samples that were asked for no caption, or too few captions to choose from.
    """
    rows, source = comparison.fake.rows, comparison.reference.source
    if rows is None:
        raise NotComputableError("the samples were asked for no caption")
    if source.held_out_captions is None:
        raise NotComputableError(f"{source.name} has no captions")
    captions = np.asarray(source.held_out_captions, object)
    captions = captions.reshape(len(captions), -1)
    judged, places = np.unique(rows, return_inverse=True)
    candidates = candidates_of(captions, judged)
    matcher = matcher_of(comparison.reference)
    seen, heard = matcher.see(comparison.fake.samples), matcher.hear(captions[:, 0].tolist())
    # The right caption stands first: a tie is not won by it.
    fits = np.einsum("nd,ncd->nc", seen, heard[candidates[places]])
    found = (fits[:, :1] > fits[:, 1:]).all(axis=1)
    return {"r_precision": float(found.mean()), "r_precision_chance": 1 / candidates.shape[1]}


def candidates_of(captions, rows):
    """Returns for each of the rows those whose first captions are offered, its own before the others.

    Args:
        captions: object array (num, each) of str.
        rows: int array (judged,).

    Returns:
        int array (judged, candidates).

    Raises:
        NotComputableError: a row that no other differs from.
    """
    meanings = np.array([[" ".join(sorted(words(text))) for text in row] for row in captions], object)
    numbers = np.unique(meanings.astype(str), return_inverse=True)[1].reshape(meanings.shape)
    draw = np.random.default_rng(0)
    offered, first = [], numbers[:, 0]
    for row in rows:
        others = np.flatnonzero(~np.isin(first, numbers[row]))
        offered.append([row, *draw.permutation(others)[: CANDIDATES - 1]])
    fewest = min(map(len, offered))
    if fewest < 2:
        raise NotComputableError("the held-out pictures have one caption, at least two are needed to choose from")
    return np.array([row[:fewest] for row in offered])


@functools.lru_cache(maxsize=2)
def matcher_of(reference):
    """Returns the matcher of a reference, which is trained once."""
    return Matcher(reference.source, reference.cache_dir, reference.title)
