"""Validation of arguments against their annotations.

The signature of a constructor is the single source of truth for the type, range and default of a hyperparameter. The
decorator `validated` enforces it for calls from Python. `schema_of` gives the same rules to the recipe reader, so a
TOML file and a Python call fail with the same messages.
"""

import functools
import inspect
from typing import Annotated

import pydantic
from annotated_types import Ge

from ..errors import ArgumentError

PositiveInt = Annotated[int, Ge(1)]
NumClasses = Annotated[int, Ge(2)]


def schema_of(function, exclude=()):
    """Returns the pydantic model of a callable's keyword arguments. It forbids unknown names.

    Args:
        function: callable with annotated parameters.
        exclude: iterable of str, parameters to omit, such as those that a recipe cannot set; `self` always is.

    Returns:
        A `pydantic.BaseModel` subclass with one field per parameter.
    """
    fields = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in exclude or name == "self" or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        annotation = object if parameter.annotation is parameter.empty else parameter.annotation
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[name] = (annotation, default)
    config = pydantic.ConfigDict(extra="forbid", arbitrary_types_allowed=True, strict=False, protected_namespaces=())
    return pydantic.create_model(getattr(function, "__qualname__", "arguments"), __config__=config, **fields)


def explain(error, prefix=""):
    """Formats a `pydantic.ValidationError` as one line: the key, the received value and the expected one."""
    parts = []
    for problem in error.errors():
        key = ".".join(str(part) for part in (prefix, *problem["loc"]) if part != "")
        message = problem["msg"].removeprefix("Value error, ")
        message = message[0].lower() + message[1:]
        if problem["type"] == "missing":
            parts.append(f"{key}: received nothing, expected a value")
        else:
            parts.append(f"{key}: received {problem['input']!r}, expected: {message}")
    return "; ".join(parts)


def validated(function):
    """Decorates a function so that each call validates the annotated arguments.

    Raises (at the call):
        ArgumentError: an argument does not have the annotated type or range; the message names it.
    """
    signature = inspect.signature(function)

    @functools.cache
    def schema():
        return schema_of(function)

    @functools.wraps(function)
    def checked(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        fields = schema().model_fields
        arguments = {name: value for name, value in bound.arguments.items() if name in fields}
        try:
            values = schema()(**arguments)
        except pydantic.ValidationError as error:
            raise ArgumentError(f"{function.__qualname__.removesuffix('.__init__')}: {explain(error)}") from None
        bound.arguments.update({name: getattr(values, name) for name in arguments})
        return function(*bound.args, **bound.kwargs)

    return checked
