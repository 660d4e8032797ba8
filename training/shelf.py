"""What is on the shelf: variants and recipes, found without importing anything heavy."""

import tomllib
from importlib import resources

from ..zoo.registry import variants


def recipes():
    """Returns a dict of name -> one-line description of the recipes that come with ganzoo."""
    found = {}
    for entry in sorted(resources.files("ganzoo.configs").iterdir(), key=lambda item: item.name):
        if entry.name.endswith(".toml"):
            content = tomllib.loads(entry.read_text(encoding="utf-8"))
            found[entry.name.removesuffix(".toml")] = content.get("description", "")
    return found


def catalogue():
    """Returns {"variants": {name: summary}, "recipes": {name: description}}."""
    return {"variants": {name: entry.summary for name, entry in variants().items()}, "recipes": recipes()}
