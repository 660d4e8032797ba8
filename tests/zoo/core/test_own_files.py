"""Files that ganzoo wrote are recognized by their content, and those of others are not."""

import json
import os

import numpy as np
import pytest
from ganzoo.export.visualization import save_png
from ganzoo.zoo.core.own_files import is_own_file, is_own_png, write_arrays, write_own_text
from PIL import Image

PIXELS = np.zeros((4, 4, 1), np.uint8)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_a_png_carries_the_name_of_its_software(tmp_path, channels):
    pixels = np.arange(16 * channels, dtype=np.uint8).reshape(4, 4, channels)
    save_png(tmp_path / "a.png", pixels)
    with Image.open(tmp_path / "a.png") as image:
        assert image.info["Software"] == "ganzoo"
        np.testing.assert_array_equal(np.asarray(image).reshape(pixels.shape), pixels)
    assert is_own_png(tmp_path / "a.png")
    assert is_own_png(os.fsencode(tmp_path / "a.png"))


def test_pngs_of_others_are_not_ganzoos(tmp_path):
    save_png(tmp_path / "own.png", PIXELS)
    with Image.open(tmp_path / "own.png") as image:
        image.save(tmp_path / "edited.png")
    (tmp_path / "text.png").write_text("tEXtSoftware\0ganzoo")
    (tmp_path / "empty.png").touch()
    for name in ("edited.png", "text.png", "empty.png", "missing.png", "."):
        assert not is_own_png(tmp_path / name), name
    assert is_own_file(tmp_path / "own.png")
    # The kind of a file is that of its name.
    (tmp_path / "own.png").rename(tmp_path / "own.jpg")
    assert not is_own_file(tmp_path / "own.jpg")


def test_archives_of_arrays_are_recognized_and_read_by_numpy(tmp_path):
    write_arrays(tmp_path / "own.npz", samples=np.arange(6), seed=7)
    with np.load(tmp_path / "own.npz") as arrays:
        assert list(arrays["samples"]) == list(range(6))
        assert arrays["seed"] == 7
    assert is_own_file(tmp_path / "own.npz")
    np.savez(tmp_path / "other.npz", samples=np.arange(6), seed=7)
    (tmp_path / "torn.npz").write_bytes((tmp_path / "own.npz").read_bytes()[:40])
    assert not is_own_file(tmp_path / "other.npz")
    assert not is_own_file(tmp_path / "torn.npz")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.npz", "own.npz", "torn.npz"]


def test_reports_of_others_are_not_ganzoos(tmp_path):
    for content, own in (({"versions": {"keras-ganzoo": "0"}}, True), ({"versions": {}}, False), ([1], False)):
        (tmp_path / "a.json").write_text(json.dumps(content))
        assert is_own_file(tmp_path / "a.json") == own


def test_a_text_is_ganzoos_until_it_is_edited(tmp_path):
    path = tmp_path / "a.txt"
    write_own_text(path, "one\ntwo\n")
    assert path.read_text() == "one\ntwo\n"
    if not hasattr(os, "getxattr"):
        pytest.skip("no extended attributes here")
    assert is_own_file(path)
    with open(path, "a") as file:
        file.write("mine\n")
    assert not is_own_file(path)
    (tmp_path / "thesis.txt").write_text("one\ntwo\n")
    assert not is_own_file(tmp_path / "thesis.txt")
