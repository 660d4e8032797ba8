"""The data of an evaluation: every row once, in batches that name their random numbers."""

from dataclasses import dataclass

import tensorflow as tf

from ..errors import ArgumentError
from .input_pipeline import DEFAULT_BATCH_SIZE, checked_specs, monitored, source_of
from .python_batches import from_python, is_python_batches
from .stream_monitor import StreamMonitor

# The key under which each row carries the number of its batch.
BATCH_NUMBER = "evaluation_batch"


@dataclass(frozen=True)
class EvaluationData:
    """One pass over held-out or training rows.

    Attributes:
        dataset: finite `tf.data.Dataset` of dicts, with the number of the batch for each row.
        monitor: `StreamMonitor` of a `tf.data.Dataset`, or None.
    """

    dataset: tf.data.Dataset
    monitor: StreamMonitor | None = None

    @property
    def error(self):
        """The `ArgumentError` of an invalid batch, or None."""
        return self.monitor and self.monitor.error


def make_evaluation_data(preprocessor, x, y=None, batch_size=None, steps=None, num_replicas=1):
    """Builds the data of `evaluate`.

    Args:
        preprocessor: `Preprocessor`, what the model expects.
        x, y: of `fit`; rows of arrays and sources are read once, those of a dataset as it has them.
        batch_size: int >= 1. Default: a dataset's own batches, else 64.
        steps: int >= 1, batches to read, or None for all. Default None.
        num_replicas: int >= 1. On several replicas only complete batches are read, so that each has equally many rows.

    Raises:
        ArgumentError: data that do not fit the model, or no complete pass.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        raise ArgumentError("evaluate: received a distributed dataset, expected a tf.data.Dataset or arrays")
    if isinstance(x, tf.data.Dataset) or is_python_batches(x):
        dataset, monitor = _of_dataset(preprocessor, x, y, batch_size, steps, num_replicas)
    else:
        dataset, monitor = _of_rows(preprocessor, x, y, batch_size, num_replicas), None
    available = int(dataset.cardinality())
    if steps is not None and 0 <= available < steps:
        raise ArgumentError(f"steps: received {steps} for {available} batches, expected at most {available}")
    dataset = dataset.take(-1 if steps is None else steps).map(preprocessor).enumerate().map(_numbered).prefetch(2)
    options = tf.data.Options()
    # Autotuning delays the destruction of an exhausted iterator by seconds.
    options.autotune.enabled = False
    return EvaluationData(dataset.with_options(options), monitor)


def single_batch(preprocessor, x, y=None):
    """Returns the rows of arrays as one batch of the model's inputs, for `train_on_batch` and `test_on_batch`.

    Raises:
        ArgumentError: data that do not fit the model.
    """
    if isinstance(x, tf.data.Dataset) or is_python_batches(x):
        raise ArgumentError(f"x: received a {type(x).__name__}, expected the arrays of one batch")
    source = source_of(preprocessor, x, y)
    rows = getattr(source, "rows", {})
    if set(preprocessor.input_names) <= set(rows) and len({len(values) for values in rows.values()}) == 1:
        batch = {name: tf.convert_to_tensor(rows[name]) for name in preprocessor.input_names}
    else:
        batch = next(iter(source.batches(len(source), seed=0)))
    return preprocessor(batch)


def validation_rows(rows, x):
    """Returns the (x, y) of `evaluate` for a `validation_data`.

    Args:
        rows: rows as in `evaluate`, or a tuple (x,) or (x, y).
        x: the training rows, which are refused here.

    Raises:
        ArgumentError: more than two parts, or the training rows.
    """
    if isinstance(rows, tuple) and not isinstance(x, tuple):
        if len(rows) not in (1, 2):
            raise ArgumentError(
                f"validation_data: received a tuple of {len(rows)}, expected (x, y): rows count alike, without weights"
            )
        rows, y = rows if len(rows) == 2 else (*rows, None)
    else:
        y = None
    if rows is x and hasattr(rows, "held_out"):
        raise ArgumentError(
            "validation_data: received the training source, expected rows that are not trained on: source.held_out, or "
            "(source.held_out, source.held_out_labels)"
        )
    return rows, y


def split_rows(x, y, fraction, validation_data=None):
    """Splits the last rows off arrays, as Keras does.

    Args:
        x, y: of `fit`: arrays, or tuples and dicts of them.
        fraction: float in (0, 1), the rows to hold out.
        validation_data: None.

    Returns:
        (x, y, (x, y) of the rows that are held out).

    Raises:
        ArgumentError: data other than arrays, a fraction out of its range, or `validation_data` as well.
    """
    if validation_data is not None:
        raise ArgumentError("validation_split: received next to validation_data, expected one of them")
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float)) or not 0 < fraction < 1:
        raise ArgumentError(f"validation_split: received {fraction!r}, expected a number between 0 and 1")
    if isinstance(x, tf.data.Dataset) or hasattr(x, "batches") or is_python_batches(x):
        raise ArgumentError(
            f"validation_split: received with a {type(x).__name__}, expected arrays: pass validation_data, such as "
            "source.held_out"
        )

    def part(values, is_held_out):
        if isinstance(values, dict):
            return {name: part(value, is_held_out) for name, value in values.items()}
        if isinstance(values, tuple):
            return tuple(part(value, is_held_out) for value in values)
        if values is None:
            return None
        edge = int(len(values) * (1 - fraction))
        return values[edge:] if is_held_out else values[:edge]

    held_out = (part(x, True), part(y, True))
    return part(x, False), part(y, False), held_out


def _of_rows(preprocessor, x, y, batch_size, num_replicas):
    source = source_of(preprocessor, x, y)
    num_rows = len(source)
    if num_rows == 0:
        raise ArgumentError("evaluate: received no rows, expected at least one")
    batch_size = min(batch_size or DEFAULT_BATCH_SIZE, num_rows)
    _check_replicas(batch_size, num_replicas)
    batches = num_rows // batch_size if num_replicas > 1 else -(-num_rows // batch_size)

    def trim(number, batch):
        # The stream continues with the next pass, whose rows would count twice.
        rest = tf.cast(num_rows - number * batch_size, tf.int32)
        return {name: values[:rest] for name, values in batch.items()}

    # The order does not matter to a mean; a fixed one makes batches, and so their fakes, the same each time.
    dataset = source.batches(batch_size, seed=0).map(lambda batch: {k: batch[k] for k in preprocessor.input_names})
    dataset = dataset.take(batches).apply(tf.data.experimental.assert_cardinality(batches))
    return dataset if num_replicas > 1 else dataset.enumerate().map(trim)


def _of_dataset(preprocessor, x, y, batch_size, steps, num_replicas):
    if y is not None:
        raise ArgumentError(f"y: received labels next to a {type(x).__name__}, expected them in its batches")
    if is_python_batches(x):
        x, _, is_read_once = from_python(x)
        if is_read_once:
            raise ArgumentError(
                "evaluate: received an iterator, which can be read once, expected arrays, a keras.utils.PyDataset or a "
                "tf.data.Dataset"
            )
    if int(x.cardinality()) == tf.data.INFINITE_CARDINALITY and steps is None:
        raise ArgumentError("steps: received none with endless data, expected the batches of an evaluation")
    checked_specs(preprocessor, x)
    monitor = StreamMonitor(preprocessor)
    dataset = monitored(preprocessor, x, monitor).map(preprocessor.ensure_shapes)
    if batch_size is None and num_replicas > 1:
        batch_size = DEFAULT_BATCH_SIZE
    if batch_size is not None:
        _check_replicas(batch_size, num_replicas)
        dataset = dataset.rebatch(batch_size, drop_remainder=num_replicas > 1)
    return dataset, monitor


def _check_replicas(batch_size, num_replicas):
    if batch_size % num_replicas:
        raise ArgumentError(
            f"batch_size: received {batch_size} for {num_replicas} replicas, expected a multiple of {num_replicas}"
        )


def _numbered(number, batch):
    rows = tf.shape(next(iter(batch.values())))[0]
    return batch | {BATCH_NUMBER: tf.fill([rows], tf.cast(number, tf.int32))}
