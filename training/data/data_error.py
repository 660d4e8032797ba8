"""The error raised for data that cannot be used."""

from ...zoo.errors import UserError


class DataError(UserError):
    """Data that cannot be used. The message says which data, why, and how to fix it."""
