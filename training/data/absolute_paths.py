"""Absolute paths in the `[data]` section of a recipe.

The name of a source spells a path as the user typed it: relative, or with `~`. A run records absolute paths, so that it
can be resumed and evaluated from any working directory.
"""

from ...zoo.core.user_paths import user_path
from .outside_data import PATH_KINDS
from .sources.unpaired import split_sources

# Options of sources that are paths of folders.
PATH_OPTIONS = ("data_dir", "cache_dir")


def absolute_data(data):
    """Returns a copy of a `[data]` section whose paths are absolute.

    Args:
        data: dict with `source` and the options of the source.

    Example:

    >>> absolute_data({"source": "digits", "resolution": 16})
    {'source': 'digits', 'resolution': 16}
    """
    paths = {key: user_path(data[key]) for key in PATH_OPTIONS if isinstance(data.get(key), str) and data[key]}
    return data | {"source": absolute_source(data["source"])} | paths


def absolute_source(source):
    """Returns the name of a source with an absolute path, or unchanged if it names none.

    Args:
        source: str such as "digits", "folder:photos" or "unpaired:folder:a,folder:b".
    """
    kind, _, argument = source.partition(":")
    if kind not in PATH_KINDS or not argument:
        return source
    if kind == "unpaired":
        pair = split_sources(argument)
        if pair:
            return f"unpaired:{','.join(map(absolute_source, pair))}"
        if argument.startswith("tfds:"):
            return source
    return f"{kind}:{user_path(argument)}"
