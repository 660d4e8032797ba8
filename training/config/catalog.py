"""The catalog that `ganzoo list` prints: variants and recipes, without importing TensorFlow."""

import tomllib
from importlib import resources

from ...zoo.registry import variants


def recipes():
    """Returns a dict of name -> one-line description of the shipped recipes."""
    descriptions = {}
    for entry in sorted(resources.files("ganzoo.configs").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            content = tomllib.loads(entry.read_text(encoding="utf-8"))
            descriptions[entry.name.removesuffix(".toml")] = content.get("description", "")
    return descriptions


def list_catalog():
    """Returns {"variants": {name: summary}, "recipes": {name: description}}."""
    return {"variants": {name: entry.summary for name, entry in variants().items()}, "recipes": recipes()}
