"""Vocabularies: words of a text, and the same token ids in NumPy and in the graph."""

import numpy as np
import pytest
from ganzoo.zoo.sequences.tokenization import split_words
from ganzoo.zoo.sequences.vocabulary import Vocabulary


def test_words_have_no_case_and_no_punctuation():
    assert split_words("A Red, RED square—n°2!") == ["a", "red", "red", "square", "n", "2"]
    assert split_words("Éclair_é") == ["éclair", "é"]


def test_numpy_and_graph_encode_the_same_tokens():
    vocabulary = Vocabulary(["red", "square", "é", "2", "straße"], 4)
    texts = ["A RED, square!", "É-2 é", "red_red", "STRASSE straße", "", "red square red square red"]
    expected = [[1, 2, 3, 0], [4, 5, 4, 0], [2, 2, 0, 0], [1, 6, 0, 0], [0, 0, 0, 0], [2, 3, 2, 3]]
    np.testing.assert_array_equal(vocabulary.encode(texts), expected)
    np.testing.assert_array_equal(vocabulary(np.array(texts)), expected)
    assert vocabulary.unknown(["A red zebra", "two"]) == ["a", "two", "zebra"]


def test_words_are_ordered_by_frequency():
    vocabulary = Vocabulary.from_texts(["b a", "b, c c b", "A"])
    assert vocabulary.words == ["b", "a", "c"]
    assert vocabulary.length == 4
    assert len(vocabulary) == 5
    with pytest.raises(ValueError, match="received no words"):
        Vocabulary.from_texts(["!", ""])
