"""The input pipeline: from arrays, sources and datasets to the flat batches that a training step consumes.

A step with `n_critic` discriminator updates of B rows consumes one batch of n_critic * B rows. The stream is endless:
an epoch of `fit` is a number of steps, never the end of an iterator, whose destruction costs seconds.
"""

import numpy as np
import tensorflow as tf

from ..core.keras_internals import inputs_of_dataset
from ..errors import ArgumentError
from .data_kinds import check_kind, check_specs
from .label_checks import to_array
from .python_batches import from_python, is_python_batches
from .step_data import StepData, steps_per_pass
from .stream_monitor import StreamMonitor

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
# Datasets of TensorFlow that form batches, and that pass them on unchanged.
BATCHING = ("_BatchDataset", "_ParallelBatchDataset")
ROW_PRESERVING = ("_PrefetchDataset", "_OptionsDataset", "CacheDataset", "_ShuffleDataset")


def step_dataset(preprocessor, x, y=None, batch_size=None, n_critic=1, seed=0, start_step=0, num_replicas=1):
    """Builds the dataset of a model's `train_step`.

    Args:
        preprocessor: `Preprocessor`, what the model expects.
        x: array, tuple or dict of arrays, `DataSource` (anything with `batches`), `tf.data.Dataset` of batches,
            `keras.utils.PyDataset`, or an iterator of batches.
        y: labels, or the second domain, with an array `x`; or None.
        batch_size: int >= 1, rows of one discriminator update over all replicas. Default: the dataset's own, else 64.
        n_critic: int >= 1, discriminator updates per step. Default 1.
        seed: int >= 0, of the order of rows. Default 0.
        start_step: int >= 0, the number of the first batch. Default 0.
        num_replicas: int >= 1. Default 1.

    Returns:
        `StepData`: an endless `tf.data.Dataset` of dicts with static shapes, and the number of steps of one pass over
        the data, or None where it is unknown.

    Raises:
        ArgumentError: data that do not fit the model.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        return StepData(x, is_endless=int(x.cardinality) == tf.data.INFINITE_CARDINALITY)
    if isinstance(x, tf.data.Dataset):
        if y is not None:
            raise ArgumentError("y: received labels next to a tf.data.Dataset, expected them as its second component")
        return _from_dataset(preprocessor, x, batch_size, n_critic, num_replicas)
    if is_python_batches(x):
        if y is not None:
            raise ArgumentError(f"y: received labels next to a {type(x).__name__}, expected them in its batches")
        dataset, rows, is_read_once = from_python(x)
        return _from_dataset(preprocessor, dataset, batch_size or rows, n_critic, num_replicas, is_read_once)
    x = source_of(preprocessor, x, y)
    batch_size = batch_size or DEFAULT_BATCH_SIZE
    num_rows = batch_size * n_critic
    _check_replicas(batch_size, num_replicas)
    steps = steps_per_pass(len(x), batch_size, num_rows)

    def restart(step):
        return _preprocessed(preprocessor, x.batches(num_rows, seed=seed, start_step=step))

    _check_first_batch(preprocessor, x.batches(num_rows, seed=seed, start_step=start_step))
    return StepData(restart(start_step), steps, batch_size, num_rows, restart=restart)


def source_of(preprocessor, x, y=None):
    """Returns arrays or a source as a validated source of the model's inputs: anything with `batches` and a length."""
    if not hasattr(x, "batches"):
        x = _from_arrays(preprocessor, x, y)
    elif y is not None:
        raise ArgumentError(f"y: received labels next to a {type(x).__name__}, expected none: a source has its own")
    _check_rows(preprocessor, x)
    return preprocessor.adapt(x)


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
    check_kind(x)
    if y is not None and isinstance(x, (tuple, dict)):
        raise ArgumentError(f"y: received a second array next to a {type(x).__name__}, expected it as a part of that")
    values = x if isinstance(x, (tuple, dict)) else (x, y) if y is not None else (x,)
    names = preprocessor.input_names
    # The second component is labels unless the model uses something else, so that unused labels are accepted.
    order = tuple(ALIASES) if names == ("images",) else names
    rows = {name: to_array(value) for name, value in normalize_keys(values, order).items() if value is not None}
    if names[0] not in rows:
        raise ArgumentError(f"fit: received no images but {sorted(values)}, expected a key {names[0]!r}")
    if names == ("images",) and len({len(values) for values in rows.values()}) > 1:
        lengths = {name: len(values) for name, values in rows.items()}
        raise ArgumentError(f"fit: received arrays of different lengths {lengths}, expected equal ones")
    return preprocessor.make_dataset({name: preprocessor.prepare(name, rows[name]) for name in names if name in rows})


