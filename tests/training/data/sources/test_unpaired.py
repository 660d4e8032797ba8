"""Two unpaired domains: from any two sources, folders and datasets."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds
from ganzoo.training.data import DataError, load
from ganzoo.training.data.images.image_decoding import as_png
from ganzoo.training.data.images.tfds_records import quiet_tfds
from PIL import Image

from ..translation_data import shades


def test_any_two_sources_are_two_domains(tmp_path):
    folder = tmp_path / "some, where"
    folder.mkdir()
    for number in range(20):
        Image.new("RGB", (9, 9), (number, 0, 1)).save(folder / f"{number}.png")
    source = load(f"unpaired:digits,folder:{folder}", 8, crop=2, cache_dir=str(tmp_path / "cache"))
    assert (source.shape, source.target_shape, source.truth) == ((8, 8, 1), (8, 8, 3), None)
    assert (len(source.x), len(source.y), len(source)) == (1618, 18, 1618)
    assert (tmp_path / "cache" / "folder").exists()
    swapped = load(f"unpaired:folder:{folder},digits", 8)
    assert swapped.shape == (8, 8, 3)
    np.testing.assert_array_equal(swapped.y.samples, load("digits").samples)
    assert load("unpaired:digits,digits").shape == (64, 64, 1)


def write_domains(root, folders):
    for folder, (first, num_samples) in folders.items():
        (root / folder).mkdir()
        for number in range(first, first + num_samples):
            Image.new("RGB", (9, 9), (number, 0, 1)).save(root / folder / f"{number:03d}.png")


def test_a_folder_of_two_domains(tmp_path, capsys):
    write_domains(tmp_path, {"trainA": (0, 20), "trainB": (50, 30)})
    (tmp_path / "trainB" / "bad.png").write_bytes(b"not an image")
    source = load(f"unpaired:{tmp_path}", 8)
    assert source.x.held_out[:, 0, 0, 0].tolist() == [9, 19]
    assert source.y.held_out[:, 0, 0, 0].tolist() == [59, 69, 79]
    assert len(source) == 27
    assert source.facts["skipped"] == 1
    assert "trainB/bad.png: not an image" in capsys.readouterr().err
    write_domains(tmp_path, {"testA": (100, 3), "testB": (110, 4)})
    source = load(f"unpaired:{tmp_path}", 8)
    assert source.x.samples[:, 0, 0, 0].tolist() == list(range(20))
    assert source.held_out[:, 0, 0, 0].tolist() == [100, 101, 102]
    assert source.y.held_out[:, 0, 0, 0].tolist() == [110, 111, 112, 113]


def test_a_dataset_of_two_domains(tmp_path):
    def examples(first, num_samples):
        for number in range(first, first + num_samples):
            yield number, {"image": io.BytesIO(as_png(shades(1, number, channels=3)[0])), "label": number % 2}

    splits = {"trainA": (0, 12), "trainB": (50, 9), "testA": (100, 2), "testB": (110, 3)}
    features = {
        "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
        "label": tfds.features.ClassLabel(names=["A", "B"]),
    }
    with quiet_tfds():
        tfds.dataset_builders.store_as_tfds_dataset(
            name="zebras", version="3.0.0", data_dir=tmp_path, features=tfds.features.FeaturesDict(features),
            split_datasets={name: examples(*rows) for name, rows in splits.items()}, disable_shuffling=True,
        )  # fmt: skip
    source = load("unpaired:tfds:zebras", 8, data_dir=str(tmp_path))
    loaded = [source.x.samples, source.y.samples, source.x.held_out, source.y.held_out]
    for images, (first, num_samples) in zip(loaded, splits.values(), strict=True):
        assert images[:, 0, 0, 0].tolist() == list(range(first, first + num_samples))


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("unpaired:digits", {}, "received 'unpaired:digits', expected two sources such as"),
        ("unpaired:digits,nothing:a", {}, "expected two sources such as"),
        (
            "unpaired:digits,restyled:fill",
            {},
            "received TranslationSource.*expected a source of images for each domain",
        ),
        ("unpaired:digits,shapes", {"resolution": 120, "crop": 10}, "data.crop: received 10 .*sum of at most 128"),
    ],
)
def test_refusals(source, arguments, message):
    with pytest.raises(DataError, match=message) as caught:
        load(source, **arguments)
    assert "\n" not in str(caught.value)
