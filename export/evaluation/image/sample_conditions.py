"""The conditions that a conditional model's samples are generated with for evaluation."""

from typing import NamedTuple

import numpy as np


class SampleConditions(NamedTuple):
    """The conditions of a block of samples.

    Attributes:
        conditions: dict, keyword arguments of `model.generate`.
        labels: int array (num_samples,) of class labels, or None.
        rows: int array (num_samples,), the held-out rows of the data whose captions are used, or None.
    """

    conditions: dict
    labels: np.ndarray | None = None
    rows: np.ndarray | None = None


def conditions_for(model, source, first_seed, num_samples):
    """Returns the `SampleConditions` of `num_samples` consecutive seeds.

    A class-conditional model gets the default label of each seed. A text-to-image model gets captions of held-out rows,
    which belong to no training image; without held-out captions it gets its default captions. Any other model gets no
    conditions.

    Args:
        model: a model with `generate`; a conditional one also has `default_conditions(seeds)`.
        source: the data; `held_out_captions` is used.
        first_seed, num_samples: int; the seeds are first_seed to first_seed + num_samples - 1.
    """
    # Any object with `generate` can be evaluated, so that the method is optional.
    if not hasattr(model, "default_conditions"):
        return SampleConditions({})
    seeds = np.arange(num_samples) + first_seed
    conditions = model.default_conditions(seeds)
    captions = getattr(source, "held_out_captions", None)
    if "texts" in conditions and captions is not None and len(captions):
        rows = np.resize(np.random.default_rng(0).permutation(len(captions)), num_samples)
        captions = np.asarray(captions, object).reshape(len(captions), -1)
        texts = captions[rows, seeds % captions.shape[1]]
        return SampleConditions({"texts": texts.tolist()}, rows=rows)
    return SampleConditions(conditions, labels=conditions.get("labels"))
