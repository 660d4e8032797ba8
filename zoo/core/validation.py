"""Validation of arguments against their annotations.

The signature of a constructor is the single source of truth for the type, range and default of a hyperparameter. The
decorator `validated` enforces it for calls from Python. `schema_of` gives the same rules to the recipe reader, so a
TOML file and a Python call fail with the same messages.
"""

import functools
import inspect
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import numpy as np
import pydantic
from annotated_types import Ge

from ..errors import ArgumentError
from ..registry import nearest

Function = TypeVar("Function", bound=Callable[..., Any])
PositiveInt = Annotated[int, Ge(1)]
NumClasses = Annotated[int, Ge(2)]


def schema_of(function, exclude=()):
    """Returns the pydantic model of a callable's keyword arguments. It forbids unknown names.

    Args:
        function: callable with annotated parameters.
        exclude: iterable of str, parameters to omit, such as those that a recipe cannot set; `self` and `cls` always
            are.

    Returns:
        A `pydantic.BaseModel` subclass with one field per parameter.
    """
    fields = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if (
            name in exclude
            or name in ("self", "cls")
            or parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        ):
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


def as_count(name, value, minimum=1, maximum=None):
    """Returns an argument that counts something as a Python int.

    Args:
        name: str, the argument's name in messages.
        value: what the user passed; NumPy's integers are integers, booleans and floats are not.
        minimum: int. Default 1.
        maximum: int, or None for no limit. Default None.

    Raises:
        ArgumentError: not an integer, or out of its range.

    Example:

    >>> as_count("epochs", 3)
    3
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < minimum or (maximum is not None and number > maximum):
        limits = f"an integer >= {minimum}" if maximum is None else f"an integer from {minimum} to {maximum}"
        raise ArgumentError(f"{name}: received {value!r}, expected {limits}")
    return number


def refuse_unknown(owner, unknown, known):
    """Raises ArgumentError for the first of some unknown arguments, if there are any.

    Args:
        owner: str, what received them, in messages.
        unknown: iterable of str.
        known: iterable of str, the arguments that it takes.
    """
    for name in unknown:
        raise ArgumentError(
            f"{owner}: received the unknown argument {name!r}, expected some of {sorted(known)}{nearest(name, known)}"
        )


def validated(function: Function) -> Function:
    """Decorates a function so that each call validates the annotated arguments.

    Raises (at the call):
        ArgumentError: a missing or unknown argument, or one that does not have the annotated type or range; the
            message names it, and the class that the user called.
    """
    signature = inspect.signature(function)

    @functools.cache
    def schema():
        return schema_of(function)

    @functools.wraps(function)
    def checked(*args, **kwargs):
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError as error:
            owner = _owner(function, args)
            if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in signature.parameters.values()):
                known = [name for name in signature.parameters if name not in ("self", "cls")]
                refuse_unknown(owner, [name for name in kwargs if name not in known], known)
            raise ArgumentError(f"{owner}: {error}") from None
        fields = schema().model_fields
        # NumPy's numbers are numbers, such as labels.max() + 1.
        arguments = {
            name: value.item() if isinstance(value, np.generic) else value
            for name, value in bound.arguments.items()
            if name in fields
        }
        try:
            values = schema()(**arguments)
        except pydantic.ValidationError as error:
            raise ArgumentError(f"{_owner(function, args)}: {explain(error)}") from None
        bound.arguments.update({name: getattr(values, name) for name in arguments})
        return function(*bound.args, **bound.kwargs)

    return checked  # type: ignore[return-value]


def _owner(function, args):
    """Returns the name that the user called: of a method, the class of its object instead of the one defining it."""
    first, _, method = function.__qualname__.rpartition(".")
    if not first or not args:
        return function.__qualname__
    cls = args[0] if isinstance(args[0], type) else type(args[0])
    return cls.__name__ if method == "__init__" else f"{cls.__name__}.{method}"
