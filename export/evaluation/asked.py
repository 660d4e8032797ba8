"""What the samples of a conditional model are asked for when they are judged."""

from typing import NamedTuple

import numpy as np


class Asked(NamedTuple):
    """What a block of samples is asked for.

    Attributes:
        conditions: dict, of `model.generate`.
        labels: int array (num,) of class labels, or None.
        rows: int array (num,), the held-out rows of the data whose captions are asked for, or None.
    """

    conditions: dict
    labels: np.ndarray | None = None
    rows: np.ndarray | None = None


def asked_of(model, source, first_seed, num):
    """Returns what the samples of `num` seeds are asked for.

    A class-conditional model is asked for its seeds' own labels; a model that draws captions for captions of held-out
    rows, which none of its training pictures had; any other for nothing.

    Args:
        model: a model with `generate`.
        source: the data, whose `held_out_captions` and `labels` count.
        first_seed, num: int; the seeds are first_seed to first_seed + num - 1.
    """
    seeds = np.arange(num) + first_seed
    if hasattr(model, "sampling_labels"):
        labels = model.sampling_labels(seeds)
        return Asked({"labels": labels}, labels=labels)
    captions = getattr(source, "held_out_captions", None)
    if hasattr(model, "sampling_texts") and captions is not None and len(captions):
        rows = np.resize(np.random.default_rng(0).permutation(len(captions)), num)
        captions = np.asarray(captions, object).reshape(len(captions), -1)
        texts = captions[rows, seeds % captions.shape[1]]
        return Asked({"texts": texts.tolist()}, rows=rows)
    return Asked({})
