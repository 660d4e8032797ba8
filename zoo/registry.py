"""Finds the models of the zoo by listing `zoo/models/`.

A model is a file of a family's folder there; its name is the file's, and its class is named like the file without the
underscores, whatever the case. Listing needs neither TensorFlow nor an import: `ganzoo list` reads the first line of
each class docstring. A new model edits no table.
"""

import ast
import difflib
import functools
import importlib
from pathlib import Path
from typing import NamedTuple

MODELS = Path(__file__).parent / "models"


class VariantInfo(NamedTuple):
    """What is known of a variant before it is imported."""

    name: str
    family: str
    class_name: str
    summary: str


def variant(cls):
    """Registers a model class for `.keras` files as `ganzoo>NAME`."""
    import keras

    return keras.saving.register_keras_serializable("ganzoo")(cls)


@functools.cache
def variants():
    """Returns a dict of name -> `VariantInfo` of all variants, by family and name."""
    paths = sorted(path for path in MODELS.glob("*/*.py") if path.stem != "__init__")
    return {path.stem: _read(path) for path in paths}


def _read(path):
    """Returns what the source of a model says: the class that the file is named after, and its summary."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name.lower() == path.stem.replace("_", ""):
            summary = (ast.get_docstring(node) or "").partition("\n")[0]
            return VariantInfo(path.stem, path.parent.name, node.name, summary)
    raise ImportError(f"{path}: expected a class named like the file, without its underscores")


def variant_class(name):
    """Imports and returns the class of a variant.

    Args:
        name: str, as listed by `variants()`.

    Raises:
        ValueError: there is no such variant; the message names the nearest one.
    """
    if name not in variants():
        raise ValueError(f"variant: received {name!r}, expected one of {sorted(variants())}{nearest(name, variants())}")
    info = variants()[name]
    return getattr(importlib.import_module(f".models.{info.family}.{name}", __package__), info.class_name)


def nearest(name, known):
    """Returns a hint, '; did you mean ...?', or '' where nothing known is close."""
    close = difflib.get_close_matches(str(name), [str(item) for item in known], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
