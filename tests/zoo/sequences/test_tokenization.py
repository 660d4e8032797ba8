"""Tokens: Python, the graph, the program beside an exported file and JavaScript split texts in the same way."""

import itertools
import json
import re
import shutil
import subprocess
import unicodedata
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ganzoo.export.runtime import sample
from ganzoo.export.signatures.model_signatures import token_vocabulary
from ganzoo.zoo.errors import ArgumentError
from ganzoo.zoo.sequences.characters import UNSPACED_LETTERS, kinds_of, lower_case
from ganzoo.zoo.sequences.tokenization import Tokenizer, split_words, word_bag
from ganzoo.zoo.sequences.vocabulary import Vocabulary

ROWS = json.loads((Path(__file__).parent / "tokenization_strings.json").read_text(encoding="utf-8"))
TEXTS = [row["text"] for row in ROWS]
TOKENIZERS = [Tokenizer(*options) for options in itertools.product(("word", "character"), *[(False, True)] * 2)]
# Every code point that Unicode has assigned is below the first bound, or a variation selector or tag.
POINTS = [*range(0xD800), *range(0xE000, 0x34000), *range(0xE0000, 0xE0200)]
CHARACTERS = list(map(chr, POINTS))
each_tokenizer = pytest.mark.parametrize(
    "tokenizer", TOKENIZERS, ids=lambda each: "-".join(map(str, each.get_config().values()))
)


def in_graph(tokenizer, texts):
    """Returns the tokens of texts or bytes in the graph: list of lists of str."""
    split = tf.function(tokenizer.split_in_graph, autograph=False, input_signature=[tf.TensorSpec((None,), tf.string)])
    rows = split(np.array([text if isinstance(text, bytes) else text.encode() for text in texts], object))
    return [[token.decode() for token in row if token] for row in rows.to_list()]


def full_matches(pattern):
    return tf.strings.regex_full_match([character.encode() for character in CHARACTERS], pattern).numpy()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row["text"])[:20])
def test_words(row):
    assert split_words(row["text"]) == row["words"]


@pytest.mark.parametrize(
    ("options", "text", "expected"),
    [
        ({"keep_case": True}, "Straße ΟΔΟΣ İ", ["Straße", "ΟΔΟΣ", "İ"]),
        ({"keep_punctuation": True}, "Don't — 5 €!?", ["don", "'", "t", "—", "5", "€", "!", "?"]),
        ({"keep_punctuation": True}, "👩‍🚀❤️_", ["👩‍", "🚀", "❤️", "_"]),
        ({"keep_punctuation": True}, "好，看。", ["好", "，", "看", "。"]),
        ({"unit": "character"}, " No 7,\t\nहिन्दी! ", ["n", "o", " ", "7", " ", "हि", "न्", "दी"]),
        ({"unit": "character"}, "你好，世界", ["你", "好", " ", "世", "界"]),
        ({"unit": "character", "keep_punctuation": True}, "你好， No!", ["你", "好", "，", " ", "n", "o", "!"]),
        ({"unit": "character", "keep_case": True}, "́aÀ ́b", ["a", "À", " ", "b"]),
    ],
)
def test_options(options, text, expected):
    assert Tokenizer(**options).split(text) == expected


@each_tokenizer
def test_the_graph_and_the_program_split_as_python(tokenizer):
    expected = [tokenizer.split(text) for text in TEXTS]
    assert in_graph(tokenizer, [unicodedata.normalize("NFC", text) for text in TEXTS]) == expected
    assert [sample.split_words(text, **tokenizer.get_config()) for text in TEXTS] == expected


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_splits_as_python(tmp_path):
    """The code of the document, with the vocabulary files of all tokenizers."""
    document = (Path(__file__).parents[3] / "docs" / "devices.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```js\n(.*?)^```", document, re.MULTILINE | re.DOTALL)
    vocabularies = [Vocabulary(["a", "我"], 4, tokenizer) for tokenizer in TOKENIZERS]
    files = [token_vocabulary(4, vocabulary) for vocabulary in vocabularies]
    code += f"const texts = {json.dumps(TEXTS)}, files = {json.dumps(files)};\n"
    code += "console.log(JSON.stringify(files.map((file) => texts.map((text) => tokenize(text, file)))));\n"
    code += "console.log(JSON.stringify(files.map((file) => texts.map((text) => encode(text, file)))));\n"
    (tmp_path / "run.js").write_text(code, encoding="utf-8")
    process = subprocess.run(["node", tmp_path / "run.js"], capture_output=True, text=True, timeout=60, check=True)
    tokens, numbers = map(json.loads, process.stdout.splitlines())
    assert tokens == [[tokenizer.split(text) for text in TEXTS] for tokenizer in TOKENIZERS]
    assert numbers == [vocabulary.encode(TEXTS).tolist() for vocabulary in vocabularies]


@each_tokenizer
def test_joined_tokens_are_split_into_the_same_tokens(tokenizer):
    for text in TEXTS:
        tokens = tokenizer.split(text)
        joined = tokenizer.join(tokens)
        assert tokenizer.split(joined) == tokens
        assert sample.join_words(tokens, tokenizer.unit) == joined


@pytest.mark.parametrize(
    ("options", "tokens", "expected"),
    [
        ({}, ["no", "7", "好", "看", "no"], "no 7 好看 no"),
        ({}, ["ส", "วั", "ส", "ดี", "<unk>", "好"], "สวัสดี <unk> 好"),
        ({"keep_punctuation": True}, ["好", "，", "看", "。", "a", "!"], "好，看。 a !"),
        ({"unit": "character"}, ["n", "o", " ", "<unk>", "7"], "no <unk>7"),
        ({}, [], ""),
    ],
)
def test_tokens_are_joined_without_spaces_where_a_script_has_none(options, tokens, expected):
    assert Tokenizer(**options).join(tokens) == expected
    assert sample.join_words(tokens, options.get("unit", "word")) == expected


