"""Cache folders: what is removed from the folder that holds them, which may be the user's home."""

import os

import pytest
from ganzoo.zoo.core import cache
from ganzoo.zoo.core.cache import building, cache_entry, clear_abandoned, read_manifest, temporary_folder
from ganzoo.zoo.core.ownership import mark

OLD = 2 * cache.ABANDONED_SECONDS


def age(folder):
    past = folder.stat().st_mtime - OLD
    os.utime(folder, (past, past))


def test_only_marked_temporary_folders_are_abandoned(tmp_path):
    """Names prove nothing: the cache may be in a folder with files of other programs."""
    names = ["thesis.part-1", ".part-2", f"photos-{'0' * 20}.part-abcdefgh"]
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "chapter.tex").write_text("mine")
        age(tmp_path / name)
    marked = mark(tmp_path / names[0], "samples")
    (tmp_path / "link.part-3").symlink_to(temporary_folder("target.part-", tmp_path))
    abandoned, recent = temporary_folder("a.part-", tmp_path), temporary_folder("b.part-", tmp_path)
    age(abandoned)
    clear_abandoned(tmp_path)
    assert not abandoned.exists()
    assert recent.exists()
    assert marked["kind"] == "samples"
    assert all((tmp_path / name / "chapter.tex").exists() for name in names)
    assert (tmp_path / "link.part-3").exists()


def test_a_complete_entry_holds_its_files_and_its_manifest_alone(tmp_path, list_files):
    entry = cache_entry(tmp_path, "kind", "title", "identity")
    with building(entry, "inputs") as (part, metadata):
        (part / "rows").write_bytes(b"abc")
        metadata["count"] = 3
    assert list_files(tmp_path) == [f"kind/{entry.name}/cache.json", f"kind/{entry.name}/rows"]
    assert read_manifest(entry, "inputs") == {"count": 3}
    assert read_manifest(entry, "others") is None


def test_a_build_that_fails_leaves_nothing(tmp_path, list_files):
    entry = cache_entry(tmp_path, "kind", "title")
    with pytest.raises(ZeroDivisionError), building(entry, "inputs"):
        raise ZeroDivisionError
    assert list_files(tmp_path) == []


@pytest.fixture
def list_files():
    def listing(folder):
        return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())

    return listing
