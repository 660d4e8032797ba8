"""Errors that the user can fix."""


class UserError(ValueError):
    """What the user got wrong, in one line: what was received, what was expected, how to fix it."""


class ArgumentError(UserError):
    """An argument of a model, a network or `fit` that cannot be used."""