@each_tokenizer
def test_normal_forms_do_not_matter(tokenizer):
    for text in TEXTS:
        assert tokenizer.split(unicodedata.normalize("NFD", text)) == tokenizer.split(text)


def test_kinds_are_those_of_re2():
    """Of characters that Python's Unicode version knows; RE2 may know more."""
    assigned = np.array([unicodedata.category(character) != "Cn" for character in CHARACTERS])
    kinds = np.array(list(kinds_of("".join(CHARACTERS))))
    joiners = np.isin(POINTS, [0x200C, 0x200D])
    for classes, found in (
        (r"[\p{L}\p{N}]", np.isin(kinds, ["w", "s"])),
        (r"\p{M}", (kinds == "m") & ~joiners),
        (r"[\p{P}\p{S}]", kinds == "p"),
    ):
        np.testing.assert_array_equal(full_matches(classes)[assigned], found[assigned])
    assert (kinds[joiners] == "m").all()


def test_scripts_without_spaces_are_those_of_re2():
    """All their letters are in the ranges, and besides them only letters that Unicode assigns to several scripts."""
    letters = full_matches(r"\p{L}")
    scripts = full_matches(r"[\p{Thai}\p{Lao}\p{Myanmar}\p{Khmer}\p{Hiragana}\p{Katakana}\p{Han}]") & letters
    ranges = full_matches(f"[{UNSPACED_LETTERS}]")
    assert scripts[ranges].sum() == scripts.sum() > 90_000
    others = {
        character for character in np.array(CHARACTERS)[ranges & ~scripts] if unicodedata.category(character) != "Cn"
    }
    assert others == set("〆〱〲〳〴〵〼ーｰﾞﾟ")
    assert sample.UNSPACED_LETTERS == UNSPACED_LETTERS


def test_lower_case_is_the_same_for_every_character():
    lowered = [lower_case(character) for character in CHARACTERS]
    assert {character for character, lower in zip(CHARACTERS, lowered, strict=True) if len(lower) != 1} == set()
    cased = [character for character in CHARACTERS if lower_case(character) != character]
    assert len(cased) > 1300
    # Each between letters, so that it is part of a word.
    texts = [f"x{character}x" for character in cased if kinds_of(character) == "w"]
    texts = [text for text in texts if unicodedata.normalize("NFC", text) == text]
    assert len(texts) > 1300
    words = [[f"x{lower_case(text[1])}x"] for text in texts]
    assert in_graph(Tokenizer(), texts) == words
    assert [sample.split_words(text) for text in texts] == words
    assert [split_words(text) for text in texts] == words


def test_the_graph_does_not_depend_on_the_locale():
    """`tf.strings.lower` would make I a dotless letter where the environment is Turkish."""
    split = tf.function(
        Tokenizer().split_in_graph, autograph=False, input_signature=[tf.TensorSpec((None,), tf.string)]
    )
    types = {operation.type for operation in split.get_concrete_function().graph.get_operations()}
    assert "UnicodeDecode" in types
    assert "StringLower" not in types


@each_tokenizer
def test_what_is_not_unicode_separates_tokens(tokenizer):
    invalid = [b"a\xffb", b"\xe9", b"a\xed\xa0\x80b", b"\xf0\x9f\x98"]
    expected = [tokenizer.split(text.decode("utf-8", "replace")) for text in invalid]
    assert in_graph(tokenizer, invalid) == expected
    assert [token for token in tokenizer.split("a\ud800b") if token.isalpha()] == ["a", "b"]
    assert sample.split_words("a\ud800b", **tokenizer.get_config()) == tokenizer.split("a\ud800b")


@each_tokenizer
def test_a_vocabulary_encodes_and_decodes_with_its_tokenizer(tokenizer):
    text = "我 Go, 我!"
    vocabulary = Vocabulary.from_texts([text], tokenizer=tokenizer)
    tokens = vocabulary.encode([text])
    assert tokens.min() >= 2
    np.testing.assert_array_equal(vocabulary(np.array([text, ""])), [tokens[0], np.zeros(vocabulary.length)])
    assert vocabulary.decode(tokens) == [tokenizer.join(tokenizer.split(text))]
    assert vocabulary.unknown([text + " xyz"]) == sorted(
        {"word": ["xyz"], "character": ["x", "y", "z"]}[tokenizer.unit]
    )


def test_texts_of_the_same_words_have_the_same_bag():
    assert word_bag("A red circle.") == word_bag("CIRCLE: a red") != word_bag("a red square")
    # Without words, texts are compared as they are.
    assert word_bag("❤️") != word_bag("😀")
    assert word_bag("é") == word_bag("é")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"unit": "words"}, "unit: received 'words', expected one of"),
        ({"keep_case": 1}, "keep_case: received 1, expected true or false"),
        ({"keep_punctuation": "no"}, "keep_punctuation: received 'no'"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(ArgumentError, match=message):
        Tokenizer(**options)


def test_tokenizers_are_equal_by_their_options():
    assert Tokenizer.of({"unit": "character"}) == Tokenizer("character") != Tokenizer.of(None)
    assert Tokenizer.of(TOKENIZERS[3]) is TOKENIZERS[3]
    assert len(set(TOKENIZERS)) == 8
