"""The input pipeline: from arrays, sources and datasets to the flat batches that a training step consumes.

A step with `n_critic` discriminator updates of B rows consumes one batch of n_critic * B rows. The stream is endless:
an epoch of `fit` is a number of steps, never the end of an iterator, whose destruction costs seconds.
"""

import numpy as np
import tensorflow as tf

from ..errors import ArgumentError
from .array_dataset import ArrayDataset

DEFAULT_BATCH_SIZE = 64
# Other names under which datasets carry an input.
ALIASES = {
    "images": ("images", "image", "samples"),
    "labels": ("labels", "label"),
    "captions": ("captions", "caption", "texts", "text"),
    "wrong_captions": ("wrong_captions",),
    "x": ("x", "source", "a"),
    "y": ("y", "target", "b"),
    "tokens": ("tokens",),
}


def step_dataset(preprocessor, x, y=None, batch_size=None, n_critic=1, seed=0, start_step=0, num_replicas=1):
    """Builds the dataset of a model's `train_step`.

    Args:
        preprocessor: `Preprocessor`, what the model expects.
        x: array, tuple or dict of arrays, `DataSource` (anything with `batches`), or `tf.data.Dataset` of batches.
        y: labels, or the second domain, with an array `x`; or None.
        batch_size: int >= 1, rows of one discriminator update over all replicas. Default: the dataset's own, else 64.
        n_critic: int >= 1, discriminator updates per step. Default 1.
        seed: int >= 0, of the order of rows. Default 0.
        start_step: int >= 0, the number of the first batch. Default 0.
        num_replicas: int >= 1. Default 1.

    Returns:
        (dataset, steps): an endless `tf.data.Dataset` of dicts with static shapes, and the number of steps of one pass
        over the data, or None where it is unknown.

    Raises:
        ArgumentError: data that do not fit the model.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        return x, None
    if x is None:
        raise ArgumentError("fit: received no data, expected an array, an ImageSource or a tf.data.Dataset")
    if isinstance(x, tf.data.Dataset):
        if y is not None:
            raise ArgumentError("y: received labels next to a tf.data.Dataset, expected them as its second component")
        return _from_dataset(preprocessor, x, batch_size, n_critic, num_replicas)
    x = preprocessor.adapt(x if hasattr(x, "batches") else _from_arrays(preprocessor, x, y))
    batch_size = batch_size or DEFAULT_BATCH_SIZE
    num_rows = batch_size * n_critic
    _check_replicas(batch_size, num_replicas)
    if len(x) < batch_size:
        raise ArgumentError(
            f"batch_size: received {batch_size} for {len(x)} rows, expected at most {len(x)}: set a smaller batch"
        )
    dataset = x.batches(num_rows, seed=seed, start_step=start_step)
    _check_first_batch(preprocessor, dataset)
    # A label of a later batch that is out of range would read beyond an embedding table.
    labels = x.rows.get("labels") if isinstance(x, ArrayDataset) else getattr(x, "labels", None)
    if labels is not None and "labels" in preprocessor.input_names:
        preprocessor.validate("labels", labels)
    return _preprocessed(preprocessor, dataset), max(1, len(x) // num_rows)


def normalize_keys(element, order=tuple(ALIASES)):
    """Returns a tensor, tuple or dict as a dict by the zoo's input names; a tuple carries them in the given order."""
    if isinstance(element, dict):
        return {
            name: next(element[alias] for alias in aliases if alias in element)
            for name, aliases in ALIASES.items()
            if any(alias in element for alias in aliases)
        }
    parts = element if isinstance(element, (tuple, list)) else (element,)
    return dict(zip(order, parts, strict=False))


def _from_arrays(preprocessor, x, y):
    values = x if isinstance(x, (tuple, dict)) else (x, y) if y is not None else (x,)
    names = preprocessor.input_names
    # The second component is labels unless the model uses something else, so that unused labels are accepted.
    order = tuple(ALIASES) if names == ("images",) else names
    rows = {name: np.asarray(value) for name, value in normalize_keys(values, order).items()}
    if not rows:
        raise ArgumentError(f"fit: received no images but {sorted(values)}, expected a key {names[0]!r}")
    return preprocessor.make_dataset(rows)


def _from_dataset(preprocessor, dataset, batch_size, n_critic, num_replicas):
    spec = tf.nest.flatten(dataset.element_spec)[0]
    if spec.shape.rank is None or spec.shape.rank == len(next(iter(preprocessor.shapes.values()))):
        raise ArgumentError(
            f"fit: received a dataset of single elements {dataset.element_spec}, expected batches: call .batch(64)"
        )
    if batch_size is None:
        batch_size = spec.shape[0] or len(tf.nest.flatten(next(iter(dataset)))[0])
    _check_replicas(batch_size, num_replicas)
    num_rows = batch_size * n_critic
    _check_first_batch(preprocessor, dataset)
    rows_per_element = spec.shape[0] or batch_size
    cardinality = int(dataset.cardinality())
    steps = max(1, cardinality * rows_per_element // num_rows) if cardinality > 0 else None
    if cardinality != tf.data.INFINITE_CARDINALITY:
        dataset = dataset.repeat()
    return _preprocessed(preprocessor, dataset.rebatch(num_rows, drop_remainder=True)), steps


def _preprocessed(preprocessor, dataset):
    def preprocess(*element):
        return preprocessor(normalize_keys(element[0] if len(element) == 1 else element, preprocessor.input_names))

    return dataset.map(preprocess).prefetch(2)


def _check_replicas(batch_size, num_replicas):
    if batch_size % num_replicas:
        raise ArgumentError(
            f"batch_size: received {batch_size} for {num_replicas} replicas, expected a multiple of {num_replicas}"
        )


def _check_first_batch(preprocessor, dataset):
    names = preprocessor.input_names
    batch = normalize_keys(next(iter(dataset.take(1))), names)
    missing = [name for name in names if name not in batch]
    if missing:
        raise ArgumentError(
            f"fit: received elements with {sorted(batch)}, expected {missing} as well: {preprocessor.owner} uses them"
        )
    for name in names:
        if name in preprocessor.shapes or name == "labels":
            preprocessor.validate(name, batch[name].numpy())
