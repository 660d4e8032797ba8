"""The conditions that a conditional model's samples are generated with for evaluation."""

from typing import NamedTuple

import numpy as np

from ....zoo.families.condition_specs import Captions, ClassLabels


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
    which belong to no training image; without held-out captions it gets its default captions. Other conditions have
    their defaults.

    Args:
        model: a model with `generate`; a conditional one also has `condition_specs`.
        source: the data; `held_out_captions` is used.
        first_seed, num_samples: int; the seeds are first_seed to first_seed + num_samples - 1.
    """
    seeds, conditions, labels, rows = np.arange(num_samples) + first_seed, {}, None, None
    captions = getattr(source, "held_out_captions", None)
    # Any object with `generate` can be evaluated, so that the attribute is optional.
    for spec in getattr(model, "condition_specs", ()):
        value = spec.default(seeds)
        if isinstance(spec, ClassLabels):
            labels = value
        if isinstance(spec, Captions) and captions is not None and len(captions):
            rows = np.resize(np.random.default_rng(0).permutation(len(captions)), num_samples)
            captions = np.asarray(captions, object).reshape(len(captions), -1)
            value = captions[rows, seeds % captions.shape[1]].tolist()
        conditions[spec.argument] = value
    return SampleConditions(conditions, labels, rows)
