"""DATA and FIT: turns a recipe into a run folder.

Nothing heavy is imported before a name is used.
"""

import importlib

if not __name__.startswith("ganzoo."):
    raise ImportError(
        f"imported as {__name__!r}, expected 'ganzoo.training': install the project (`pip install -e .`) and write "
        "`from ganzoo.training import ...`"
    )

_HOMES = {
    "load": "data",
    "ImageSource": "data",
    "load_recipe": "recipe",
    "load_run": "rundir",
    "train": "fit",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, expected one of {__all__}")
