"""Captions of training rows: right ones that are the image's own, and wrong ones that never are right by accident."""

import numpy as np
import pytest
from ganzoo.zoo.captions import CaptionedRows, words


def batches(rows, count, batch_size=8, seed=0, start_step=0):
    stream = rows.batches(batch_size, seed, start_step).as_numpy_iterator()
    return [next(stream) for _ in range(count)]


def numbered(captions, meanings=None):
    """Rows whose image is filled with the row's own number."""
    images = np.arange(len(captions), dtype=np.uint8)[:, np.newaxis, np.newaxis, np.newaxis] * np.ones(
        (1, 2, 2, 1), np.uint8
    )
    return CaptionedRows(images, captions, meanings)


def test_words_have_no_case_and_no_punctuation():
    assert words("A Red, RED square—n°2!") == ["a", "red", "red", "square", "n", "2"]
    assert words("Éclair_é") == ["éclair", "é"]


def test_captions_belong_to_their_image_and_wrong_ones_to_another_meaning():
    said = [
        ["a red square", "one square, red"],
        ["a blue circle", "one circle, blue"],
        ["the red square", "red square"],
    ]
    meanings = np.array([[0, 0], [1, 1], [0, 0]])
    seen = set()
    for batch in batches(numbered(said, meanings), 40, batch_size=3):
        for image, right, wrong in zip(batch["images"], batch["captions"], batch["wrong_captions"], strict=True):
            row = int(image[0, 0, 0])
            assert right.decode() in said[row]
            assert wrong.decode() in (said[1] if row != 1 else said[0] + said[2])
            seen.add((row, right))
    # Every caption of an image is told in its turn.
    assert len(seen) == 6


def test_without_meanings_the_same_words_are_never_wrong():
    said = ["Red square!", "a red, square", "square: red", "the square is red", "blue"]
    for batch in batches(numbered(said), 60, batch_size=5):
        for image, wrong in zip(batch["images"], batch["wrong_captions"], strict=True):
            row = int(image[0, 0, 0])
            assert sorted(words(wrong.decode())) != sorted(words(said[row]))


def test_a_wrong_caption_is_found_even_where_nearly_all_are_right():
    # 199 of 200 sentences mean the same: eight draws rarely hold the other one.
    said = [f"same {number}" for number in range(199)] + ["other"]
    meanings = np.array([[0]] * 199 + [[1]])
    for batch in batches(numbered(said, meanings), 30):
        rows = batch["images"][:, 0, 0, 0]
        wrong = batch["wrong_captions"]
        assert (wrong[rows != 199] == b"other").all()
        assert (wrong[rows == 199] != b"other").all()


def test_captions_that_all_mean_the_same_are_refused():
    with pytest.raises(ValueError, match="all mean the same to some image"):
        numbered(["red square", "square red", "Red Square"])


def test_a_stream_goes_on_where_another_one_left_off():
    said = [f"caption {number}" for number in range(20)]
    whole = batches(numbered(said), 7, seed=3)
    for mine, theirs in zip(batches(numbered(said), 3, seed=3, start_step=4), whole[4:], strict=True):
        for key in mine:
            np.testing.assert_array_equal(mine[key], theirs[key])
    other = batches(numbered(said), 1, seed=4)[0]
    assert (other["wrong_captions"] != whole[0]["wrong_captions"]).any()


def test_words_are_read_alike_in_python_and_in_the_graph():
    from ganzoo.zoo.text_encoder import Vocabulary

    reader = Vocabulary(["red", "square", "é", "2", "straße"], 4)
    texts = ["A RED, square!", "É-2 é", "red_red", "STRASSE straße", "", "red square red square red"]
    expected = [[1, 2, 3, 0], [4, 5, 4, 0], [2, 2, 0, 0], [1, 6, 0, 0], [0, 0, 0, 0], [2, 3, 2, 3]]
    np.testing.assert_array_equal(reader.tokens(texts), expected)
    np.testing.assert_array_equal(reader(np.array(texts)), expected)
    assert reader.unknown(["A red zebra", "two"]) == ["a", "two", "zebra"]


def test_a_vocabulary_is_in_order_of_frequency():
    from ganzoo.zoo.text_encoder import Vocabulary

    reader = Vocabulary.of(["b a", "b, c c b", "A"])
    assert reader.known == ["b", "a", "c"]
    assert reader.length == 4
    assert len(reader) == 5
    with pytest.raises(ValueError, match="received no words"):
        Vocabulary.of(["!", ""])
