"""Rules of the architecture, checked on the sources."""

import ast
from pathlib import Path

import pytest
from ganzoo.zoo.registry import variants

ROOT = Path(__file__).parents[1]
# Who may import whom: zoo <- export <- training.
ALLOWED = {"zoo": {"zoo"}, "export": {"zoo", "export"}, "training": {"zoo", "export", "training"}, "configs": set()}
SOURCES = [path for tree in ALLOWED for path in sorted((ROOT / tree).rglob("*.py"))]


def imported_modules(path):
    """Yields (line, tree, module below it) of every relative import of a file."""
    package = ["ganzoo", *path.parent.relative_to(ROOT).parts]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            full = [*base, *(node.module.split(".") if node.module else [])]
            targets = [full] if node.module else [[*full, alias.name] for alias in node.names]
            for target in targets:
                yield node.lineno, target[1], target[2:]
        elif isinstance(node, ast.Import):
            for alias in node.names:
                assert not alias.name.startswith("ganzoo"), f"{path}:{node.lineno}: import relatively"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path):
    tree = path.relative_to(ROOT).parts[0]
    for line, target, _ in imported_modules(path):
        assert target in ALLOWED[tree], f"{path}:{line}: {tree} may not import {target}"


def test_no_variant_imports_another():
    for name in variants():
        for line, _, module in imported_modules(ROOT / "zoo" / f"{name}.py"):
            assert module[0] not in set(variants()) - {name}, f"zoo/{name}.py:{line}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_thing(path):
    assert len(path.read_text().splitlines()) <= 300
    assert path.stem not in ("utils", "helpers", "common", "misc")
    functions = {node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert path.stem not in functions, "a function named like its module hides it"


def test_only_declared_third_parties_are_imported():
    declared = {"tensorflow", "keras", "numpy", "pydantic", "annotated_types", "PIL", "sklearn", "tomli_w", "tqdm"}
    declared |= {"tensorflow_datasets", "tensorflow_hub", "requests", "scipy"}
    declared |= {"ai_edge_litert", "flatbuffers", "tensorflow_serving", "onnx", "onnxruntime", "tf2onnx"}
    standard = __import__("sys").stdlib_module_names
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module]
            for name in names:
                top = name.partition(".")[0]
                assert top in declared or top in standard, f"{path}:{node.lineno}: {name}"
