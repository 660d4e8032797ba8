"""What the documents promise: pictures that exist, commands that the parser knows, files that are there."""

import re
import shlex
from pathlib import Path

import pytest
from ganzoo.training.cli import _parser
from ganzoo.training.data import kinds
from ganzoo.zoo.registry import variants

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_to_files_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_parse(path):
    commands = re.findall(r"^ganzoo .+$", path.read_text(), flags=re.MULTILINE)
    for command in commands:
        _parser().parse_args(shlex.split(command, comments=True)[1:])
    assert commands or path.name == "CONTRIBUTING.md"


def test_the_readme_names_every_variant_and_kind_of_source():
    text = (ROOT / "README.md").read_text()
    assert not [name for name in variants() if f"| `{name}` |" not in text]
    assert not [kind for kind in kinds() if not re.search(rf"^\| `{kind}[:`]", text, flags=re.MULTILINE)]
