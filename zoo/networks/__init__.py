"""Networks by name: a generator and a discriminator builder a file.

A builder is a function `NAME_generator(latent_dim, shape, ...)` or `NAME_discriminator(shape, ...)` that returns a
built `keras.Model`; `shape` is one sample's shape without the batch axis. `build` also takes the import path of a
builder of one's own, `package.module:function`.
"""

import importlib
import inspect
from pathlib import Path

from ..errors import ArgumentError
from ..registry import nearest

FOLDER = Path(__file__).parent


def names():
    """Returns the names of the built-in networks: the files of this folder."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def builder(network, role):
    """Returns the builder function of a network.

    Args:
        network: str, a built-in name (`names()`) or `package.module:function`.
        role: str, "generator" or "discriminator".

    Raises:
        ArgumentError: no such network, module or function.
    """
    if ":" not in network:
        if network not in names():
            raise ArgumentError(
                f"model.{role}.network: received {network!r}, expected one of {names()} or 'package.module:function'"
                + nearest(network, names())
            )
        return getattr(importlib.import_module(f".{network}", __name__), f"{network}_{role}")
    module, _, function = network.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise ArgumentError(
            f"model.{role}.network: received {network!r}, expected an importable 'package.module:function': {error}; "
            "is its folder on PYTHONPATH?"
        ) from None


def arguments(network, role):
    """Returns the names of a builder's arguments."""
    return list(inspect.signature(builder(network, role)).parameters)


def build(specification, role, **facts):
    """Builds a generator or discriminator.

    Args:
        specification: dict with `network` and the builder's own arguments, or just the network's name.
        role: str, "generator" or "discriminator".
        **facts: what the data and the model decide (`shape`, `latent_dim`, `seed`, `dtype`); those that the builder
            does not take are left out.

    Returns:
        A `keras.Model`.

    Raises:
        ArgumentError: an unknown network or argument, or a value that it refuses.
    """
    chosen = {"network": specification} if isinstance(specification, str) else dict(specification)
    if "network" not in chosen:
        raise ArgumentError(f"model.{role}: received no 'network', expected one of {names()} or an import path")
    function = builder(chosen.pop("network"), role)
    parameters = inspect.signature(function).parameters
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    for name in chosen:
        if name in facts or (name not in parameters and not open_ended):
            known = [parameter for parameter in parameters if parameter not in facts]
            raise ArgumentError(
                f"model.{role}.{name}: unknown argument of {function.__name__}, expected one of {known}"
                + nearest(name, known)
            )
    given = {name: value for name, value in facts.items() if name in parameters}
    return function(**given, **chosen)
