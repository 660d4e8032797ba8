"""Markers: which folders are ganzoo's."""

import json

import pytest
from ganzoo.zoo.core.ownership import MARKER, mark, read_marker


def test_a_folder_keeps_its_marker_unless_it_is_renewed(tmp_path):
    first = mark(tmp_path, "samples")
    assert first["kind"] == "samples"
    assert mark(tmp_path, "run") == first == read_marker(tmp_path)
    renewed = mark(tmp_path, "run", renew=True)
    assert renewed["kind"] == "run"
    assert renewed["id"] != first["id"]
    assert read_marker(tmp_path) == renewed
    assert [path.name for path in tmp_path.iterdir()] == [MARKER]


@pytest.mark.parametrize("content", [None, "", "{", "[]", '"run"', '{"kind": "run"}', "\xff"])
def test_what_is_no_marker_marks_nothing(tmp_path, content):
    if content is not None:
        (tmp_path / MARKER).write_text(content, encoding="latin-1")
    assert read_marker(tmp_path) is None
    assert read_marker(tmp_path / "missing") is None
    marker = mark(tmp_path, "run")
    assert json.loads((tmp_path / MARKER).read_text()) == marker == read_marker(tmp_path)
