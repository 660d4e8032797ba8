"""The paths in the names and options of data sources."""

import os

from ...zoo.core.user_paths import user_path
from ...zoo.errors import UserError
from .data_error import DataError


def source_path(option, text):
    """Returns the absolute path that a user wrote in the name of a source or in one of its options.

    Args:
        option: str, the option for messages, such as "data.source".
        text: str, as for `user_path`.

    Raises:
        DataError: a URL, or a text that no path can be.
    """
    try:
        return user_path(text)
    except UserError as error:
        raise DataError(f"{option}: {error}") from None


def source_folder(name, argument, expected):
    """Returns the absolute path of the folder of a source.

    Args:
        name: str, the source, such as "folder:photos".
        argument: str, the folder as the user wrote it.
        expected: str, what the folder holds.

    Raises:
        DataError: there is no such folder.
    """
    root = source_path("data.source", argument) if argument else ""
    if not os.path.isdir(root):
        received = f"{name!r}, which is a file" if os.path.exists(root) else repr(name)
        raise DataError(f"data.source: received {received}, expected {expected}")
    return root
