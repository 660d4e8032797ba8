"""Images of tensorflow-datasets: splits, features, captions, and downloads that fail."""

import io
import threading

import numpy as np
import pytest
import requests
import tensorflow_datasets as tfds
from ganzoo.training.data import DataError, load, tfds_download
from ganzoo.training.data.images import row_store
from ganzoo.training.data.images.image_decoding import as_png
from ganzoo.training.data.images.tfds_records import quiet_tfds
from ganzoo.zoo.core import connectivity
from PIL import Image


def flag(number, size=(40, 20)):
    """Returns an image whose central square is (number, 10, 20) and whose margins are white."""
    image = Image.new("RGB", size, "white")
    side = min(size)
    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    image.paste((number, 10, 20), (left, top, left + side, top + side))
    return np.asarray(image)


def store(data_dir, name="flags", splits=("train", "test"), shape=(None, None, 3), bad=(), label="kind"):
    """Prepares a small dataset: 20 training images and 5 per further split, in various sizes."""

    def examples(start, count):
        for number in range(start, start + count):
            pixels = flag(number, (40 + number % 3, 20) if shape[0] is None else shape[1::-1])
            content = b"not an image" if number in bad else as_png(pixels[..., : shape[2]])
            yield (
                number,
                {
                    "id": f"{number}",
                    "mask": np.zeros((4, 4, 1), np.uint8),
                    "photo": io.BytesIO(content),
                    label: number % 2,
                },
            )

    features = {
        "id": tfds.features.Text(),
        "mask": tfds.features.LabeledImage(labels=3, shape=(None, None, 1)),
        "photo": tfds.features.Image(shape=shape, encoding_format="png"),
        label: tfds.features.ClassLabel(names=["even", "odd"]),
    }
    with quiet_tfds():
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name, version="1.2.3", data_dir=data_dir, features=tfds.features.FeaturesDict(features),
            split_datasets={split: examples(100 * at, 5 if at else 20) for at, split in enumerate(splits)},
            disable_shuffling=True,
        )  # fmt: skip
    return str(data_dir)


def test_prepared_data_never_use_the_network(tmp_path, no_network, capfd):
    data_dir = store(tmp_path)
    source = load("tfds:flags", resolution=8, data_dir=data_dir)
    assert no_network == []
    assert (len(source), len(source.held_out), source.shape) == (20, 5, (8, 8, 3))
    # The center crop removes the white margins.
    assert (source.samples == np.array([[n, 10, 20] for n in range(20)])[:, None, None]).all()
    assert source.held_out[:, 0, 0, 0].tolist() == [100, 101, 102, 103, 104]
    assert source.class_names == ["even", "odd"]
    assert source.labels.tolist() == [0, 1] * 10
    assert source.facts["skipped"] == 0
    out, err = capfd.readouterr()
    assert out == ""
    assert "partially cached" not in err
    assert load("tfds:flags:1.2.3", resolution=8, data_dir=data_dir).fingerprint == source.fingerprint


def test_splits(tmp_path):
    data_dir = store(tmp_path, splits=("train", "validation"))
    chosen = load("tfds:flags", 8, data_dir=data_dir, split="train[:50%]", held_out_split="train[50%:60%]")
    assert chosen.samples[:, 0, 0, 0].tolist() == list(range(10))
    assert chosen.held_out[:, 0, 0, 0].tolist() == [10, 11]
    assert len(load("tfds:flags", 8, data_dir=data_dir).held_out) == 5
    own = load("tfds:flags", 8, data_dir=store(tmp_path / "other", splits=("train",)))
    assert own.held_out[:, 0, 0, 0].tolist() == [9, 19]
    assert own.held_out_labels.tolist() == [1, 1]
    for options in ({"split": "trian"}, {"held_out_split": "nope"}, {"held_out_split": "train"}):
        with pytest.raises(DataError, match="data.(held_out_)?split: received"):
            load("tfds:flags", 8, data_dir=data_dir, **options)


def test_keys(tmp_path):
    data_dir = store(tmp_path, label="sort")
    assert load("tfds:flags", 8, data_dir=data_dir, image_key="photo", label_key="sort").class_names == ["even", "odd"]
    with pytest.raises(DataError, match="data.image_key: received 'phot', expected one of .*did you mean 'photo'"):
        load("tfds:flags", 8, data_dir=data_dir, image_key="phot")
    with pytest.raises(DataError, match="data.label_key: received 'id'"):
        load("tfds:flags", 8, data_dir=data_dir, label_key="id")


