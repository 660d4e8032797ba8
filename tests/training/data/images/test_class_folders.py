"""Labels and held-out images, decided on the readable images."""

import numpy as np
from ganzoo.training.data import load

from ..image_folders import write_images


def write_class(home, name, count, start=0):
    (home / name).mkdir(parents=True)
    write_images(home / name, count, start=start)


def test_unreadable_files_beside_the_classes_take_no_labels_away(home, read, capfd):
    write_class(home, "cats", 10)
    write_class(home, "dogs", 10)
    for stray in ("README.txt", "Thumbs.db", "broken.png", "desktop.ini", "empty.jpg"):
        (home / stray).write_bytes(b"" if stray == "empty.jpg" else b"not an image")
    source = read()
    assert source.class_names == ["cats", "dogs"]
    assert source.labels.tolist() == [0] * 9 + [1] * 9
    assert "5 files skipped: README.txt: not an image" in capfd.readouterr().err
    # The cache gives the same.
    again = read()
    assert (again.class_names, again.notes) == (source.class_names, source.notes)


def test_a_picture_beside_the_classes_is_named(home, read, capfd):
    write_class(home, "cats", 10)
    write_class(home, "dogs", 10)
    write_images(home, 1)
    source = read()
    assert source.labels is None
    assert len(source) + len(source.held_out) == 21
    note = "1 of 21 images are not in a subfolder (000.png), so the subfolders are not classes"
    assert note in capfd.readouterr().err
    assert note in source.notes[0]
    assert source.describe()["notes"] == source.notes


def test_subfolders_without_images_are_no_classes_and_are_named(home, read, capfd):
    write_class(home, "cats", 10)
    write_class(home, "dogs", 10)
    for name in ("empty", "texts", ".hidden"):
        (home / name).mkdir()
    (home / "texts" / "a.txt").write_text("text")
    assert read().class_names == ["cats", "dogs"]
    assert "which are not classes: empty, texts\n" in capfd.readouterr().err


def test_every_class_has_held_out_images_if_it_has_two(home, read, capfd):
    # In the order of the paths, images 9, 19 and 29 are held out: b has only image 9, a and c have no tenth one.
    for name, count in (("a", 9), ("b", 1), ("c", 2), ("d", 20)):
        write_class(home, name, count)
    source = read()
    assert np.bincount(source.labels).tolist() == [8, 1, 1, 18]
    assert np.bincount(source.held_out_labels).tolist() == [1, 0, 1, 2]
    # The last images of a and c, and images 19 and 29 of all, which are 7 and 17 of d.
    assert source.held_out[:, 0, 0, 0].tolist() == [8, 1, 7, 17]
    err = capfd.readouterr().err
    assert "of which the last image is held out: 2\n" in err
    assert "so that none is held out: 1\n" in err


def test_few_images_without_labels_are_all_trained_on(home, read, capfd):
    write_images(home, 9)
    assert len(read().held_out) == 0
    assert "no image is held out: that takes 10 or more" in capfd.readouterr().err


def test_subfolders_that_are_probably_no_classes_are_named(home, read, tmp_path, capfd):
    write_class(home, "photos/cats", 6)
    write_class(home, "photos/dogs", 6)
    assert read().class_names == ["photos"]
    assert "for the 2 folders in it as classes use folder:DIR/photos" in capfd.readouterr().err
    for root, names, message in (
        ("splits", ("train", "test"), "the subfolders ['test', 'train'] are read as classes"),
        ("domains", ("trainA", "trainB"), f"did you mean 'unpaired:{tmp_path}/domains'?"),
        ("pairs", ("A", "B"), f"did you mean 'paired:{tmp_path}/pairs'?"),
        ("cases", ("Cats", "cats"), "differ in upper and lower case only"),
    ):
        for name in names:
            write_class(tmp_path / root, name, 5)
        assert load(f"folder:{tmp_path / root}", 8).class_names == sorted(names)
        assert message in capfd.readouterr().err
