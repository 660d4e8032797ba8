"""Networks by name. A file of this folder defines a generator builder, a discriminator builder or both.

A builder is a function `NAME_generator(latent_dim, shape, ...)` or `NAME_discriminator(shape, ...)` that returns a
built `keras.Model`; `shape` is the shape of one sample without the batch axis. Generators of image translation take no
`latent_dim`; their `shape` is that of the source image. Text networks take `vocabulary_size`; their `shape` is
(length,). `build` also accepts the import path of a custom builder, `package.module:function`.
"""

import importlib
import inspect
from pathlib import Path

import pydantic

from ..core.keras_settings import check_keras_settings
from ..core.validation import explain, schema_of
from ..errors import ArgumentError
from ..registry import nearest

FOLDER = Path(__file__).parent
# Files of this folder that are no networks.
OTHERS = ("__init__", "resolutions", "weight_layers")
# Arguments that are derived from the data and the model; a recipe cannot set them.
DERIVED_ARGUMENTS = (
    "shape", "latent_dim", "num_classes", "text_dim", "target_channels", "condition_channels", "vocabulary_size",
    "has_eos", "seed", "dtype",
)  # fmt: skip


def names(role=None):
    """Returns the sorted names of the built-in networks, which are files of this folder.

    Args:
        role: str, "generator" or "discriminator": only networks with a builder for this role. Default: all.

    Example:

    >>> "patch" in names(), "patch" in names("discriminator"), "patch" in names("generator")
    (True, True, False)
    """
    files = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in OTHERS)
    return files if role is None else [name for name in files if _built_in(name, role)]


def builder(network, role):
    """Returns the builder function of a network.

    Args:
        network: str, a built-in name (see `names`) or an import path `package.module:function`.
        role: str, "generator" or "discriminator".

    Raises:
        ArgumentError: unknown network, no builder for this role, or a path that cannot be imported.
    """
    if ":" not in network:
        choices = names(role)
        if network not in choices:
            raise ArgumentError(
                f"model.{role}.network: received {network!r}, expected one of {choices} or 'package.module:function'"
                + nearest(network, choices)
            )
        return _built_in(network, role)
    module, _, function = network.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ArgumentError(
            f"model.{role}.network: received {network!r}, expected an importable 'package.module:function': {error}; "
            "is its folder on PYTHONPATH?"
        ) from None


def arguments(network, role):
    """Returns the names of the arguments of a network's builder."""
    return list(inspect.signature(builder(network, role)).parameters)


def as_dict(specification):
    """Returns a copy of a network specification as a dict; a name becomes {"network": name}, None an empty dict."""
    return {"network": specification} if isinstance(specification, str) else dict(specification or {})


def check(specification, role, derived=DERIVED_ARGUMENTS):
    """Resolves the builder of a network specification and validates its arguments.

    Args:
        specification: dict with `network` and the builder's arguments, or only the name of the network.
        role: str, "generator" or "discriminator".
        derived: iterable of str, arguments that are derived from the data and the model and cannot be specified.

    Returns:
        (builder, arguments): the builder function and the dict of specified arguments.

    Raises:
        ArgumentError: an unknown network or argument, a missing one, or a value of the wrong type or range.
    """
    values = as_dict(specification)
    if not isinstance(values.get("network"), str):
        raise ArgumentError(
            f"model.{role}.network: received {values.get('network')!r}, expected one of {names(role)} or an import path"
        )
    function = builder(values.pop("network"), role)
    parameters = inspect.signature(function).parameters
    has_var_keyword = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    allowed = [name for name in parameters if name not in derived]
    for name in values:
        if name in derived or (name not in parameters and not has_var_keyword):
            raise ArgumentError(
                f"model.{role}.{name}: unknown argument of {function.__name__}, expected one of {allowed}"
                + nearest(name, allowed)
            )
    missing = [
        name
        for name in allowed
        if name not in values
        and parameters[name].default is parameters[name].empty
        and parameters[name].kind is parameters[name].POSITIONAL_OR_KEYWORD
    ]
    if missing:
        raise ArgumentError(
            f"model.{role}: received no {missing}, expected a value for each: {function.__name__} requires it"
        )
    try:
        schema_of(function, exclude=[name for name in parameters if name not in values])(
            **{name: value for name, value in values.items() if name in parameters}
        )
    except pydantic.ValidationError as error:
        raise ArgumentError(explain(error, f"model.{role}")) from None
    return function, values


def build(specification, role, **derived):
    """Builds a generator or a discriminator.

    Args:
        specification: dict with `network` and the builder's arguments, or only the name of the network.
        role: str, "generator" or "discriminator".
        **derived: arguments that are derived from the data and the model (`shape`, `latent_dim`, `seed`, `dtype`, ...);
            those that the builder does not take are ignored.

    Returns:
        A `keras.Model`.

    Raises:
        ArgumentError: an unknown network or argument, a missing one, or a value of the wrong type or range.

    Example:

    >>> build({"network": "dcgan", "width": 16}, "discriminator", shape=(28, 28, 1), seed=0).output_shape
    (None, 1)
    """
    check_keras_settings()
    function, values = check(specification, role, tuple(derived))
    parameters = inspect.signature(function).parameters
    return function(**{name: value for name, value in derived.items() if name in parameters}, **values)


def _built_in(name, role):
    """Returns the builder of a built-in network for a role, or None."""
    return getattr(importlib.import_module(f".{name}", __name__), f"{name}_{role}", None)
