"""Datasets of tensorflow-datasets: values of more than 8 bits, missing labels, and splits that overlap."""

import numpy as np
import pytest
import tensorflow_datasets as tfds
from ganzoo.training.data import DataError, load
from ganzoo.training.data.images import row_store
from ganzoo.training.data.images.tfds_records import quiet_tfds


def store(data_dir, dtype=np.uint8, scale=1, unlabeled=None):
    """Prepares a dataset of two splits of 20 gray images: image n has the value n * scale, 20 is the first of test."""
    features = {
        "image": tfds.features.Image(shape=(8, 8, 1), dtype=dtype, encoding_format="png"),
        "label": tfds.features.ClassLabel(names=["even", "odd"]),
    }

    def rows(first, split):
        for number in range(first, first + 20):
            label = -1 if (split, number) == unlabeled else number % 2
            yield number, {"image": np.full((8, 8, 1), number * scale, dtype), "label": label}

    with quiet_tfds():
        tfds.dataset_builders.store_as_tfds_dataset(
            name="shades", version="1.0.0", data_dir=data_dir, features=tfds.features.FeaturesDict(features),
            split_datasets={split: rows(20 * at, split) for at, split in enumerate(("train", "test"))},
            disable_shuffling=True,
        )  # fmt: skip
    return str(data_dir)


@pytest.mark.thorough
def test_both_splits_have_one_range(tmp_path, monkeypatch, capfd):
    data_dir = store(tmp_path, np.uint16, 100)
    source = load("tfds:shades", data_dir=data_dir)
    # The largest value, 3,900, is in the test split, and 12 bits hold it.
    expected = np.rint(np.arange(40) * 100 * (255 / 4095)).astype(int)
    assert [*source.samples[:, 0, 0, 0], *source.held_out[:, 0, 0, 0]] == expected.tolist()
    assert "more than 8 bits: 40, with values up to 3,900, read as 12 bits" in capfd.readouterr().err
    monkeypatch.setattr(row_store, "RESIDENT_BYTES", 10)
    monkeypatch.setattr("ganzoo.training.data.sources.tfds.RESIDENT_BYTES", 10)
    for _ in range(2):
        large = load("tfds:shades", data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
        assert (large.fingerprint, large.notes) == (source.fingerprint, source.notes)


def test_float_images_are_refused_with_the_cure(tmp_path):
    features = {"image": tfds.features.Image(shape=(8, 8, 1), dtype=np.float32)}
    with quiet_tfds():
        tfds.dataset_builders.store_as_tfds_dataset(
            name="floats", version="1.0.0", data_dir=tmp_path, features=tfds.features.FeaturesDict(features),
            split_datasets={"train": [(n, {"image": np.full((8, 8, 1), n, np.float32)}) for n in range(10)]},
        )  # fmt: skip
    with pytest.raises(DataError, match="received images of float32 in 'image'.*pass its images in .-1, 1."):
        load("tfds:floats", data_dir=str(tmp_path))


@pytest.mark.parametrize(("split", "message"), [("train", "training rows"), ("test", "held-out rows")])
def test_missing_labels_are_said(tmp_path, split, message, capfd):
    source = load("tfds:shades", data_dir=store(tmp_path, unlabeled=(split, 23 if split == "test" else 3)))
    assert (source.labels is None, source.held_out_labels is None) == (split == "train", split == "test")
    assert f"1 of 20 {message} have no label in 'label'" in capfd.readouterr().err


def test_held_out_rows_are_never_trained_on(tmp_path):
    data_dir = store(tmp_path)
    for split in ("train+test", "all", "test", "train+test[50%:]"):
        source = load("tfds:shades", data_dir=data_dir, split=split)
        rows = [*source.samples[:, 0, 0, 0], *source.held_out[:, 0, 0, 0]]
        assert len(set(rows)) == len(rows) == len(source) + len(source.held_out)
    for split, held_out, shared in (("train[:60%]", "train[50%:]", 2), ("all", "test", 20), ("train", "train", 20)):
        with pytest.raises(DataError, match=f"data.held_out_split: received .*, {shared} rows of which are also in"):
            load("tfds:shades", data_dir=data_dir, split=split, held_out_split=held_out)
    halves = load("tfds:shades", data_dir=data_dir, split="train[:50%]", held_out_split="train[50%:]")
    assert (len(halves), len(halves.held_out)) == (10, 10)


def test_the_environment_may_name_the_home_folder(tmp_path, monkeypatch, no_network):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("TFDS_DATA_DIR", "~/my data")
    (tmp_path / "my data").mkdir()
    store(tmp_path / "my data")
    assert len(load("tfds:shades")) == len(load("tfds:shades", data_dir="~/my data/")) == 20
