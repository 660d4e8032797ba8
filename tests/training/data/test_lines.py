"""Files of texts: what is read of them, what is left out, and that it is said."""

import time

import numpy as np
import pytest
from ganzoo.training import load
from ganzoo.training.data.texts import text_source
from ganzoo.zoo.text_encoder import Vocabulary

CATS = [f"The cat sat {word}." for word in ["on", "under", "by", "near", "off"] * 4]


@pytest.fixture
def write(tmp_path):
    """Writes a file of lines, or of bytes, and returns the source that reads it."""

    def write(content):
        content = "\n".join(content) if isinstance(content, list) else content
        path = tmp_path / "texts.txt"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return f"lines:{path}"

    return write


def test_texts_are_read_as_the_vocabulary_reads_them_and_every_tenth_is_held_out(write):
    source = load(write(CATS))
    assert (len(source), len(source.held_out), source.shape, source.ends) == (18, 2, (4,), True)
    train = [text for row, text in enumerate(CATS) if row % 10 != 9]
    own = Vocabulary.of(train)
    assert source.vocabulary.known == own.known
    assert source.vocabulary_size == len(own) == 8 + 2
    np.testing.assert_array_equal(source.tokens, own.tokens(train))
    np.testing.assert_array_equal(source.held_out, own.tokens([CATS[9], CATS[19]]))
    assert source.written(source.tokens[:1]) == ["the cat sat on"]
    assert source.notes == ["texts that have come before: 15; held-out ones that are trained on too: 2"]


def test_odd_files_load(write):
    """A byte order mark, CRLF, blank lines, tabs, signs that Python divides lines at, and a line of 10,000 letters."""
    lines = ["\ufeffOne\tcat", "", " \t ", "two\u2028dogs\x0cbark", "word " * 2000, "Ünï — cødé", "?!"]
    lines += [f"a {word}" for word in "bcdefghi"]
    source = load(write("\r\n".join(lines) + "\r\n"))
    written = source.written(np.concatenate([source.tokens, source.held_out]))
    assert written[:3] == ["one cat", "two dogs bark", "ünï cødé"]
    assert len(written) == 11
    assert source.length == 20
    assert source.notes == ["texts left out, without a word: 1", "texts left out, longer than 20 words: 1"]


def test_the_vocabulary_is_that_of_the_training_texts(write):
    lines = [*CATS]
    lines[9] = "the zebra sat"
    source = load(write(lines))
    assert "zebra" not in source.vocabulary.known
    assert source.written(source.held_out) == ["the <unk> sat", "the cat sat off"]


def test_frequent_words_are_kept_and_the_others_are_one(write):
    # Beside "the", "cat" and "sat", of four words that come four times the first two in the alphabet.
    source = load(write(CATS), words=5)
    assert sorted(source.vocabulary.known) == ["by", "cat", "near", "sat", "the"]
    assert source.written(source.tokens[:3]) == ["the cat sat <unk>", "the cat sat <unk>", "the cat sat by"]
    dropped = text_source("own", CATS, CATS, most=5, drop_unknown=True)
    assert set(dropped.written(dropped.tokens)) == {"the cat sat by", "the cat sat near"}
    assert dropped.notes[-1] == "texts left out, with unknown words: 24"


def test_texts_with_unknown_words_may_be_left_out_and_are_counted():
    texts = ["a b", "a b", "a c"]
    source = text_source("own", texts, held_out=["b a", "a d"], drop_unknown=True)
    assert (len(source), len(source.held_out)) == (3, 1)
    assert source.notes[-1] == "texts left out, with unknown words: 1"


@pytest.mark.parametrize(("lengths", "expected"), [([3] * 95 + [7] * 5, 3), ([3] * 94 + [7] * 6, 7), ([2] * 100, 2)])
def test_the_usual_length_holds_95_of_100_texts(write, lengths, expected):
    source = load(write(["word " * length for length in lengths]))
    assert source.length == expected
    assert len(source) + len(source.held_out) == sum(length <= expected for length in lengths)


def test_no_text_is_longer_than_twenty_words_unless_it_is_asked_for(write):
    lines = ["word " * length for length in [*range(30, 10, -1)] * 5]
    source = load(write(lines))
    assert source.length == 20
    assert source.notes[0] == "texts left out, longer than 20 words: 50"
    longer = load(write(lines), length=30)
    # Texts that fill their row have no end token, shorter ones have.
    assert (longer.length, int((longer.tokens[:, -1] != 0).sum()), len(longer)) == (30, 5, 90)


def test_the_fingerprint_is_that_of_texts_and_words(write):
    first = load(write(CATS)).fingerprint
    assert load(write(CATS)).fingerprint == first
    # Read with other words, other rows or another length they are other data.
    assert load(write([*CATS[:-1], "the cat sat down"])).fingerprint != first
    assert load(write([text.replace("cat", "dog") for text in CATS])).fingerprint != first
    assert load(write(CATS), length=5).fingerprint != first


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "without a line of text, expected a text a line"),
        (b"\xef\xbb\xbf\r\n \n", {}, "without a line of text"),
        ("caf\xe9\n".encode("latin-1") * 20, {}, "cannot be read .*utf-8.*, expected a text file in UTF-8"),
        ("a\n".encode("utf-16") * 20, {}, "expected a text file in UTF-8"),
        (b"a b\n" * 9, {}, "9 . 0 held-out texts, expected some of both: where every tenth is held out, ten or more"),
        (b"?!\n" * 20, {}, "no text to train on .*without a word: 20.*, expected texts of 1 to 20 words"),
        (b"a b c\n" * 20, {"length": 2}, "no text to train on .*longer than 2 words: 20"),
        (b"a b\n" * 20, {"length": 0}, "data.length: received 0, expected a whole number >= 1"),
        (b"a b\n" * 20, {"words": True}, "data.words: received True, expected a whole number >= 1"),
        (b"a b\n" * 20, {"words": 2.5}, "data.words: received 2.5"),
        (b"a b\n" * 20, {"drop_unknown": "yes"}, "data.drop_unknown: received 'yes', expected true or false"),
        (b"a b\n" * 20, {"resolution": 32}, "data.resolution: received 32 .*expected none: texts have no pixels"),
        (b"a b\n" * 20, {"lenght": 3}, "data.lenght: unknown option .*did you mean 'length'"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(write, content, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(write(content), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("source", "message"), [("lines:", "expected lines:FILE"), ("lines:/nowhere", "No such file")])
def test_files_that_are_not_there(source, message):
    with pytest.raises(ValueError, match=message):
        load(source)


def test_a_folder_is_no_file_of_texts(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        load(f"lines:{tmp_path}")


def test_a_hundred_thousand_lines_take_seconds(write):
    random = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(20_000)])
    lines = [" ".join(row) for row in words[random.zipf(1.3, (100_000, 10)) % 20_000]]
    load(write(CATS))
    # The processor's time: others may use the machine too.
    start = time.process_time()
    assert len(load(write(lines))) == 90_000
    assert time.process_time() - start < 20
