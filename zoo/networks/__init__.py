"""Networks by name: a generator builder, a discriminator builder or both a file.

A builder is a function `NAME_generator(latent_dim, shape, ...)` or `NAME_discriminator(shape, ...)` that returns a
built `keras.Model`; `shape` is one sample's shape without the batch axis. Generators that translate images take no
`latent_dim`; their `shape` is that of the image they are given. Networks of texts take `vocabulary_size`; their
`shape` is (length,). `build` also takes the import path of a builder of one's own, `package.module:function`.
"""

import importlib
import inspect
from pathlib import Path

import pydantic

from ..arguments import explain, schema_of
from ..errors import ArgumentError
from ..registry import nearest

FOLDER = Path(__file__).parent
DECIDED = (
    "shape", "latent_dim", "num_classes", "text_dim", "target_channels", "condition_channels", "vocabulary_size",
    "ends", "seed", "dtype",
)  # fmt: skip


def names(role=None):
    """Returns the names of the built-in networks: the files of this folder.

    Args:
        role: str, "generator" or "discriminator": only those that have a builder for it. Default: all.

    Example:

    >>> "patch" in names(), "patch" in names("discriminator"), "patch" in names("generator")
    (True, True, False)
    """
    found = sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")
    return found if role is None else [name for name in found if _own(name, role)]


def builder(network, role):
    """Returns the builder function of a network.

    Args:
        network: str, a built-in name (`names(role)`) or `package.module:function`.
        role: str, "generator" or "discriminator".

    Raises:
        ArgumentError: no such network, none for this role, no such module or function.
    """
    if ":" not in network:
        known = names(role)
        if network not in known:
            raise ArgumentError(
                f"model.{role}.network: received {network!r}, expected one of {known} or 'package.module:function'"
                + nearest(network, known)
            )
        return _own(network, role)
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


def as_dict(specification):
    """Returns a specification as a dict of its own; a network's name alone becomes one with `network`."""
    return {"network": specification} if isinstance(specification, str) else dict(specification or {})


def check(specification, role, facts=DECIDED):
    """Finds a specification's builder and checks the arguments given to it.

    Args:
        specification: dict with `network` and the builder's own arguments, or just the network's name.
        role: str, "generator" or "discriminator".
        facts: names of the arguments that the data and the model decide.

    Returns:
        (builder, arguments): a function, and the dict of its given arguments.

    Raises:
        ArgumentError: an unknown network or argument, or a value of the wrong type or range.
    """
    chosen = as_dict(specification)
    if not isinstance(chosen.get("network"), str):
        raise ArgumentError(
            f"model.{role}.network: received {chosen.get('network')!r}, expected one of {names(role)} or an import path"
        )
    function = builder(chosen.pop("network"), role)
    parameters = inspect.signature(function).parameters
    open_ended = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
    known = [name for name in parameters if name not in facts]
    for name in chosen:
        if name in facts or (name not in parameters and not open_ended):
            raise ArgumentError(
                f"model.{role}.{name}: unknown argument of {function.__name__}, expected one of {known}"
                + nearest(name, known)
            )
    required = [name for name in known if parameters[name].default is parameters[name].empty and name not in chosen]
    required = [name for name in required if parameters[name].kind is parameters[name].POSITIONAL_OR_KEYWORD]
    if required:
        raise ArgumentError(
            f"model.{role}: received no {required}, expected a value for each: {function.__name__} needs it"
        )
    try:
        schema_of(function, exclude=[name for name in parameters if name not in chosen])(
            **{name: value for name, value in chosen.items() if name in parameters}
        )
    except pydantic.ValidationError as error:
        raise ArgumentError(explain(error, f"model.{role}")) from None
    return function, chosen


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
    function, chosen = check(specification, role, tuple(facts))
    parameters = inspect.signature(function).parameters
    return function(**{name: value for name, value in facts.items() if name in parameters}, **chosen)


def _own(name, role):
    return getattr(importlib.import_module(f".{name}", __name__), f"{name}_{role}", None)
