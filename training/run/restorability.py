"""Proves before the first step that what a training will save can be loaded by the other commands."""

import contextlib
import tempfile
import warnings
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from ...zoo.core.keras_configs import (
    constructor_arguments,
    failing_layer,
    first_sentence,
    is_custom,
    unloadable_object,
)
from ...zoo.core.keras_internals import layers_of
from ...zoo.errors import UserError
from ...zoo.families.network_checks import inputs_of
from .new_process import as_in_new_process

# Rows that the networks are compared on, and the size of axes of any length.
NUM_ROWS, FREE_AXIS = 2, 64
TOLERANCE = 1e-4
SIMPLE_TYPES = (bool, int, float, str, tuple, list, type(None))


class RestorabilityError(UserError):
    """What would be saved could not be loaded again; the message names the layer and the cure."""


def require_restorable(model, modules=None):
    """Saves a model, loads it as a new process does, and compares weights, optimizers, arguments and outputs.

    When to use it: before a long training of networks that are not the zoo's. It takes about as long as building the
    model twice.

    Args:
        model: compiled model of the zoo.
        modules: iterable of str, the modules that a new process imports before it loads; or None if it registers
            whatever this process has registered. Default None.

    Raises:
        RestorabilityError: a class or function that is not registered, a lambda, a layer whose `get_config` does not
            describe it, or weights that a loaded layer does not have.

    Example:

        model = GAN(make_generator(), make_discriminator())
        model.compile()
        require_restorable(model)
    """
    scope = contextlib.nullcontext() if modules is None else as_in_new_process(modules)
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # Keras warns of what is refused below.
        warnings.simplefilter("ignore")
        _refuse(_unloadable(model))
        with scope:
            _require_loadable(model, Path(folder) / "proof.keras", modules)


def _require_loadable(model, path, modules):
    reason = _unloadable(model)
    if reason is not None:
        raise RestorabilityError(f"{reason} (this process has it, a new one that imports {list(modules)} has not)")
    try:
        model.save(path)
        loaded = keras.saving.load_model(path)
    except (OSError, MemoryError, tf.errors.OpError):
        raise
    except Exception as error:  # noqa: BLE001  A user's layer may raise anything.
        raise RestorabilityError(_failure(model, error)) from error
    _refuse(_layer_difference(model, loaded) or _optimizer_difference(model, loaded))
    _refuse(_output_difference(model, loaded))


def _refuse(reason):
    if reason is not None:
        raise RestorabilityError(reason)


def _unloadable(model):
    try:
        return unloadable_object(keras.saving.serialize_keras_object(model))
    except Exception as error:  # noqa: BLE001  A user's `get_config` may raise anything.
        return _failure(model, error)


def _failure(model, error):
    reasons = (failing_layer(network) for network in _networks(model).values())
    unknown = f"{type(model).__name__}: what is saved could not be loaded again: {first_sentence(error)}"
    return next(filter(None, reasons), unknown)


def _networks(model):
    return {role: getattr(model, role) for role in model.network_roles}


def _layer_difference(model, loaded):
    """Returns how the layers of a loaded model differ from the original ones, or None."""
    for layer, copy in zip(layers_of(model), layers_of(loaded), strict=False):
        if type(layer).__name__ != type(copy).__name__ or len(layer.weights) != len(copy.weights):
            return (
                f"layer {layer.name!r}: loaded from its file it is a {type(copy).__name__} of {len(copy.weights)} "
                f"weights, expected a {type(layer).__name__} of {len(layer.weights)}: create weights in `__init__` or "
                "`build`, and let get_config describe the layer"
            )
        changed = _changed_argument(layer, copy) if is_custom(type(layer)) else None
        if changed is not None:
            name, value, other = changed
            return (
                f"layer {layer.name!r}: {name} is {value!r}, and {other!r} when it is loaded from its file, expected "
                f"get_config of {type(layer).__name__} to return {name!r}"
            )
    return _variable_difference("weight", model.weights, loaded.weights)


def _changed_argument(layer, copy):
    """Returns (name, value, loaded value) of a constructor argument that a layer's config does not keep, or None."""
    for name in constructor_arguments(type(layer)):
        for attribute in (name, f"_{name}"):
            value, other = vars(layer).get(attribute), vars(copy).get(attribute)
            if isinstance(value, SIMPLE_TYPES) and isinstance(other, SIMPLE_TYPES) and _plain(value) != _plain(other):
                return name, value, other
    return None


def _plain(value):
    return [_plain(item) for item in value] if isinstance(value, (list, tuple)) else value


def _optimizer_difference(model, loaded):
    for role in ("generator_optimizer", "discriminator_optimizer"):
        own, other = getattr(model, role), getattr(loaded, role)
        difference = _variable_difference(f"{role}: variable", own.variables, other.variables)
        if difference is not None:
            return difference
    return None


def _variable_difference(title, variables, others):
    if len(variables) != len(others):
        return f"{title}s: {len(others)} after loading, expected {len(variables)}: create all of them in `build`"
    for variable, other in zip(variables, others, strict=True):
        value, loaded = variable.numpy(), other.numpy()
        if value.shape != loaded.shape or not np.array_equal(np.nan_to_num(value), np.nan_to_num(loaded)):
            return f"{title} {variable.path!r} is another one after loading, expected the saved one: see `get_config`"
    return None


def _output_difference(model, loaded):
    """Returns which network computes other values after loading, or None; networks with noise are not compared."""
    for role, network in _networks(model).items():
        outputs = [_outputs(each) for each in (network, network, getattr(loaded, role))]
        if any(output is None for output in outputs) or _distance(*outputs[:2]) > 0:
            continue
        distance = _distance(outputs[0], outputs[2])
        if distance > TOLERANCE:
            return (
                f"{role}: the same inputs give other outputs after loading (they differ by {distance:.2g} of the "
                "largest), expected the same: let get_config of each layer return all its arguments, and register "
                "functions under names that Keras does not have"
            )
    return None


def _outputs(network):
    """Returns the outputs of a network for fixed inputs as a list of arrays, or None if it takes other inputs."""
    generator = np.random.default_rng(0)
    try:
        rows = []
        for tensor in inputs_of(network):
            shape = [NUM_ROWS, *(FREE_AXIS if size is None else size for size in tensor.shape[1:])]
            floats = keras.backend.is_float_dtype(tensor.dtype)
            rows.append((generator.uniform(-1, 1, shape) if floats else np.zeros(shape)).astype(tensor.dtype))
        outputs = network(rows[0] if len(rows) == 1 else rows, training=False)
    except Exception:  # noqa: BLE001  A network that cannot be called like this is compared by its weights alone.
        return None
    return [np.asarray(output, "float32") for output in tf.nest.flatten(outputs)]


def _distance(outputs, others):
    """Returns the largest difference of two lists of arrays, relative to the largest value."""
    largest = max(1e-6, *(float(np.abs(output).max(initial=0)) for output in outputs))
    differences = [np.abs(one - other).max(initial=0) for one, other in zip(outputs, others, strict=True)]
    return float(max(differences)) / largest
