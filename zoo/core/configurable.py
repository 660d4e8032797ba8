"""Pieces of a model that are objects with a few arguments: built by name in a recipe, saved with the model."""

import inspect
from typing import Any, Self

import pydantic

from ..errors import ArgumentError
from ..registry import nearest
from .validation import explain, schema_of


class Configurable:
    """Base class of objects that equal each other if their arguments do.

    A subclass keeps each argument of its constructor in an attribute of that name.

    Attributes:
        name: str, what recipes and logs call it.
    """

    name: str

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor arguments."""
        return {argument: getattr(self, argument) for argument in inspect.signature(type(self)).parameters}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Builds the object that `get_config` described."""
        return cls(**config)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.get_config() == other.get_config()

    def __hash__(self) -> int:
        return hash((type(self), repr(self)))

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"


def read_configurable(key, specification, base, classes):
    """Builds an object from its specification.

    Args:
        key: str, where it was specified, in messages, such as "augmentation".
        specification: an instance of `base`, the `name` of a class, or a dict of a `name` and arguments.
        base: the class that objects of this kind derive from.
        classes: dict of name -> class.

    Returns:
        An instance of `base`.

    Raises:
        ArgumentError: an unknown name or argument, or an argument out of its range.

    Example:

    >>> from ganzoo.zoo.regularizers.regularizer_specs import REGULARIZERS, Regularizer
    >>> read_configurable("regularizers", {"name": "r1", "weight": 2}, Regularizer, REGULARIZERS)
    R1(weight=2.0, every=1)
    """
    if isinstance(specification, base):
        return specification
    arguments = {"name": specification} if isinstance(specification, str) else specification
    if not isinstance(arguments, dict) or not isinstance(arguments.get("name"), str):
        raise ArgumentError(
            f"{key}: received {specification!r}, expected {_article(base.__name__)}, one of {sorted(classes)}, or a "
            "table with `name` and arguments"
        )
    name = arguments["name"]
    if name not in classes:
        raise ArgumentError(f"{key}.name: received {name!r}, expected one of {sorted(classes)}{nearest(name, classes)}")
    arguments = {argument: value for argument, value in arguments.items() if argument != "name"}
    schema = schema_of(classes[name].__init__)
    for argument in arguments:
        if argument not in schema.model_fields:
            raise ArgumentError(
                f"{key}.{argument}: unknown argument of {name!r}, expected one of {sorted(schema.model_fields)}"
                + nearest(argument, schema.model_fields)
            )
    try:
        schema(**arguments)
    except pydantic.ValidationError as error:
        raise ArgumentError(explain(error, key)) from None
    return classes[name](**arguments)


def _article(name):
    return f"{'an' if name[0] in 'AEIOU' else 'a'} {name}"
