"""Rules of the architecture, checked on the sources: who may import whom, and what a file and a folder may hold."""

import ast
import configparser
import functools
import re
import sys
from importlib import metadata
from pathlib import Path

from ganzoo.zoo.registry import variants

ROOT = Path(__file__).parents[1]
# Who may import whom: zoo <- export <- training.
TREES = {"zoo": {"zoo"}, "export": {"zoo", "export"}, "training": {"zoo", "export", "training"}, "configs": set()}
# The folders of zoo/, from the bottom up: each imports only those before it.
ZOO_LAYERS = [
    {"core"}, {"augmentations", "layers", "losses", "optimization", "regularizers", "sequences"},
    {"pipeline", "rewards", "networks"}, {"families"}, {"models"},
]  # fmt: skip
SOURCES = [path for tree in TREES for path in sorted((ROOT / tree).rglob("*.py"))]
MAX_ENTRIES = 15
# Modules whose work is to be listed by name: their stems are names of metrics, networks, models and sources.
LISTED = {"networks", "metrics", "sources", "extractors"}


def module_name(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in SOURCES}


@functools.cache
def imports_of(path):
    """Returns (line, module of ours) of every relative import of a file, function-level ones included."""
    package = path.parent.relative_to(ROOT).parts
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*package[: len(package) - node.level + 1], *(node.module.split(".") if node.module else [])]
            for alias in node.names:
                name = ".".join([*base, alias.name])
                found.append((node.lineno, name if name in MODULES else ".".join(base)))
    return found


def test_imports_inside_the_project_are_relative():
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            assert not [name for name in names if name.split(".")[0] == "ganzoo"], f"{path}:{node.lineno}"


def test_a_tree_imports_only_the_trees_below_it():
    for path in SOURCES:
        tree = path.relative_to(ROOT).parts[0]
        for line, module in imports_of(path):
            assert module.split(".")[0] in TREES[tree], f"{path}:{line}: {tree} may not import {module}"


def test_the_layers_of_the_zoo_import_downwards():
    level = {f"zoo.{folder}": number for number, folders in enumerate(ZOO_LAYERS) for folder in folders}
    folders = {f"zoo.{path.name}" for path in (ROOT / "zoo").iterdir() if (path / "__init__.py").is_file()}
    assert folders == set(level)
    for path in sorted((ROOT / "zoo").glob("*/**/*.py")):
        own = ".".join(module_name(path).split(".")[:2])
        for line, module in imports_of(path):
            other = ".".join(module.split(".")[:2])
            if other in level and other != own:
                assert level[other] < level[own], f"{path}:{line}: {own} may not import {other}"


def test_no_module_imports_itself_in_a_circle():
    graph = {name: {module for _, module in imports_of(path)} - {name} for name, path in MODULES.items()}
    finished, active = set(), []

    def visit(name):
        assert name not in active, f"import cycle: {' -> '.join([*active[active.index(name) :], name])}"
        if name not in finished and name in graph:
            active.append(name)
            for other in sorted(graph[name]):
                visit(other)
            active.pop()
            finished.add(name)

    for name in sorted(graph):
        visit(name)


def test_no_model_imports_another():
    for info in variants().values():
        path = ROOT / "zoo" / "models" / info.family / f"{info.name}.py"
        assert not [module for _, module in imports_of(path) if module.startswith("zoo.models")], path


def test_a_file_is_one_thing():
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 300, path
        assert path.stem not in ("utils", "helpers", "common", "misc"), path
        body = ast.parse(text).body
        functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
        assert path.stem not in functions, f"{path}: a function named like its module hides it"
        classes = [node.name for node in body if isinstance(node, ast.ClassDef) and not node.name.startswith("_")]
        public = [name for name in functions if not name.startswith("_")]
        if len(classes) == 1 and not public and path.stem != "__init__":
            assert classes[0].lower() == path.stem.replace("_", ""), f"{path}: holds the class {classes[0]}"


def test_no_two_files_share_a_name():
    stems = {}
    for path in SOURCES:
        if not path.stem.startswith("__") and path.parent.name not in LISTED:
            assert path.stem not in stems, f"{path} and {stems[path.stem]}"
            stems[path.stem] = path


def test_a_folder_is_read_at_a_glance():
    for tree in TREES.keys() - {"configs"}:
        for folder in [ROOT / tree, *(path for path in (ROOT / tree).rglob("*") if path.is_dir())]:
            entries = [path.name for path in folder.iterdir() if not re.match(r"__(init|pycache|main)__", path.name)]
            assert len(entries) <= MAX_ENTRIES, f"{folder}: {len(entries)} entries"


def test_only_declared_dependencies_are_imported():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    extras = parser["options.extras_require"]
    # Extras of users; the others are for tests and benchmarks.
    options = parser["options"]["install_requires"] + extras["onnx"] + extras["serving"]
    requirements = [line.partition("#")[0].strip() for line in options.splitlines()]
    declared = {re.split(r"[ <>=]", line)[0].lower().replace("_", "-") for line in requirements if line}
    distributions = metadata.packages_distributions()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and not node.level else []
            for top in {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names):
                owners = {owner.lower().replace("_", "-") for owner in distributions.get(top, [top])}
                assert owners & declared, f"{path}:{node.lineno}: {top} is not declared in setup.cfg"
