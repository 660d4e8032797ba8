"""The examples in docstrings run and print the documented output."""

import doctest
import importlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

ROOT = Path(__file__).parents[1]
MODULES = [
    "ganzoo." + ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for tree in ("zoo", "export", "training")
    for path in sorted((ROOT / tree).rglob("*.py"))
    if ">>> " in path.read_text()
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    module = importlib.import_module(name.removesuffix(".__init__"))
    num_failed, num_run = doctest.testmod(module, extraglobs={"np": np, "tf": tf}, optionflags=doctest.ELLIPSIS)
    # Examples that download data are marked with doctest: +SKIP.
    assert num_run or "doctest: +SKIP" in module.__dict__["__loader__"].get_source(module.__name__)
    assert not num_failed
