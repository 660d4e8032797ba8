"""What is neither an array nor a source nor a dataset of dense tensors, and how to make one of it."""

import pathlib
import types

import numpy as np
import tensorflow as tf

from ..errors import ArgumentError

EXPECTED = "expected an array, a source of `load` or a tf.data.Dataset"
FROM_GENERATOR = "tf.data.Dataset.from_generator(..., output_signature=...)"


def check_kind(x, name="fit"):
    """Raises ArgumentError for objects that cannot be read as arrays; the message says what to pass instead.

    Args:
        x: what the user passed as data.
        name: str, what messages start with. Default "fit".
    """
    reason = _explain(x)
    if reason:
        raise ArgumentError(f"{name}: received {reason}")


def check_specs(specs, name="fit"):
    """Raises ArgumentError unless a dataset consists of dense tensors of known rank.

    Args:
        specs: dict of input name -> `tf.TypeSpec`.
        name: str, what messages start with. Default "fit".
    """
    for key, spec in specs.items():
        if not isinstance(spec, tf.TensorSpec):
            raise ArgumentError(
                f"{name}: received {type(spec).__name__.removesuffix('Spec')} elements of {key}, expected dense "
                "tensors: call .to_tensor() or tf.sparse.to_dense in dataset.map"
            )
        if spec.shape.rank is None:
            raise ArgumentError(
                f"{name}: received {key} of unknown rank, expected known shapes: set them in dataset.map with "
                "tf.ensure_shape(images, (None, height, width, channels))"
            )


def _explain(x):
    kind = type(x).__name__
    if x is None:
        return f"no data, {EXPECTED}"
    if isinstance(x, (str, pathlib.Path)):
        return f"{str(x)!r}, {EXPECTED}: read it with ganzoo.training.load({str(x)!r})"
    if isinstance(x, (tf.RaggedTensor, tf.SparseTensor)):
        return f"a {kind}, expected a dense array: call .to_tensor() or tf.sparse.to_dense"
    if isinstance(x, (types.GeneratorType, tf.data.Iterator)) or hasattr(x, "__next__"):
        return f"an iterator ({kind}), which can be read once, {EXPECTED}: pass the dataset, or {FROM_GENERATOR}"
    if _is_loader(x):
        return f"a {kind}, {EXPECTED}: wrap it with {FROM_GENERATOR}"
    parts = list(x.values()) if isinstance(x, dict) else list(x) if isinstance(x, (tuple, list)) else []
    datasets = [part for part in parts if isinstance(part, tf.data.Dataset)]
    if datasets:
        names = f" {sorted(x)}" if isinstance(x, dict) else ""
        return f"a {kind} of datasets{names}, expected one of them"
    if isinstance(x, tuple) and any(isinstance(part, (tuple, dict)) for part in parts):
        return "a tuple of tuples, expected arrays: pass one part, images and labels"
    if not isinstance(x, (dict, list, tuple)) and not hasattr(x, "batches") and np.asarray(x).dtype.kind == "O":
        return f"a {kind}, {EXPECTED}" if np.ndim(x) == 0 else None
    return None


def _is_loader(x):
    """Returns whether an object is a PyTorch loader or the like: it has items and no array."""
    if isinstance(x, (dict, list, tuple, np.ndarray)) or hasattr(x, "batches") or hasattr(x, "__array__"):
        return False
    return hasattr(x, "__getitem__") or hasattr(x, "__iter__")
