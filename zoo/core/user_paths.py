"""Paths as users write them, in recipes, options and Python calls: one reading for all of them."""

import os
import re
import shlex
from urllib.parse import unquote

from ..errors import UserError

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)


def user_path(text):
    """Returns the absolute path that a text names.

    `~` and `~user` are expanded, `.`, `..`, trailing slashes and links are resolved. Spaces and all other characters
    belong to the name. The path need not exist.

    Args:
        text: str or path.

    Returns:
        str.

    Raises:
        UserError: a URL, or a text that no path can be.

    Example:

    >>> user_path("/data/./photos/")
    '/data/photos'
    """
    text = os.fspath(text)
    url = URL.fullmatch(text)
    if url:
        scheme, rest = url.groups()
        fix = f"write {unquote(rest)!r}" if scheme.lower() == "file" else "download it and pass the path of the copy"
        raise UserError(f"received {text!r}, a URL, expected a path on this machine: {fix}")
    try:
        return os.path.realpath(os.path.expanduser(text))
    except ValueError as error:
        raise UserError(f"received {text!r}, expected a path: {error}") from None


def shell_path(path):
    """Returns a path as an argument that can be pasted into a shell: quoted if necessary, and never read as an option.

    Args:
        path: str or path.

    Example:

    >>> print(shell_path("my runs/demo (1)"), shell_path("-run"))
    'my runs/demo (1)' ./-run
    """
    text = os.fspath(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)
