"""Nothing is written into a data source, whichever way its path is spelled."""

import pytest
from ganzoo.training.data import DataError, load
from ganzoo.training.data.outside_data import paths_read, require_outside_data
from ganzoo.zoo.errors import UserError


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A folder of data in the home folder, which is the current one."""
    folder = tmp_path / "photos"
    (folder / "sub").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.mark.parametrize("source", ["photos", "./photos/", "~/photos", "photos/sub/..", "link"])
@pytest.mark.parametrize(
    "path", ["photos", "photos/a.png", "photos/new/folder", "~/photos/a.png", "x/../photos/a", "link/a", "inner/a.png"]
)
def test_every_spelling_of_a_path_inside_is_refused(photos, source, path):
    photos.with_name("link").symlink_to(photos)
    photos.with_name("inner").symlink_to(photos / "sub")
    with pytest.raises(UserError, match="--out: received .*, inside the data source 'folder:.*such as /"):
        require_outside_data(path, {"source": f"folder:{source}"})


def test_folders_that_links_below_the_data_lead_to_are_data(photos):
    other = photos.with_name("other")
    (other / "deep").mkdir(parents=True)
    (photos / "sub" / "more").symlink_to(other)
    (other / "deep" / "back").symlink_to(photos)
    with pytest.raises(UserError, match="inside the data source"):
        require_outside_data("other/deep/a.png", {"source": "folder:photos"})


def test_paths_beside_and_above_the_data_are_accepted(photos):
    for path in ("photos.png", "photos2/a.png", "out", ".", "/nowhere/photos/a.png"):
        require_outside_data(path, {"source": "folder:photos"}, {"source": "digits"})


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("captions:photos", "photos/a.png"),
        ("idx:photos", "photos/a.png"),
        ("paired:photos", "photos/B/a.png"),
        ("unpaired:photos", "photos/trainA/a.png"),
        ("unpaired:folder:photos/sub,digits", "photos/sub/a.png"),
        ("unpaired:digits,folder:photos/sub", "photos/sub/a.png"),
        ("unpaired:folder:a,b/sub,folder:photos/sub", "a,b/sub/a.png"),
        ("lines:texts.txt", "texts.txt"),
        ("lines:~/texts.txt", "photos/../texts.txt"),
    ],
)
def test_every_source_that_reads_files_is_protected(photos, source, path):
    photos.with_name("texts.txt").touch()
    (photos.with_name("a,b") / "sub").mkdir(parents=True)
    with pytest.raises(UserError, match="inside the data source"):
        require_outside_data(path, {"source": source, "resolution": 8})


def test_prepared_datasets_are_protected(photos):
    (photos / "mnist").mkdir()
    with pytest.raises(UserError, match="inside the data source 'tfds:mnist:3.0.1'"):
        require_outside_data("photos/mnist/a.png", {"source": "tfds:mnist:3.0.1", "data_dir": "photos"})


def test_sources_without_files_read_none(photos):
    # A folder may be called like the argument of a source that reads no files.
    (photos.parent / "grid").mkdir()
    for source in ("digits", "mixture:grid", "oracle:grid", "folder:", "folder:missing", "unpaired:digits,shapes", 7):
        assert paths_read(source) == []


def test_a_default_is_called_a_default_and_the_suggestion_can_be_pasted(photos, monkeypatch):
    folder = photos.with_name("my photos")
    folder.mkdir()
    monkeypatch.chdir(folder)
    with pytest.raises(UserError) as error:
        require_outside_data("data.png", {"source": "folder:."}, default=True)
    assert "--out: received none, and the default 'data.png' is inside the data source 'folder:.'" in str(error.value)
    assert f"such as {folder.parent / 'data.png'}:" in str(error.value)
    monkeypatch.chdir(folder.parent)
    (folder / "photos").mkdir()
    with pytest.raises(UserError, match="such as '.*/my photos/a.png'"):
        require_outside_data("my photos/photos/a.png", {"source": "folder:my photos/photos"})


@pytest.mark.parametrize("kind", ["folder", "captions", "paired"])
def test_a_cache_inside_the_images_is_refused(photos, kind):
    (photos / "a.png").write_text("not decoded")
    (photos / "metadata.jsonl").write_text('{"file_name": "a.png", "text": "a"}\n')
    photos.with_name("link").symlink_to(photos)
    for cache in ("photos/cache", "link/cache"):
        with pytest.raises(DataError, match="data.cache_dir: received .*which is inside"):
            load(f"{kind}:photos", cache_dir=cache)
    assert not (photos / "cache").exists()
