"""Paths in the names and options of sources: one reading for every kind of source."""

import gzip
import shutil

import numpy as np
import pytest
from ganzoo.training.data import DataError, load
from PIL import Image

KINDS = ("folder", "captions", "paired", "unpaired", "idx", "lines")


@pytest.fixture
def data(tmp_path, monkeypatch):
    """Writes data of every kind into the home folder, in folders whose names have a space."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("GANZOO_CACHE", "~/my cache")
    photos = tmp_path / "my folder"
    photos.mkdir()
    for number in range(20):
        Image.new("RGB", (8, 8), (number, 0, 1)).save(photos / f"{number:02}.png")
    shutil.copytree(photos, tmp_path / "my captions")
    lines = (f'{{"file_name": "{number:02}.png", "text": "a red dot"}}' for number in range(20))
    (tmp_path / "my captions" / "metadata.jsonl").write_text("\n".join(lines))
    for kind, first, second in (("paired", "A", "B"), ("unpaired", "trainA", "trainB")):
        for domain in (first, second):
            shutil.copytree(photos, tmp_path / f"my {kind}" / domain)
    (tmp_path / "my idx").mkdir()
    pixels = np.arange(20 * 64, dtype=np.uint8).tobytes()
    header = b"\0\0\x08\x03" + b"".join(size.to_bytes(4) for size in (20, 8, 8))
    (tmp_path / "my idx" / "train-images.gz").write_bytes(gzip.compress(header + pixels))
    (tmp_path / "my lines").write_text("\n".join(f"the cat number {number} sat" for number in range(20)))
    return tmp_path


@pytest.mark.parametrize("kind", KINDS)
def test_all_sources_read_all_spellings(data, kind, monkeypatch):
    size = None if kind == "lines" else 8
    expected = load(f"{kind}:{data / f'my {kind}'}", size).fingerprint
    monkeypatch.chdir(data / "my folder")
    spellings = [f"~/./my paired/../my {kind}", f"../my {kind}"]
    if kind != "lines":
        spellings.append(f"~/my {kind}/")
    for spelling in spellings:
        assert load(f"{kind}:{spelling}", size).fingerprint == expected
    assert kind in ("idx", "lines") or (data / "my cache").is_dir()


@pytest.mark.parametrize("kind", KINDS)
def test_urls_are_refused_with_the_path(kind):
    with pytest.raises(DataError, match="data.source: received 'file:///my%20data', a URL.*write '/my data'"):
        load(f"{kind}:file:///my%20data")


def test_two_sources_have_their_own_paths(data):
    expected = load(f"unpaired:folder:{data}/my folder,idx:{data}/my idx", 8).fingerprint
    assert load("unpaired:folder:~/my folder,idx:~/my idx/", 8).fingerprint == expected
    assert load("unpaired:folder:~/my folder, idx:~/my idx", 8).fingerprint == expected


def test_a_file_in_place_of_a_folder_is_named(data):
    with pytest.raises(DataError, match="received 'folder:~/my lines', which is a file"):
        load("folder:~/my lines")


def test_folders_of_options_are_read_alike(data):
    load("folder:~/my folder", 8, cache_dir="~/other cache/")
    assert (data / "other cache" / "folder").is_dir()
    with pytest.raises(DataError, match="data.data_dir: received 'file:///tfds', a URL.*write '/tfds'"):
        load("tfds:mnist", data_dir="file:///tfds")
