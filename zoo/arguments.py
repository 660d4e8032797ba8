"""Arguments that are checked against their own annotations.

A constructor's signature is the only place where a hyperparameter has its type, its range and its default. The
decorator `validated` enforces it when the constructor is called from Python; `schema_of` hands the same rules to the
recipe reader, so that a TOML file and a Python call are refused in the same words.
"""

import functools
import inspect

import pydantic

from .errors import ArgumentError


def schema_of(function, exclude=()):
    """Returns the pydantic model of a callable's keyword arguments, unknown names forbidden.

    Args:
        function: Callable whose parameters are annotated.
        exclude: Iterable of str, parameters left out (`self`, and what a recipe cannot say).

    Returns:
        A `pydantic.BaseModel` subclass with one field a parameter.
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
    """Turns a `pydantic.ValidationError` into one line: key, what was received, what was expected."""
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
    """Decorates a function so that its annotated arguments are checked at the call.

    Raises (at the call):
        ArgumentError: an argument has another type or range than annotated; the message names it.
    """
    signature = inspect.signature(function)

    @functools.cache
    def schema():
        return schema_of(function)

    @functools.wraps(function)
    def checked(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        fields = schema().model_fields
        given = {name: value for name, value in bound.arguments.items() if name in fields}
        try:
            values = schema()(**given)
        except pydantic.ValidationError as error:
            raise ArgumentError(f"{function.__qualname__.removesuffix('.__init__')}: {explain(error)}") from None
        bound.arguments.update({name: getattr(values, name) for name in given})
        return function(*bound.args, **bound.kwargs)

    return checked
