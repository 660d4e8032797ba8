"""Texts of tensorflow-datasets, read from prepared datasets on the disk."""

import numpy as np
import pytest
import tensorflow_datasets as tfds
from ganzoo.training.data import load
from ganzoo.training.data.images.tfds_records import quiet_tfds

Text = tfds.features.Text


def store(data_dir, features, rows, splits=("train", "test")):
    """Prepares a dataset of 20 training rows, and 5 of each further split."""

    def examples(at):
        return ((number, rows(number)) for number in range(100 * at, 100 * at + (5 if at else 20)))

    with quiet_tfds():
        tfds.dataset_builders.store_as_tfds_dataset(
            name="sentences", version="1.0.0", data_dir=data_dir, features=tfds.features.FeaturesDict(features),
            split_datasets={split: examples(at) for at, split in enumerate(splits)}, disable_shuffling=True,
        )  # fmt: skip
    return str(data_dir)


def sentence(number):
    return f"Füg {number}, then {number % 3}!"


@pytest.fixture
def sentences(tmp_path):
    """A dataset of sentences with a label and a title."""
    features = {"label": tfds.features.ClassLabel(num_classes=2), "title": Text(), "sentence": Text()}
    return store(tmp_path, features, lambda n: {"label": n % 2, "title": f"title {n}", "sentence": sentence(n)})


def test_a_dataset_without_images_is_read_as_texts(tmp_path, no_network, capfd):
    data_dir = store(tmp_path, {"label": np.int64, "text": Text()}, lambda n: {"label": n, "text": sentence(n)})
    source = load("tfds:sentences", data_dir=data_dir)
    assert no_network == []
    assert (len(source), len(source.held_out), source.shape) == (20, 5, (4,))
    assert source.decode(source.tokens) == [f"füg {n} then {n % 3}" for n in range(20)]
    # The numbers do not occur in the training texts.
    assert source.decode(source.held_out)[:2] == ["füg <unk> then 1", "füg <unk> then 2"]
    assert capfd.readouterr().out == ""


def test_texts_are_read_like_those_of_a_file(tmp_path, sentences):
    """A dataset with one split gives the same data as a file of the same texts."""
    (tmp_path / "texts.txt").write_text("".join(f"{sentence(n)}\n" for n in range(20)), encoding="utf-8")
    options = {"length": 6, "max_words": 9}
    split = load("tfds:sentences", data_dir=sentences, text_key="sentence", held_out_split="test[:1]", **options)
    alone = store(tmp_path / "alone", {"sentence": Text()}, lambda n: {"sentence": sentence(n)}, splits=("train",))
    source = load("tfds:sentences", data_dir=alone, **options)
    assert source.fingerprint == load(f"lines:{tmp_path / 'texts.txt'}", **options).fingerprint
    assert (len(source), len(source.held_out), source.length, source.vocabulary_size) == (18, 2, 6, 11)
    assert (len(split), len(split.held_out)) == (20, 1)


def test_the_text_can_be_chosen(sentences):
    source = load("tfds:sentences", data_dir=sentences, text_key="title")
    assert source.decode(source.tokens[:2]) == ["title 0", "title 1"]
    # Without a usual name, the alphabetically first text is read.
    named = load("tfds:sentences", data_dir=sentences, text_key="sentence")
    assert load("tfds:sentences", data_dir=sentences).fingerprint == named.fingerprint != source.fingerprint


@pytest.fixture
def captioned(tmp_path):
    """A dataset of captioned images: odd rows have one caption, even rows two."""
    features = {"image": tfds.features.Image(shape=(8, 8, 3)), "captions": tfds.features.Sequence(Text())}
    image = np.zeros((8, 8, 3), np.uint8)
    return store(
        tmp_path, features, lambda n: {"image": image, "captions": [f"one {n}", f"two {n}"][: 1 + (n + 1) % 2]}
    )


def test_captions_can_be_read_without_their_images(captioned):
    source = load("tfds:sentences", data_dir=captioned, text_key="captions")
    assert source.decode(source.tokens[:4]) == ["one 0", "two 0", "one 1", "one 2"]
    assert (len(source), len(source.held_out)) == (30, 8)
    assert load("tfds:sentences", data_dir=captioned).is_image


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"text_key": "sentense"}, "data.text_key: received 'sentense', expected one of .*did you mean 'sentence'"),
        ({"text_key": "label"}, "data.text_key: received 'label'"),
        ({"resolution": 32}, "data.resolution: received 32 with tfds:sentences, expected none: texts are read from it"),
        ({"image_key": "title"}, "data.image_key: received 'title' .*texts are read"),
        ({"cache_dir": "here"}, "data.cache_dir: received 'here' .*texts are read"),
        ({"split": "trian"}, "data.split: received 'trian'"),
        ({"max_words": 0}, "data.max_words: received 0"),
    ],
)
def test_options_of_images_are_refused_with_texts(sentences, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        load("tfds:sentences", data_dir=sentences, **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("option", ["length", "max_words"])
def test_options_of_texts_are_refused_with_images(captioned, option):
    with pytest.raises(ValueError, match=f"data.{option}: received 5 .*images are read from it"):
        load("tfds:sentences", data_dir=captioned, **{option: 5})


def test_a_dataset_of_neither_is_refused(tmp_path):
    data_dir = store(tmp_path, {"number": np.int64}, lambda n: {"number": n})
    with pytest.raises(ValueError, match=r"received features \['number'\], expected an image or a text"):
        load("tfds:sentences", data_dir=data_dir)
