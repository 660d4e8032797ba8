"""Image folders: which files are read, in which order, with which classes, and what is reported."""

import os
from pathlib import Path

import numpy as np
import pytest
from ganzoo.training.data import DataError, load
from ganzoo.training.data.images import file_listing, row_store
from ganzoo.training.data.images.image_decoding import as_png
from ganzoo.zoo import GAN

from ..image_folders import all_rows, read_table, write_bad_files, write_images


def test_bad_files_are_skipped_counted_and_listed(home, read, capfd):
    write_images(home, 50)
    write_bad_files(home)
    source = read()
    assert (len(source), len(source.held_out)) == (45, 5)
    assert source.facts["skipped"] == 3
    header, *lines = read_table(source.facts["skipped_csv"])
    assert header == ["file", "reason"]
    reasons = dict(lines)
    assert list(reasons) == ["cut.jpg", "empty.png", "text.jpg"]
    assert "truncated" in reasons["cut.jpg"]
    assert reasons["empty.png"] == "empty file"
    assert reasons["text.jpg"] == "not an image that Pillow can read"
    assert "3 files skipped: cut.jpg" in capfd.readouterr().err
    assert read().facts == source.facts
    assert "3 files skipped" in capfd.readouterr().err


def test_strict_makes_bad_files_an_error(home, read):
    write_images(home, 50)
    read(strict=True)
    write_bad_files(home)
    for _ in range(2):
        with pytest.raises(DataError, match="received 3 unreadable files.*cut.jpg"):
            read(strict=True)


def test_training_runs_on_a_folder_whose_last_batch_is_partial(home, read, tiny, forbid_network, capfd):
    write_images(home, 78)
    write_bad_files(home)
    source = read(8)
    assert len(source) == 71
    model = tiny(GAN, shape=(8, 8, 3))
    model.fit(source, batch_size=32, epochs=2, verbose=0)
    assert model.steps_done == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert "partially cached" not in err
    assert "shuffle buffer" not in err
    assert "reading: 81/81 images" in err
    assert "\r" not in err


def test_images_smaller_than_the_target_are_reported(home, read, capfd):
    write_images(home, 3, (40, 40))
    write_images(home, 2, (40, 20), start=3)
    source = read(32)
    assert source.facts["enlarged"] == 2
    assert read_table(source.facts["enlarged_csv"]) == [["file", "size"], ["003.png", "40x20"], ["004.png", "40x20"]]
    assert "2 images are smaller than 32x32" in capfd.readouterr().err


def test_odd_names_load_and_hidden_ones_do_not(tmp_path):
    home = os.path.join(os.fsencode(tmp_path), "ü ñ [x] #猫".encode())
    os.mkdir(home)
    content = as_png(np.zeros((8, 8, 3), np.uint8))
    names = ["ü ñ.png".encode(), "猫.jpg".encode(), b"a[1].png", b"\xff\xfe.png", b"two\nlines.png", b"#%20.png"]
    for name in [*names, b"._x.jpg", b".DS_Store", b".hidden/x.png"]:
        os.makedirs(os.path.dirname(os.path.join(home, name)), exist_ok=True)
        Path(os.fsdecode(os.path.join(home, name))).write_bytes(content)
    bad = Path(os.fsdecode(os.path.join(home, b"\xfe bad.png")))
    bad.write_bytes(b"")
    source = load(f"folder:{os.fsdecode(home)}", 8, cache_dir=str(tmp_path / "ca [che]"))
    assert len(source) == 6
    assert read_table(source.facts["skipped_csv"])[1:] == [[os.fsdecode(b"\xfe bad.png"), "empty file"]]


def test_order_does_not_depend_on_the_listing(home, read, monkeypatch, tmp_path):
    write_images(home, 25)
    first = read()
    assert all_rows(first)[:, 0, 0, 0].tolist() == list(range(25))
    scandir = os.scandir

    class ReversedEntries:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = list(entries)[::-1]

        def __enter__(self):
            return self.entries

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(file_listing.os, "scandir", ReversedEntries)
    second = load(f"folder:{home}", 8, cache_dir=str(tmp_path / "other"))
    np.testing.assert_array_equal(first.samples, second.samples)
    assert first.fingerprint == second.fingerprint


def test_subfolders_are_classes(home, read, capfd):
    for name, count in (("b", 10), ("a", 12), ("only bad", 0), (os.fsdecode(b"\xff"), 3)):
        (home / name / "deeper").mkdir(parents=True)
        write_images(home / name / "deeper", count)
    (home / "only bad" / "x.png").write_bytes(b"not an image")
    source = read()
    assert source.class_names == ["a", "b", os.fsdecode(b"\xff")]
    assert source.labels.tolist() == [0] * 11 + [1] * 9 + [2] * 2
    assert source.held_out_labels.tolist() == [0, 1, 2]
    first = next(iter(source.batches(16, seed=0)))["labels"].numpy()
    assert set(first) == {0, 1, 2}
    capfd.readouterr()
    write_images(home, 1)
    assert read().labels is None
    assert "so the subfolders are not classes" in capfd.readouterr().err


def test_nothing_to_read_is_an_error(home, read):
    with pytest.raises(DataError, match="received no files"):
        read()
    (home / ".hidden.png").write_bytes(as_png(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(DataError, match="received no files"):
        read()
    write_bad_files(home)
    for _ in range(2):
        with pytest.raises(DataError, match="received 3 files, none of them readable.*cut.jpg"):
            read()
    with pytest.raises(DataError, match="expected an existing folder"):
        load("folder:/no/such/folder")


@pytest.mark.parametrize("options", [{"channels": 2}, {"crop": "middle"}, {"strickt": True}])
def test_wrong_options_are_errors(home, read, options):
    write_images(home)
    with pytest.raises(DataError, match="received|unknown option"):
        read(**options)


def test_links_and_special_files(home, read):
    write_images(home, 2)
    (home / "loop").symlink_to(home)
    (home / "gone.png").symlink_to(home / "nothing.png")
    os.mkfifo(home / "pipe.png")
    source = read()
    assert len(source) == 2
    assert [name for name, _ in read_table(source.facts["skipped_csv"])[1:]] == ["gone.png", "pipe.png"]


def test_a_large_set_stays_on_the_disk(home, read, monkeypatch, tiny, tmp_path):
    for name in "ab":
        (home / name).mkdir()
        write_images(home / name, 35)
    resident = read()
    monkeypatch.setattr(row_store, "RESIDENT_BYTES", 10)
    large = load(f"folder:{home}", 8, cache_dir=str(tmp_path / "large"))
    again = load(f"folder:{home}", 8, cache_dir=str(tmp_path / "large"))
    assert isinstance(large.samples, np.memmap)
    assert not isinstance(resident.samples, np.memmap)
    np.testing.assert_array_equal(large.samples, resident.samples)
    np.testing.assert_array_equal(large.held_out_labels, resident.held_out_labels)
    assert large.fingerprint == again.fingerprint == resident.fingerprint
    datasets = [source.batches(16, seed=3, start_step=2) for source in (resident, again)]
    assert datasets[0].element_spec == datasets[1].element_spec
    for ours, theirs in zip(datasets[0].take(9), datasets[1].take(9), strict=True):
        np.testing.assert_array_equal(ours["images"], theirs["images"])
        np.testing.assert_array_equal(ours["labels"], theirs["labels"])
    model = tiny(GAN, shape=(8, 8, 3))
    model.fit(again, batch_size=16, epochs=1, verbose=0)
    assert model.steps_done == 3
