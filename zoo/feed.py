"""From whatever the user has to the flat batches that a training step eats.

A step of a model with `n_critic` discriminator turns of B rows eats one batch of n_critic * B rows. The stream is
endless: an epoch of `fit` is a number of steps, never the end of an iterator, which would cost seconds.
"""

import mmap

import numpy as np
import tensorflow as tf

from .errors import ArgumentError

DEFAULT_BATCH = 64
ALIASES = {
    "images": ("images", "image", "samples"),
    "labels": ("labels", "label"),
    "captions": ("captions", "caption", "texts", "text"),
    "wrong_captions": ("wrong_captions",),
    "x": ("x", "source", "a"),
    "y": ("y", "target", "b"),
    "tokens": ("tokens",),
}


def step_dataset(model, x, y=None, batch_size=None):
    """Prepares data for a model's `train_step`.

    Args:
        model: `AdversarialModel`; its `n_critic`, `inputs_used`, `seed`, `steps_done` and generator shape decide.
        x: array, tuple or dict of arrays, `ImageSource` (anything with `batches`), or `tf.data.Dataset` of batches.
        y: labels for an array `x`, or None.
        batch_size: int or None, rows of one discriminator turn over all replicas.

    Returns:
        (dataset, steps): an endless `tf.data.Dataset` of dicts with static shapes, and the steps of one pass over
        the data, or None where the data does not tell.

    Raises:
        ArgumentError: data that does not fit the model; the message says what was received and expected.
    """
    if isinstance(x, tf.distribute.DistributedDataset):
        return x, None
    if x is None:
        raise ArgumentError("fit: received no data, expected an array, an ImageSource or a tf.data.Dataset")
    if isinstance(x, tf.data.Dataset):
        if y is not None:
            raise ArgumentError("y: received labels beside a tf.data.Dataset, expected them as its second component")
        return _from_dataset(model, x, batch_size)
    x = model.arranged(x if hasattr(x, "batches") else _arrays(model, x, y))
    batch_size = batch_size or DEFAULT_BATCH
    rows = batch_size * model.n_critic
    _check_replicas(model, batch_size)
    if len(x) < batch_size:
        raise ArgumentError(
            f"batch_size: received {batch_size} for {len(x)} rows, expected at most {len(x)}: set a smaller batch"
        )
    dataset = x.batches(rows, seed=model.seed, start_step=model.steps_done)
    _check_elements(model, dataset)
    _check_labels(model, x.rows.get("labels") if isinstance(x, ArrayRows) else getattr(x, "labels", None))
    return _prepared(model, dataset), max(1, len(x) // rows)


class ArrayRows:
    """Arrays in memory as a source of shuffled batches: the protocol of `ImageSource`, and the engine behind it.

    The order is a permutation for each pass named by (seed, pass), so batch `start_step` of an endless stream can be
    reached at once: a resumed run sees exactly the rows that it would have seen.

    An `np.memmap` stays on the disk: only the rows of a batch are read, in the same order.

    Args:
        rows: dict of name -> array, all of one length.

    Raises:
        ArgumentError: arrays of different lengths.
    """

    def __init__(self, rows):
        lengths = {name: len(values) for name, values in rows.items()}
        if len(set(lengths.values())) > 1:
            raise ArgumentError(f"fit: received arrays of different lengths {lengths}, expected equal ones")
        self.rows = rows

    def __len__(self):
        return len(next(iter(self.rows.values())))

    def batches(self, batch_size, seed, start_step=0):
        """Returns an endless dataset of dicts of batches, beginning with batch number `start_step`."""
        count = len(self)
        first_pass, skipped = divmod(start_step * batch_size, count)
        gathers = {name: self._gather(values, batch_size) for name, values in self.rows.items()}

        def order(number):
            key = tf.stack([tf.cast(seed, tf.int64), number])
            permutation = tf.random.experimental.stateless_shuffle(tf.range(count), seed=key)
            return permutation[tf.where(number == first_pass, skipped, 0) :]

        def take(indices):
            return {name: gather(indices) for name, gather in gathers.items()}

        dataset = tf.data.Dataset.counter(first_pass, dtype=tf.int64).map(order)
        dataset = dataset.rebatch(batch_size, drop_remainder=True).map(take)
        options = tf.data.Options()
        # Its thread holds every iterator's end for seconds, and there is nothing to tune.
        options.autotune.enabled = False
        return dataset.with_options(options)

    @staticmethod
    def _gather(values, batch_size):
        """Returns the function from a batch of indices to the rows."""
        if not isinstance(values, np.memmap) or values.mode != "r":
            tensor = tf.constant(values)
            return lambda indices: tf.gather(tensor, indices)

        def read(indices):
            rows = values[indices]
            # Else the pages that were touched count as the process's memory, up to the size of the file.
            if hasattr(mmap, "MADV_DONTNEED"):
                values._mmap.madvise(mmap.MADV_DONTNEED)
            return rows

        def gather(indices):
            rows = tf.numpy_function(read, [indices], values.dtype, stateful=False)
            return tf.ensure_shape(rows, (batch_size, *values.shape[1:]))

        return gather


def _arrays(model, x, y):
    values = x if isinstance(x, (tuple, dict)) else (x, y) if y is not None else (x,)
    # What comes second is labels, unless the variant has another word for it.
    order = tuple(ALIASES) if model.inputs_used == ("images",) else model.inputs_used
    rows = {name: np.asarray(value) for name, value in named(values, order).items()}
    if not rows:
        raise ArgumentError(f"fit: received no images but {sorted(values)}, expected a key {model.inputs_used[0]!r}")
    return model.rows_of(rows)


def _from_dataset(model, dataset, batch_size):
    spec = tf.nest.flatten(dataset.element_spec)[0]
    if spec.shape.rank is None or spec.shape.rank == len(next(iter(model.data_shapes.values()))):
        raise ArgumentError(
            f"fit: received a dataset of single elements {dataset.element_spec}, expected batches: call .batch(64)"
        )
    if batch_size is None:
        batch_size = spec.shape[0] or len(tf.nest.flatten(next(iter(dataset)))[0])
    _check_replicas(model, batch_size)
    rows = batch_size * model.n_critic
    _check_elements(model, dataset)
    own = spec.shape[0] or batch_size
    cardinality = int(dataset.cardinality())
    steps = max(1, cardinality * own // rows) if cardinality > 0 else None
    if cardinality != tf.data.INFINITE_CARDINALITY:
        dataset = dataset.repeat()
    return _prepared(model, dataset.rebatch(rows, drop_remainder=True)), steps


def _prepared(model, dataset):
    def prepare(*element):
        rows = named(element[0] if len(element) == 1 else element, model.inputs_used)
        kept = {name: rows[name] for name in model.inputs_used}
        for name in model.data_shapes:
            kept[name] = model.as_input(name, kept[name])
        return model.prepared(kept)

    return dataset.map(prepare).prefetch(2)


def named(element, order=tuple(ALIASES)):
    """Names the parts of a tensor, tuple or dict by what the zoo calls them; a tuple has them in the given order."""
    if isinstance(element, dict):
        return {
            name: next(element[alias] for alias in aliases if alias in element)
            for name, aliases in ALIASES.items()
            if any(alias in element for alias in aliases)
        }
    parts = element if isinstance(element, (tuple, list)) else (element,)
    return dict(zip(order, parts, strict=False))


def _check_replicas(model, batch_size):
    replicas = model.distribute_strategy.num_replicas_in_sync
    if batch_size % replicas:
        raise ArgumentError(
            f"batch_size: received {batch_size} for {replicas} replicas, expected a multiple of {replicas}"
        )


def _check_elements(model, dataset):
    first = named(next(iter(dataset.take(1))), model.inputs_used)
    missing = [name for name in model.inputs_used if name not in first]
    if missing:
        raise ArgumentError(
            f"fit: received elements with {sorted(first)}, expected {missing} as well: {type(model).__name__} uses them"
        )
    for name in model.data_shapes:
        model.check_input(name, first[name].numpy())
    if "labels" in first:
        _check_labels(model, first["labels"].numpy())


def check_pixels(name, images, expected):
    """Raises ArgumentError unless an array holds pictures, or points, of a shape and in the usual ranges."""
    what = "samples" if name == "images" else name
    if images.shape[1:] != expected:
        raise ArgumentError(
            f"fit: received {what} of shape {images.shape[1:]}, expected {expected}, what the generator "
            + ("makes" if name == "images" else "was built for")
        )
    if images.dtype != np.uint8:
        if not np.isfinite(images).all():
            raise ArgumentError(f"fit: received {what} that are NaN or infinite, expected finite numbers")
        if len(expected) == 3 and (images.min() < -1.01 or images.max() > 1.01):
            raise ArgumentError(
                f"fit: received float images in [{images.min():.4g}, {images.max():.4g}], expected [-1, 1] "
                "(or uint8 in [0, 255]): rescale them with images / 127.5 - 1"
            )


def _check_labels(model, labels):
    """Labels out of range would train whatever lies beyond the table."""
    if labels is not None and "labels" in model.inputs_used:
        model.checked_labels(labels, len(labels))