def caption_store(data_dir, texts, captions, split="train"):
    """Prepares a dataset of 20 images whose captions are `captions(number)`."""
    features = {
        "image/filename": tfds.features.Text(),
        "image": tfds.features.Image(shape=(8, 8, 3), encoding_format="png"),
        "captions": texts,
    }
    rows = ((n, {"image/filename": f"{n}.png", "image": flag(n, (8, 8)), "captions": captions(n)}) for n in range(20))
    with quiet_tfds():
        tfds.dataset_builders.store_as_tfds_dataset(
            name="captioned", version="1.0.0", data_dir=data_dir, features=tfds.features.FeaturesDict(features),
            split_datasets={split: rows}, disable_shuffling=True,
        )  # fmt: skip
    return str(data_dir)


@pytest.mark.parametrize(
    ("texts", "captions"),
    [
        (tfds.features.Text(), lambda n: f"füg {n}"),
        (tfds.features.Sequence(tfds.features.Text()), lambda n: [f"füg {n}", "ein Bild"][: 1 + n % 2]),
        # The structure of coco_captions.
        (
            tfds.features.Sequence({"id": np.int64, "text": tfds.features.Text()}),
            lambda n: [{"id": 5, "text": f"füg {n}"}, {"id": 6, "text": "ein Bild"}][: 1 + n % 2],
        ),
    ],
)
def test_captions(tmp_path, texts, captions, monkeypatch):
    data_dir = caption_store(tmp_path, texts, captions)
    source = load("tfds:captioned", data_dir=data_dir)
    assert len(source) == len(source.captions) == 18
    numbers = source.samples[:, 0, 0, 0]
    assert source.captions[:, 0].tolist() == [f"füg {n}" for n in numbers]
    if source.captions.shape[1] > 1:
        # Images with one caption repeat it.
        assert source.captions[:, 1].tolist() == ["ein Bild" if n % 2 else f"füg {n}" for n in numbers]
    assert source.held_out_captions[:, 0].tolist() == [f"füg {n}" for n in source.held_out[:, 0, 0, 0]]
    monkeypatch.setattr("ganzoo.training.data.sources.tfds.RESIDENT_BYTES", 10)
    for _ in range(2):
        large = load("tfds:captioned", data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
        np.testing.assert_array_equal(large.captions, source.captions)
        assert large.fingerprint == source.fingerprint


def test_caption_keys(tmp_path):
    data_dir = caption_store(tmp_path, tfds.features.Sequence(tfds.features.Text()), lambda n: ["a"] if n else [])
    with pytest.raises(DataError, match="1 images of 'train' without a text in 'captions'.*data.caption_key"):
        load("tfds:captioned", data_dir=data_dir)
    named = load("tfds:captioned", data_dir=data_dir, caption_key="image/filename")
    assert named.captions[:, 0].tolist() == [f"{n}.png" for n in named.samples[:, 0, 0, 0]]
    with pytest.raises(DataError, match="data.caption_key: received 'caption', expected one of .*did you mean 'cap"):
        load("tfds:captioned", data_dir=data_dir, caption_key="caption")


def test_own_resolution_and_channels(tmp_path):
    source = load("tfds:flags", data_dir=store(tmp_path, shape=(12, 12, 1)))
    assert source.shape == (12, 12, 1)
    with pytest.raises(DataError, match="data.resolution: received none.*any x any"):
        load("tfds:flags", data_dir=store(tmp_path / "other"))


def test_unreadable_images_are_skipped_with_their_labels(tmp_path, capfd):
    source = load("tfds:flags", 8, data_dir=store(tmp_path, bad=(0, 3)))
    assert source.facts["skipped"] == 2
    assert source.samples[:3, 0, 0, 0].tolist() == [1, 2, 4]
    assert source.labels[:3].tolist() == [1, 0, 0]
    assert "2 images could not be read" in capfd.readouterr().err


def test_a_large_set_stays_on_the_disk(tmp_path, monkeypatch):
    data_dir = store(tmp_path, splits=("train",))
    resident = load("tfds:flags", 8, data_dir=data_dir)
    monkeypatch.setattr("ganzoo.training.data.sources.tfds.RESIDENT_BYTES", 10)
    monkeypatch.setattr(row_store, "RESIDENT_BYTES", 10)
    for _ in range(2):
        large = load("tfds:flags", 8, data_dir=data_dir, cache_dir=str(tmp_path / "cache"))
        assert isinstance(large.samples, np.memmap)
        np.testing.assert_array_equal(large.held_out, resident.held_out)
        assert large.fingerprint == resident.fingerprint


def test_without_a_network_it_fails_in_seconds_with_instructions(tmp_path, no_network):
    with pytest.raises(DataError) as caught:
        load("tfds:mnist", data_dir=str(tmp_path))
    # One short probe per host instead of the minutes that TFDS retries for.
    assert no_network != []
    message = str(caught.value)
    for part in ("no answer from the network", "'mnist'", str(tmp_path), "tfds build mnist", "folder:DIR"):
        assert part in message
    assert "\n" not in message
    assert list(tmp_path.iterdir()) == []


def test_an_unresponsive_network_times_out(monkeypatch):
    released, limits = threading.Event(), []

    def head(url, timeout, **_):
        limits.append(timeout)
        released.wait()

    monkeypatch.setattr(requests, "head", head)
    # The requests never return: only the time limit ends the call.
    assert not connectivity.reachable(["https://a.example", "https://b.example"], seconds=0.5)
    released.set()
    assert set(limits) <= {0.25}
    assert connectivity.SECONDS < 15


def test_one_reachable_host_is_enough(monkeypatch):
    def head(url, **_):
        if "b.example" not in url:
            raise requests.ConnectionError

    monkeypatch.setattr(requests, "head", head)
    assert connectivity.reachable(["https://a.example", "https://b.example"])
    assert not connectivity.reachable(["https://a.example"])


@pytest.mark.parametrize(
    ("source", "message"),
    [("tfds:", "expected tfds:NAME"), ("tfds:mnits", "did you mean 'mnist'"), ("tfds:kaggle:x", "expected tfds:NAME"),
     ("tfds:mnist/none", "BuilderConfig none not found")],
)  # fmt: skip
def test_unknown_names(source, message, tmp_path, no_network):
    with pytest.raises(DataError, match=message) as caught:
        load(source, data_dir=str(tmp_path))
    assert "\n" not in str(caught.value)
    assert no_network == []


class QuotaPage:
    """The page that Google Drive sends when the download quota of a file is exhausted."""

    status_code, url = 200, "https://drive.google.com/uc?id=1"
    headers = {"Content-Disposition": "attachment; filename=data.zip"}
    text = "<!DOCTYPE html><html><title>Google Drive - Quota exceeded</title></html>"

    def iter_content(self, chunk_size):
        yield self.text.encode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass


def test_a_quota_page_in_place_of_the_data_is_identified(tmp_path, monkeypatch):
    monkeypatch.setattr(tfds_download, "reachable", lambda urls: True)
    monkeypatch.setattr(requests.Session, "get", lambda *_, **__: QuotaPage())
    for _ in range(2):
        with pytest.raises(DataError) as caught:
            load("tfds:celeb_a", 32, data_dir=str(tmp_path))
        message = str(caught.value)
        for part in (
            "a web page of 72 bytes",
            "quota",
            "img_align_celeba.zip",
            f"{tmp_path}/downloads/manual",
            "folder:DIR",
        ):
            assert part in message
        assert "\n" not in message
        assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
        assert list(tmp_path.rglob("*incomplete*")) == []


def test_manually_downloaded_files_are_used_without_a_network(tmp_path, no_network):
    """All files are in the manual folder, so none is requested; their checksums are wrong, which is reported."""
    manual = tmp_path / "downloads" / "manual"
    manual.mkdir(parents=True)
    builder = tfds.builder("celeb_a", data_dir=str(tmp_path))
    for info in builder.url_infos.values():
        (manual / info.filename).write_bytes(b"not it")
    with pytest.raises(DataError, match="instead of the data|while downloading"):
        load("tfds:celeb_a", 32, data_dir=str(tmp_path))
    assert no_network == []
    assert (manual / "img_align_celeba.zip").exists()
