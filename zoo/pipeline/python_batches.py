"""Batches that Python makes, a Keras `PyDataset` or an iterator, as a `tf.data.Dataset`."""

import itertools
from collections import deque
from concurrent.futures import ThreadPoolExecutor

import keras
import tensorflow as tf

from ..errors import ArgumentError


def is_python_batches(x):
    """Returns whether an object is a `keras.utils.PyDataset` or an iterator."""
    return isinstance(x, keras.utils.PyDataset) or hasattr(x, "__next__")


def from_python(x):
    """Returns (`tf.data.Dataset`, rows of the first batch, whether it can be read only once).

    The batches of a `PyDataset` are read in the order of their numbers, by `workers` threads.

    Args:
        x: `keras.utils.PyDataset`, or an iterator of batches, such as a generator.

    Raises:
        ArgumentError: no batches, or worker processes.
    """
    if not isinstance(x, keras.utils.PyDataset):
        first = next(x, None)
        if first is None:
            raise ArgumentError("fit: received an iterator without batches, expected at least one")
        first = _without_none(first)
        batches = itertools.chain([first], map(_without_none, x))
        return tf.data.Dataset.from_generator(lambda: batches, output_signature=_specs(first)), _rows(first), True
    if x.use_multiprocessing:
        raise ArgumentError(
            f"use_multiprocessing: received True of a {type(x).__name__}, expected False: processes that are forked "
            "from TensorFlow hang; use workers, which are threads"
        )
    num_batches = x.num_batches
    if num_batches == 0:
        raise ArgumentError(f"fit: received a {type(x).__name__} without batches, expected at least one")
    first = _without_none(x[0])
    dataset = tf.data.Dataset.from_generator(lambda: _read(x), output_signature=_specs(first))
    cardinality = tf.data.INFINITE_CARDINALITY if num_batches is None else num_batches
    return dataset.apply(tf.data.experimental.assert_cardinality(cardinality)), _rows(first), False


def _read(dataset):
    """Yields the batches of one pass, up to `max_queue_size` of them read in advance."""
    numbers = itertools.count() if dataset.num_batches is None else range(dataset.num_batches)
    dataset.on_epoch_begin()
    if dataset.workers <= 1:
        yield from (_without_none(dataset[number]) for number in numbers)
    else:
        with ThreadPoolExecutor(dataset.workers) as pool:
            queue = deque()
            for number in numbers:
                queue.append(pool.submit(dataset.__getitem__, number))
                if len(queue) > dataset.max_queue_size:
                    yield _without_none(queue.popleft().result())
            while queue:
                yield _without_none(queue.popleft().result())
    dataset.on_epoch_end()


def _without_none(batch):
    """Returns a batch as a tuple, a dict or an array; Keras allows None for labels and weights that do not exist."""
    if isinstance(batch, (tuple, list)):
        parts = tuple(part for part in batch if part is not None)
        return parts[0] if len(parts) == 1 else parts
    return batch


def _rows(batch):
    return len(tf.nest.flatten(batch)[0])


def _specs(batch):
    def spec(values):
        values = tf.convert_to_tensor(values)
        return tf.TensorSpec((None, *values.shape[1:]), values.dtype)

    return tf.nest.map_structure(spec, batch)
