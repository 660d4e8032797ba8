"""Every default that a docstring states is the default of the signature."""

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest
from ganzoo.zoo.registry import variant_class, variants

ROOT = Path(__file__).parents[1]
MODULES = [
    "ganzoo." + ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for tree in ("zoo", "export", "training")
    for path in sorted((ROOT / tree).rglob("*.py"))
    if path.stem != "__main__"
]
STATED = re.compile(r"Default:? (None|True|False|-?[\d.,]*\d(?:e-?\d+)?|\"[^\"]*\"|\([^)]*\))(?=[.;,: ]|$)")


def documented(docstring):
    """Yields (argument, stated default) of a docstring's arguments, for defaults that are literals."""
    section = re.search(r"^Args:\n((?:    .*\n|\n)*)", inspect.cleandoc(docstring) + "\n", re.MULTILINE)
    entries = re.finditer(r"^    (\w+): (.*(?:\n        .*)*)", section[1] if section else "", re.MULTILINE)
    for entry in entries:
        stated = STATED.search(" ".join(entry[2].split()))
        if stated:
            yield entry[1], ast.literal_eval(re.sub(r"(?<=\d),(?=\d{3})", "", stated[1]))


def callables(module):
    """Yields (name, function with the arguments, docstring) of everything public that a module defines."""
    for name, item in vars(module).items():
        if name.startswith("_") or getattr(item, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(item):
            yield name, item, item.__doc__
        if inspect.isclass(item):
            yield name, item.__init__, item.__doc__
            for method in [method for method in vars(item) if not method.startswith("_")]:
                if callable(getattr(item, method)):
                    yield f"{name}.{method}", getattr(item, method), getattr(item, method).__doc__


def test_documented_defaults_are_those_of_the_signature():
    checked = 0
    for module in map(importlib.import_module, MODULES):
        for name, function, docstring in callables(module):
            parameters = inspect.signature(function).parameters
            for argument, stated in documented(docstring or ""):
                default = parameters[argument].default if argument in parameters else inspect.Parameter.empty
                # A signature's None is resolved in the function: the models' own defaults are tested below.
                if default is not None and default is not inspect.Parameter.empty:
                    assert default == stated, f"{module.__name__}.{name}: {argument}"
                    checked += 1
    assert checked > 200


def test_stated_defaults_are_found():
    docstring = 'Adds.\n\nArgs:\n    a: int. Default 3.\n    b: str\n        or None. Default: "x".\n'
    assert list(documented(docstring)) == [("a", 3), ("b", "x")]


@pytest.mark.parametrize("name", sorted(variants()))
def test_models_have_the_defaults_of_their_docstrings(name):
    cls = variant_class(name)
    docstring = " ".join(cls.__doc__.split())
    stated = dict(re.findall(r"`(n_critic|loss)` \(default (\d+|\"\w+\")\)", docstring))
    if "n_critic" in stated:
        assert cls.default_n_critic == int(stated["n_critic"])
    if "loss" in stated:
        assert cls.supported_losses[0] == ast.literal_eval(stated["loss"])
