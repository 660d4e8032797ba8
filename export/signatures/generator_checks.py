"""Checks of a generator before anything is written: inputs, value range, finite weights, independent samples."""

import numbers

import keras
import numpy as np

from ...zoo.errors import ArgumentError
from ...zoo.families.condition_specs import ClassLabels
from ...zoo.families.network_checks import inputs_of
from ..exporters.export_errors import ExportError


def check_inputs(network, num_classes, specs=None):
    """Raises ArgumentError unless a generator maps latents, and its conditions, to samples.

    Args:
        network: the generator.
        num_classes: int >= 2 where it takes labels, else None.
        specs: the `ConditionSpec`s of a model; None for a plain network, whose only condition may be labels.
    """
    if not isinstance(network, keras.Model) or not hasattr(network, "input_shape"):
        raise ArgumentError(
            f"model: received {network!r}, expected an ImageGAN or a keras.Model that knows its shapes: wrap "
            "it as keras.Model(inputs, network(inputs)) with inputs = keras.Input(...)"
        )
    shapes = [tuple(tensor.shape) for tensor in inputs_of(network)]
    if specs is None:
        labeled = len(shapes) == 2 and len(shapes[1]) == 1
        supported = len(shapes) == 1 or labeled
    else:
        labeled = any(isinstance(spec, ClassLabels) for spec in specs)
        supported = len(shapes) == 1 + len(specs)
    if len(shapes[0]) != 2 or shapes[0][-1] is None or not supported:
        raise ArgumentError(
            f"model: received a generator with inputs of shape {shapes}, expected latents (batch, latent_dim), "
            f"followed by {'at most labels (batch,)' if specs is None else [spec.name for spec in specs]}"
        )
    if None in network.output_shape[1:]:
        raise ArgumentError(
            f"model: received samples of shape {network.output_shape}, expected only the batch dimension to be free"
        )
    valid = isinstance(num_classes, numbers.Integral) and not isinstance(num_classes, bool) and num_classes >= 2
    if labeled and not valid:
        raise ArgumentError(
            f"num_classes: received {num_classes!r}, expected an integer, at least 2: the generator takes labels"
        )
    if not labeled and num_classes is not None:
        raise ArgumentError(f"num_classes: received {num_classes!r}, expected None: the generator takes no labels")


def checked_range(value_range):
    """Returns (low, high) as floats.

    Raises:
        ArgumentError: anything but two finite numbers in ascending order.
    """
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high or not np.isfinite(high - low):
        raise ArgumentError(f"value_range: received {value_range!r}, expected (low, high) such as (-1, 1) or (0, 1)")
    return low, high


def check_weights(network):
    """Raises ExportError unless all weights are finite."""
    for weight in network.weights:
        if not keras.backend.is_float_dtype(weight.dtype):
            continue
        values = np.asarray(keras.ops.cast(weight.value, "float32"))
        if not np.isfinite(values).all():
            raise ExportError(
                f"{weight.path}: received {int((~np.isfinite(values)).sum())} weights that are not finite, expected "
                "none: use an earlier checkpoint"
            )


def check_samples(batched, single):
    """Raises ExportError unless samples are finite and independent of the other rows of their batch.

    Args:
        batched: float array (num_samples, ...), a network's outputs for a batch.
        single: float array (1, ...), its output for the first row alone.
    """
    if not np.isfinite(batched).all():
        raise ExportError(
            f"generator: received one whose samples are not finite ({np.isnan(batched).mean():.0%} NaN), expected "
            "finite ones: use an earlier checkpoint"
        )
    difference = float(abs(single[0] - batched[0]).max())
    if difference > 1e-3 * max(1.0, float(abs(batched).max())):
        raise ExportError(
            f"generator: received one whose sample changes by {difference:.2g} with its neighbors in the batch, "
            "expected independent samples: is batch normalization called with training=True?"
        )
