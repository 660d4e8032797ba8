"""IDX files of all types, and files that do not fit together."""

import gzip

import numpy as np
import pytest
from ganzoo.training.data import DataError, load
from ganzoo.training.data.sources.idx import TYPES

CODES = {np.dtype(dtype): code for code, dtype in TYPES.items()}


def write_idx(path, values, dtype=">u1"):
    values = np.asarray(values).astype(dtype)
    header = bytes([0, 0, CODES[values.dtype], values.ndim]) + b"".join(size.to_bytes(4) for size in values.shape)
    content = header + values.tobytes()
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)


def shades(values, size=8):
    return np.asarray(values).reshape(-1, 1, 1) * np.ones((1, size, size))


@pytest.mark.parametrize("dtype", [">i2", ">i4"])
def test_integers_of_all_files_have_one_range(tmp_path, dtype, capfd):
    write_idx(tmp_path / "train-images.gz", shades([0, 100, 1000]), dtype)
    write_idx(tmp_path / "t10k-images", shades([4095]), dtype)
    write_idx(tmp_path / "train-labels", [0, 1, 1], ">i4")
    source = load(f"idx:{tmp_path}")
    assert source.samples[:, 0, 0, 0].tolist() == [0, 6, 62]
    assert source.held_out[0, 0, 0, 0] == 255
    assert source.labels.tolist() == [0, 1, 1]
    assert "values up to 4,095, read as 12 bits" in capfd.readouterr().err


@pytest.mark.parametrize(("values", "expected"), [([0, 0.5, 1], [0, 128, 255]), ([0, 0.5, 200], [0, 0, 200])])
def test_floats(tmp_path, values, expected):
    write_idx(tmp_path / "train-images", shades(values), ">f8")
    assert load(f"idx:{tmp_path}").samples[:, 0, 0, 0].tolist() == expected


def test_bytes_are_kept(tmp_path):
    write_idx(tmp_path / "train-images", shades([0, 1, 2]))
    source = load(f"idx:{tmp_path}")
    assert source.samples[:, 0, 0, 0].tolist() == [0, 1, 2]
    assert source.notes == []


def test_labels_from_one_are_said(tmp_path, capfd):
    write_idx(tmp_path / "train-images", shades(range(20)))
    write_idx(tmp_path / "train-labels", np.arange(20) % 3 + 1)
    assert load(f"idx:{tmp_path}").class_names == ["0", "1", "2", "3"]
    assert "1 of 4 classes have no image: 0 (the smallest label is 1)" in capfd.readouterr().err


def test_hidden_files_and_folders_of_archives(tmp_path):
    """Archives from macOS hold files such as ._train-images; others one folder per file, of the same name."""
    write_idx(tmp_path / "train-images-idx3-ubyte" / "train-images-idx3-ubyte", shades([3, 4]))
    (tmp_path / "._train-images-idx3-ubyte").write_bytes(b"Mac")
    assert load(f"idx:{tmp_path}").samples[:, 0, 0, 0].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("name", "values", "dtype", "message"),
    [
        ("t10k-labels", [0, 1], ">u1", "t10k-labels: received 2 labels for 3 images"),
        ("train-labels", [0, 1], ">u1", "train-labels: received 2 labels for 4 images"),
        ("train-labels", [0, 1, 0, 0.5], ">f4", "array of float32 .* expected integer labels"),
        ("train-labels", [0, 1, 0, -1], ">i1", "received labels of int8 from -1"),
        ("t10k-images", shades([1, 2, 3], 9), ">u1", "expected equal sizes"),
        ("t10k-images", shades([1, 2, -3]), ">i2", "t10k-images: received integer values in .-3, 2."),
        ("t10k-images", shades([1, 2, 70000]), ">i4", "expected at most 16 bits"),
        ("t10k-images", shades([1, 2, np.nan]), ">f4", "received float values"),
        ("t10k-images", np.ones((3, 8, 8, 2)), ">u1", "received 2 channels"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, name, values, dtype, message):
    write_idx(tmp_path / "train-images", shades(range(4)))
    write_idx(tmp_path / "t10k-images", shades(range(3)))
    write_idx(tmp_path / name, values, dtype)
    with pytest.raises(DataError, match=message) as caught:
        load(f"idx:{tmp_path}")
    assert "\n" not in str(caught.value)


def test_a_folder_of_another_layout_is_recognized(tmp_path):
    for domain in ("trainA", "trainB"):
        (tmp_path / domain).mkdir()
    with pytest.raises(DataError, match=f"did you mean 'unpaired:{tmp_path}'"):
        load(f"idx:{tmp_path}")