def _check_rows(preprocessor, x):
    """Validates every row that is in memory; a source that is trained on again is checked once."""
    rows = getattr(x, "rows", None)
    if rows is None and getattr(x, "family", None) == "image":
        rows = {"images": x.samples} | ({} if x.labels is None else {"labels": x.labels})
    for name, values in (rows or {}).items():
        if name in preprocessor.input_names:
            preprocessor.validate(name, values)


def _from_dataset(preprocessor, dataset, batch_size, n_critic, num_replicas, is_read_once=False):
    specs = checked_specs(preprocessor, dataset)
    if batch_size is None:
        batch_size = next(iter(specs.values())).shape[0] or _rows_of_first_element(dataset)
    _check_replicas(batch_size, num_replicas)
    num_rows, cardinality = batch_size * n_critic, int(dataset.cardinality())
    num_samples = _known_rows(dataset, next(iter(specs.values())).shape[0])
    steps = None if num_samples is None else steps_per_pass(num_samples, batch_size, num_rows)

    monitor = StreamMonitor(preprocessor)
    dataset = monitored(preprocessor, dataset, monitor)
    dataset = (dataset if is_read_once else dataset.repeat()).map(preprocessor.ensure_shapes)
    dataset = dataset.rebatch(num_rows, drop_remainder=True)
    # Where a pass over an iterator ends cannot be known: it may be read only once.
    is_endless = is_read_once or cardinality == tf.data.INFINITE_CARDINALITY
    return StepData(
        _preprocessed(preprocessor, dataset), steps, batch_size, num_rows, monitor, is_endless, is_read_once
    )


def checked_specs(preprocessor, dataset):
    """Returns the types of the model's inputs in a dataset of batches: dict of name -> `tf.TensorSpec`.

    Raises:
        ArgumentError: an input is missing, or is no dense batch of the model's shape.
    """
    names = preprocessor.input_names
    specs = normalize_keys(dataset.element_spec, tuple(ALIASES) if names == ("images",) else names)
    _check_names(preprocessor, specs)
    specs = {name: specs[name] for name in names}
    check_specs(specs)
    for name, spec in specs.items():
        _check_spec(preprocessor, name, spec, dataset)
    return specs


def monitored(preprocessor, dataset, monitor):
    """Returns a dataset of batches as dicts of the model's inputs, checked by a `StreamMonitor` as they pass."""
    names = preprocessor.input_names

    def select(*element):
        parts = normalize_keys(element[0] if len(element) == 1 else element, names)
        return {name: parts[name] for name in names}

    return monitor.watch(dataset.map(select))


def _known_rows(dataset, rows_per_element):
    """Returns the rows of one pass over a dataset of batches, or None where only reading the pass counts them."""
    cardinality = int(dataset.cardinality())
    if cardinality < 0:
        return None
    if rows_per_element is not None:
        return cardinality * rows_per_element
    # The last batch may have fewer rows, but what was batched is known.
    while type(dataset).__name__ in ROW_PRESERVING:
        (dataset,) = inputs_of_dataset(dataset)
    if type(dataset).__name__ not in BATCHING:
        return None
    rows = int(inputs_of_dataset(dataset)[0].cardinality())
    return rows if rows >= 0 else None


def _rows_of_first_element(dataset):
    for element in dataset.take(1):
        return len(tf.nest.flatten(element)[0])
    raise ArgumentError("fit: received a dataset without elements, expected at least one batch")


def _check_spec(preprocessor, name, spec, dataset):
    """Refuses what the types of a dataset's elements show, before any are read."""
    expected = preprocessor.shapes.get(name, ())
    if spec.shape.rank == 0 or (expected and spec.shape.is_compatible_with(expected)):
        raise ArgumentError(
            f"fit: received a dataset of single elements {dataset.element_spec}, expected batches: call .batch(64)"
        )
    if spec.shape[1:].is_fully_defined():
        preprocessor.validate(name, np.empty((0, *spec.shape[1:]), spec.dtype.as_numpy_dtype))


def _preprocessed(preprocessor, dataset):
    def preprocess(*element):
        return preprocessor(normalize_keys(element[0] if len(element) == 1 else element, preprocessor.input_names))

    return dataset.map(preprocess).prefetch(2)


def _check_replicas(batch_size, num_replicas):
    if batch_size % num_replicas:
        raise ArgumentError(
            f"batch_size: received {batch_size} for {num_replicas} replicas, expected a multiple of {num_replicas}"
        )


def _check_names(preprocessor, batch):
    missing = [name for name in preprocessor.input_names if name not in batch]
    if missing:
        raise ArgumentError(
            f"fit: received elements with {sorted(batch)}, expected {missing} as well: {preprocessor.owner} uses them"
        )


def _check_first_batch(preprocessor, dataset):
    batch = normalize_keys(next(iter(dataset.take(1))), preprocessor.input_names)
    _check_names(preprocessor, batch)
    for name in preprocessor.input_names:
        if name in preprocessor.shapes or name == "labels":
            preprocessor.validate(name, batch[name].numpy(), first_row=0)
