"""The cache of image folders: when it is used, what other programs read in it, and when it is rebuilt."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from ganzoo.training.data import DataError, load
from ganzoo.training.data.images import row_store, tfds_records
from ganzoo.training.data.sources import folder
from PIL import Image

from ..image_folders import all_rows, write_images


def test_the_cache_is_used_and_is_outside_the_image_folder(home, read, monkeypatch, forbid_network, tmp_path):
    write_images(home)
    first, before = read(), sorted(home.rglob("*"))
    monkeypatch.setattr(folder, "decode_all", None)
    second = read()
    np.testing.assert_array_equal(first.samples, second.samples)
    np.testing.assert_array_equal(first.held_out, second.held_out)
    assert sorted(home.rglob("*")) == before
    with pytest.raises(DataError, match="expected a folder outside the images"):
        load(f"folder:{home}", 8, cache_dir=str(home / "cache"))
    monkeypatch.undo()
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "elsewhere"))
    assert str(tmp_path / "elsewhere") in load(f"folder:{home}", 8).facts["skipped_csv"]
    monkeypatch.delenv("GANZOO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert str(tmp_path / "xdg" / "ganzoo") in load(f"folder:{home}", 8).facts["skipped_csv"]


def test_other_programs_read_the_cache_through_tfds(home, read):
    for name in "ab":
        (home / name).mkdir()
        write_images(home / name, 10)
    source = read()
    cached = tfds.builder_from_directory(Path(source.facts["skipped_csv"]).parent / "images" / "1.0.0")
    examples = list(tfds.as_numpy(cached.as_dataset(split="train")))
    np.testing.assert_array_equal([example["image"] for example in examples], source.samples)
    assert examples[0]["file"] == b"a/000.png"
    assert cached.info.features["label"].names == ["a", "b"]
    assert cached.info.splits["test"].num_examples == 2


def test_the_cache_keeps_the_order_with_a_small_write_buffer(home, read, monkeypatch):
    monkeypatch.setattr(tfds_records, "BUFFER_BYTES", 1000)
    write_images(home, 50)
    read()
    assert all_rows(read())[:, 0, 0, 0].tolist() == list(range(50))


@pytest.mark.parametrize("change", ["added", "removed", "touched", "renamed"])
def test_a_changed_folder_is_read_again(home, read, change, tmp_path):
    write_images(home)
    read()
    if change == "added":
        write_images(home, 1, start=20)
    elif change == "removed":
        (home / "019.png").unlink()
    elif change == "renamed":
        (home / "000.png").rename(home / "zzz.png")
    else:
        Image.new("RGB", (8, 8), (99, 10, 20)).save(home / "000.png")
        os.utime(home / "000.png", (1, 1))
    expected = {
        "added": [*range(21)],
        "removed": [*range(19)],
        "renamed": [*range(1, 20), 0],
        "touched": [99, *range(1, 20)],
    }
    assert all_rows(read())[:, 0, 0, 0].tolist() == expected[change]
    assert len(list((tmp_path / "cache" / "folder").iterdir())) == 1


@pytest.mark.parametrize("damage", ["truncated", "missing", "flipped", "manifest"])
@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_cache_is_rebuilt(home, read, damage, large, monkeypatch):
    if large:
        monkeypatch.setattr(row_store, "RESIDENT_BYTES", 10)
    write_images(home)
    first = read()
    entry = Path(first.facts["skipped_csv"]).parent
    victim = next(entry.rglob("*train*.tfrecord*")) if not large else entry / "train.rows"
    if damage == "truncated":
        victim.write_bytes(victim.read_bytes()[:-10])
    elif damage == "missing":
        victim.unlink()
    elif damage == "manifest":
        (entry / "cache.json").write_text("{")
    elif not large:
        # Records have checksums. For the rows of a large set only the file size is checked.
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 0xFF
        victim.write_bytes(content)
    np.testing.assert_array_equal(read().samples, all_rows(read())[[n for n in range(20) if n % 10 != 9]])
    assert all_rows(read())[:, 0, 0, 0].tolist() == list(range(20))


def test_an_interrupted_build_leaves_no_files(home, read, monkeypatch, tmp_path):
    write_images(home)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "write_records", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read()
    assert list((tmp_path / "cache").rglob("*.*")) == []
    monkeypatch.undo()
    assert len(read()) == 18
