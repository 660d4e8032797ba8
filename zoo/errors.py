"""Errors that the user can mend."""


class UserError(ValueError):
    """What the user got wrong, in one line: what was received, what was expected, how to mend it."""


class ArgumentError(UserError):
    """An argument of a model, a network or `fit` that cannot be used."""
