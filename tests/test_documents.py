"""Checks that documents are true: links resolve, commands parse, examples run, generated tables are current."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest
from ganzoo.training.cli.command_line import build_parser
from ganzoo.training.data import kinds
from ganzoo.zoo.registry import variants

ROOT = Path(__file__).parents[1]
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
# These describe the code base and its measurements, not the command line.
WITHOUT_COMMANDS = [ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs" / "benchmarks").rglob("*.md")]


def name_of(path):
    return str(path.relative_to(ROOT))


def python_example(name):
    """Returns the first Python block of a document."""
    return re.search(r"^```python\n(.*?)^```", (ROOT / name).read_text(), flags=re.MULTILINE | re.DOTALL)[1]


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_links_to_files_resolve(path):
    text = path.read_text()
    for target in [*re.findall(r"\]\(([^)#]+)[^)]*\)", text), *re.findall(r'src="([^"]+)"', text)]:
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=name_of)
def test_commands_parse(path):
    commands = re.findall(r"^ganzoo .+$", path.read_text(), flags=re.MULTILINE)
    for command in commands:
        build_parser().parse_args(shlex.split(command, comments=True)[1:])
    assert commands or path in WITHOUT_COMMANDS


def test_the_model_table_of_the_readme_is_current():
    command = [sys.executable, "docs/generate_model_table.py", "--check"]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert process.returncode == 0, process.stderr


def test_the_model_table_has_a_row_per_model():
    text = (ROOT / "README.md").read_text()
    rows = re.findall(r"^\| \[`(\w+)`\]\(zoo/models/", text, flags=re.MULTILINE)
    assert sorted(rows) == sorted(info.class_name for info in variants().values())


def test_measured_figures_belong_to_models():
    figures = tomllib.loads((ROOT / "docs" / "model_figures.toml").read_text())
    assert set(figures) <= set(variants())
    assert all((ROOT / figure["page"]).exists() for figure in figures.values())


def test_the_data_guide_documents_every_kind_of_source():
    text = (ROOT / "docs" / "data.md").read_text()
    assert not [kind for kind in kinds() if not re.search(rf"^\| `{kind}[:`]", text, flags=re.MULTILINE)]


def test_the_readme_fits_on_one_page():
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def test_the_index_links_every_document():
    text = (ROOT / "docs" / "index.md").read_text()
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"index.md"}
    assert pages <= set(re.findall(r"\]\(([\w.]+)\)", text))


def test_the_python_example_of_the_readme_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = python_example("README.md")
    for slow, quick in {
        "resolution=16": "resolution=8",
        "latent_dim=64": "latent_dim=4",
        "epochs=2": "epochs=1",
    }.items():
        assert slow in example
        example = example.replace(slow, quick)
    namespace = {}
    exec(example, namespace)
    assert namespace["images"].shape == (16, 8, 8, 1)
    assert (tmp_path / "model.keras").is_file()


def test_the_gan_of_the_tutorial_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = python_example("docs/write_your_own_gan.md")
    namespace = {}
    exec(example, namespace)
    assert set(namespace["history"].history) == {"d_loss", "g_loss", "real_logits", "fake_logits", "divergence"}
    assert np.isfinite(namespace["history"].history["divergence"]).all()
    assert namespace["loaded"].target == 0.5
    assert len([line for line in example.splitlines() if line.strip()]) <= 45
