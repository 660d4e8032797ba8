"""Text files: how they are read, which texts are dropped, and which notes report it."""

import time

import numpy as np
import pytest
from ganzoo.training import load
from ganzoo.training.data.text_source import from_texts
from ganzoo.zoo.sequences.vocabulary import Vocabulary

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


def test_texts_are_encoded_by_their_vocabulary_and_every_tenth_is_held_out(write):
    source = load(write(CATS))
    assert (len(source), len(source.held_out), source.shape, source.has_eos) == (18, 2, (4,), True)
    train = [text for row, text in enumerate(CATS) if row % 10 != 9]
    expected = Vocabulary.from_texts(train)
    assert source.vocabulary.words == expected.words
    assert source.vocabulary_size == len(expected) == 8 + 2
    np.testing.assert_array_equal(source.tokens, expected.encode(train))
    np.testing.assert_array_equal(source.held_out, expected.encode([CATS[9], CATS[19]]))
    assert source.decode(source.tokens[:1]) == ["the cat sat on"]
    assert source.notes == ["duplicate texts: 15; held-out texts that are also trained on: 2"]


def test_odd_files_load(write):
    """A byte order mark, CRLF, blank lines, tabs, Unicode line separators, and a line of 2,000 words."""
    lines = ["\ufeffOne\tcat", "", " \t ", "two\u2028dogs\x0cbark", "word " * 2000, "Ünï — cødé", "?!"]
    lines += [f"a {word}" for word in "bcdefghi"]
    source = load(write("\r\n".join(lines) + "\r\n"))
    written = source.decode(np.concatenate([source.tokens, source.held_out]))
    assert written[:3] == ["one cat", "two dogs bark", "ünï cødé"]
    assert len(written) == 11
    assert source.length == 20
    assert source.notes == [
        "texts dropped, without a word: 1",
        "texts dropped, longer than 20 words: 1 (data.length=2000 keeps all of them)",
    ]


def test_the_vocabulary_is_that_of_the_training_texts(write):
    lines = [*CATS]
    lines[9] = "the zebra sat"
    source = load(write(lines))
    assert "zebra" not in source.vocabulary.words
    assert source.decode(source.held_out) == ["the <unk> sat", "the cat sat off"]


def test_frequent_words_are_kept_and_all_others_are_unknown(write):
    # "the", "cat" and "sat", and of the words that occur four times the first two in alphabetical order.
    source = load(write(CATS), max_words=5)
    assert sorted(source.vocabulary.words) == ["by", "cat", "near", "sat", "the"]
    assert source.decode(source.tokens[:3]) == ["the cat sat <unk>", "the cat sat <unk>", "the cat sat by"]
    dropped = from_texts("own", CATS, CATS, max_words=5, drop_oov=True)
    assert set(dropped.decode(dropped.tokens)) == {"the cat sat by", "the cat sat near"}
    assert dropped.notes[-1] == "texts dropped, with unknown words: 24"


def test_texts_with_unknown_words_can_be_dropped_and_are_counted():
    texts = ["a b", "a b", "a c"]
    source = from_texts("own", texts, held_out=["b a", "a d"], drop_oov=True)
    assert (len(source), len(source.held_out)) == (3, 1)
    assert source.notes[-1] == "texts dropped, with unknown words: 1"


@pytest.mark.parametrize(("lengths", "expected"), [([3] * 95 + [7] * 5, 3), ([3] * 94 + [7] * 6, 7), ([2] * 100, 2)])
def test_the_default_length_covers_95_percent_of_the_texts(write, lengths, expected):
    source = load(write(["word " * length for length in lengths]))
    assert source.length == expected
    assert len(source) + len(source.held_out) == sum(length <= expected for length in lengths)


def test_the_default_length_is_at_most_twenty_words(write):
    lines = ["word " * length for length in [*range(30, 10, -1)] * 5]
    source = load(write(lines))
    assert source.length == 20
    assert source.notes[0] == "texts dropped, longer than 20 words: 50 (data.length=30 keeps all of them)"
    longer = load(write(lines), length=30)
    # Texts of full length have no end token, shorter ones have.
    assert (longer.length, int((longer.tokens[:, -1] != 0).sum()), len(longer)) == (30, 5, 90)


def test_the_fingerprint_depends_on_texts_and_vocabulary(write):
    first = load(write(CATS)).fingerprint
    assert load(write(CATS)).fingerprint == first
    # Different words, rows or lengths are different data.
    assert load(write([*CATS[:-1], "the cat sat down"])).fingerprint != first
    assert load(write([text.replace("cat", "dog") for text in CATS])).fingerprint != first
    assert load(write(CATS), length=5).fingerprint != first


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", {}, "without any text, expected one text per line"),
        (b"\xef\xbb\xbf\r\n \n", {}, "without any text"),
        ("caf\xe9\n".encode("latin-1") * 20, {}, "cannot be read .*utf-8.*, expected a text file in UTF-8"),
        ("a\n".encode("utf-16-le") * 20, {}, "expected a text file in UTF-8"),
        (b"a b\n" * 20, {"unit": "words"}, "data.unit: received 'words', expected one of"),
        (b"a b\n" * 20, {"keep_case": "no"}, "data.keep_case: received 'no', expected true or false"),
        (b"a b\n" * 20, {"keep_punctuation": 1}, "data.keep_punctuation: received 1, expected true or false"),
        (
            b"a b\n" * 9,
            {},
            "9 . 0 held-out texts, expected at least one of each: since every tenth text is held out, provide ten",
        ),
        (b"?!\n" * 20, {}, "no text to train on .*without a word: 20.*, expected texts of 1 to 20 words"),
        (b"a b c\n" * 20, {"length": 2}, "no text to train on .*longer than 2 words: 20"),
        (b"a b\n" * 20, {"length": 0}, "data.length: received 0, expected an integer >= 1"),
        (b"a b\n" * 20, {"max_words": True}, "data.max_words: received True, expected an integer >= 1"),
        (b"a b\n" * 20, {"max_words": 2.5}, "data.max_words: received 2.5"),
        (b"a b\n" * 20, {"drop_oov": "yes"}, "data.drop_oov: received 'yes', expected true or false"),
        (b"a b\n" * 20, {"resolution": 32}, "data.resolution: received 32 .*expected none: texts have no pixels"),
        (b"a b\n" * 20, {"lenght": 3}, "data.lenght: unknown option .*did you mean 'length'"),
    ],
)
def test_invalid_files_and_options_are_refused_in_one_line(write, content, options, message):
    with pytest.raises(ValueError, match=message) as caught:
        load(write(content), **options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("source", "message"), [("lines:", "expected lines:FILE"), ("lines:/nowhere", "No such file")])
def test_missing_files_are_refused(source, message):
    with pytest.raises(ValueError, match=message):
        load(source)


def test_a_folder_is_not_a_text_file(tmp_path):
    with pytest.raises(ValueError, match="cannot be read"):
        load(f"lines:{tmp_path}")


def test_a_hundred_thousand_lines_take_seconds(write):
    random = np.random.default_rng(0)
    words = np.array([f"w{number}" for number in range(20_000)])
    lines = [" ".join(row) for row in words[random.zipf(1.3, (100_000, 10)) % 20_000]]
    load(write(CATS))
    # CPU time, since other processes may use the machine.
    start = time.process_time()
    assert len(load(write(lines))) == 90_000
    assert time.process_time() - start < 20
