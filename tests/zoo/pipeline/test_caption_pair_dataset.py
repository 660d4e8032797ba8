"""Captions of training rows: right ones belong to the image, and wrong ones never match it by accident."""

import numpy as np
import pytest
from ganzoo.zoo.pipeline.caption_pair_dataset import CaptionPairDataset
from ganzoo.zoo.sequences.tokenization import split_words


def batches(dataset, count, batch_size=8, seed=0, start_step=0):
    """Returns the first batches of a stream as NumPy arrays."""
    stream = dataset.batches(batch_size, seed, start_step).as_numpy_iterator()
    return [next(stream) for _ in range(count)]


def numbered(captions, meanings=None):
    """Returns a dataset in which every pixel of an image is the number of its row."""
    numbers = np.arange(len(captions), dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis]
    return CaptionPairDataset(numbers * np.ones((1, 2, 2, 1), np.uint8), captions, meanings)


def test_right_captions_belong_to_the_image_and_wrong_ones_have_another_meaning():
    captions = [
        ["a red square", "one square, red"],
        ["a blue circle", "one circle, blue"],
        ["the red square", "red square"],
    ]
    meanings = np.array([[0, 0], [1, 1], [0, 0]])
    pairs = set()
    for batch in batches(numbered(captions, meanings), 40, batch_size=3):
        for image, right, wrong in zip(batch["images"], batch["captions"], batch["wrong_captions"], strict=True):
            row = int(image[0, 0, 0])
            assert right.decode() in captions[row]
            assert wrong.decode() in (captions[1] if row != 1 else captions[0] + captions[2])
            pairs.add((row, right))
    # Every caption of every image was used.
    assert len(pairs) == 6


def test_without_meanings_a_caption_of_the_same_words_is_never_wrong():
    captions = ["Red square!", "a red, square", "square: red", "the square is red", "blue"]
    for batch in batches(numbered(captions), 60, batch_size=5):
        for image, wrong in zip(batch["images"], batch["wrong_captions"], strict=True):
            row = int(image[0, 0, 0])
            assert sorted(split_words(wrong.decode())) != sorted(split_words(captions[row]))


def test_a_wrong_caption_is_found_where_nearly_all_captions_match():
    # 199 of 200 sentences mean the same, so the sampled candidates rarely contain the other one.
    captions = [f"same {number}" for number in range(199)] + ["other"]
    meanings = np.array([[0]] * 199 + [[1]])
    for batch in batches(numbered(captions, meanings), 30):
        rows = batch["images"][:, 0, 0, 0]
        wrong = batch["wrong_captions"]
        assert (wrong[rows != 199] == b"other").all()
        assert (wrong[rows == 199] != b"other").all()


def test_captions_that_all_mean_the_same_are_refused():
    with pytest.raises(ValueError, match="all mean the same to some image"):
        numbered(["red square", "square red", "Red Square"])


def test_a_stream_can_start_at_any_batch():
    captions = [f"caption {number}" for number in range(20)]
    complete = batches(numbered(captions), 7, seed=3)
    for resumed, expected in zip(batches(numbered(captions), 3, seed=3, start_step=4), complete[4:], strict=True):
        for name in expected:
            np.testing.assert_array_equal(resumed[name], expected[name])
    other = batches(numbered(captions), 1, seed=4)[0]
    assert (other["wrong_captions"] != complete[0]["wrong_captions"]).any()
