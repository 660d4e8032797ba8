"""Finds the variants of the zoo by reading its folder.

A variant is a file of this folder with one class decorated by `@variant`; the file's name is the variant's. Finding
them needs neither TensorFlow nor an import: `ganzoo list` parses the sources. Adding a variant edits no table.
"""

import ast
import difflib
import functools
import importlib
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent


class Entry(NamedTuple):
    """What is known of a variant before it is imported."""

    name: str
    class_name: str
    summary: str


def variant(cls):
    """Marks a model class as a variant of the zoo and registers it for `.keras` files as `ganzoo>NAME`."""
    import keras

    return keras.saving.register_keras_serializable("ganzoo")(cls)


@functools.cache
def variants():
    """Returns a dict of name -> `Entry` of all variants, in alphabetical order."""
    found = {}
    for path in sorted(FOLDER.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and any(
                isinstance(mark, ast.Name) and mark.id == "variant" for mark in node.decorator_list
            ):
                summary = (ast.get_docstring(node) or "").partition("\n")[0]
                found[path.stem] = Entry(path.stem, node.name, summary)
    return found


def variant_class(name):
    """Imports and returns the class of a variant.

    Args:
        name: str, as listed by `variants()`.

    Raises:
        ValueError: there is no such variant; the message names the nearest one.
    """
    if name not in variants():
        raise ValueError(f"variant: received {name!r}, expected one of {sorted(variants())}{nearest(name, variants())}")
    return getattr(importlib.import_module(f".{name}", __package__), variants()[name].class_name)


def nearest(name, known):
    """Returns a hint, '; did you mean ...?', or '' where nothing known is close."""
    close = difflib.get_close_matches(str(name), [str(item) for item in known], n=1, cutoff=0.5)
    return f"; did you mean {close[0]!r}?" if close else ""
