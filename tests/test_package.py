"""Checks what gets installed: an editable install hides a missing package or data file."""

import configparser
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TREES = ("zoo", "training", "export", "configs")
# What users import.
FACE = "ganzoo"


def setup_cfg():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_the_package_list_names_every_folder():
    listed = set(setup_cfg()["options"]["packages"].split())
    folders = {
        "ganzoo." + ".".join(path.parent.relative_to(ROOT).parts)
        for tree in TREES
        for path in (ROOT / tree).rglob("*.py")
    }
    assert listed == folders | {FACE}
    assert all((ROOT / Path(*name.split(".")[1:]) / "__init__.py").is_file() for name in listed - {FACE})


def test_a_wheel_contains_every_module_and_recipe(tmp_path):
    # A copy, because leftovers of an earlier build would be packed as well.
    for tree in (*TREES, FACE):
        shutil.copytree(ROOT / tree, tmp_path / "copy" / tree, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / "copy")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "-w", str(tmp_path)]
    subprocess.run([*build, str(tmp_path / "copy")], check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("keras_ganzoo-*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if name.startswith("ganzoo/")}
    expected = {
        f"ganzoo/{path.relative_to(ROOT).as_posix()}"
        for tree in TREES
        for pattern in ("*.py", "*.toml")
        for path in (ROOT / tree).rglob(pattern)
    }
    assert packed == expected | {f"ganzoo/{name}" for name in ("__init__.py", "__init__.pyi", "py.typed")}


@pytest.mark.parametrize("tree", TREES)
def test_a_package_imported_under_its_bare_name_says_how_to_fix_it(tree, tmp_path):
    process = subprocess.run(
        [sys.executable, "-c", f"import {tree}"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert process.returncode == 1
    assert f"ImportError: imported as '{tree}', expected 'ganzoo.{tree}'" in process.stderr


def test_the_version_is_in_the_changelog():
    version = setup_cfg()["metadata"]["version"]
    assert f"## [{version}]" in (ROOT / "CHANGELOG.md").read_text()


def test_pyproject_only_configures_build_and_tools():
    content = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert set(content) == {"build-system", "tool"}
