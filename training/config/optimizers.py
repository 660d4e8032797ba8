"""Optimizers by name: any Keras optimizer, with its own constructor arguments."""

import inspect

import keras

from ...zoo.errors import ArgumentError
from ...zoo.registry import nearest


def optimizer_classes():
    """Returns a dict of lower-case name -> Keras optimizer class."""
    classes = {
        name.lower(): cls
        for name, cls in vars(keras.optimizers).items()
        if inspect.isclass(cls) and issubclass(cls, keras.optimizers.Optimizer)
    }
    # The base class is abstract, and models add loss scaling themselves where the precision needs it.
    return {name: cls for name, cls in classes.items() if name not in ("optimizer", "lossscaleoptimizer")}


def check_optimizer(settings, section):
    """Validates one `[optimizers.*]` section.

    Args:
        settings: dict with `name` and constructor arguments.
        section: str, the name of the section in messages.

    Raises:
        ArgumentError: an unknown optimizer or argument, or a value of another type than the argument's default.
    """
    if not isinstance(settings, dict) or "name" not in settings:
        raise ArgumentError(f"{section}: received {settings!r}, expected a section with a name, as 'adam'")
    name, classes = settings["name"], optimizer_classes()
    if not isinstance(name, str) or name.lower() not in classes:
        raise ArgumentError(
            f"{section}.name: received {name!r}, expected one of {sorted(classes)}" + nearest(name, classes)
        )
    parameters = inspect.signature(classes[name.lower()]).parameters
    for key, value in settings.items():
        if key not in parameters or key == "kwargs":
            accepted = sorted(set(parameters) - {"kwargs"})
            raise ArgumentError(f"{section}.{key}: unknown key, expected one of {accepted}" + nearest(key, accepted))
        _check_value(value, parameters[key].default, f"{section}.{key}")


def build_optimizer(settings):
    """Returns a new Keras optimizer.

    Args:
        settings: dict with `name` and constructor arguments, validated by `check_optimizer`; or None.

    Returns:
        A `keras.optimizers.Optimizer`, or None for None.

    Example:

    >>> build_optimizer({"name": "adam", "learning_rate": 1e-3}).beta_1
    0.9
    """
    if settings is None:
        return None
    arguments = {key: value for key, value in settings.items() if key != "name"}
    return optimizer_classes()[settings["name"].lower()](**arguments)


def _check_value(value, default, key):
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(default, bool) and not isinstance(value, bool):
        raise ArgumentError(f"{key}: received {value!r}, expected true or false")
    if isinstance(default, float) and not number:
        raise ArgumentError(f"{key}: received {value!r}, expected a number such as {default}")
    if key.endswith(".learning_rate") and not value > 0:
        raise ArgumentError(f"{key}: received {value!r}, expected a number above 0")
