"""Tokenization of texts into words or characters, with the same result in Python and in the graph."""

import functools
import re
from itertools import chain, pairwise

import tensorflow as tf

from ..errors import ArgumentError
from .characters import GREEK, JOINERS, UNSPACED_LETTERS, WIDE_PUNCTUATION, kinds_of, lower_case, normalize

UNITS = ("word", "character")
# Tokens as regular expressions over the kinds of characters, without and with punctuation.
TOKENS = {"word": ("sm*|w[wm]*", "sm*|w[wm]*|pm*"), "character": ("[sw]m*", "[swp]m*")}
# The kinds as character classes of RE2 and JavaScript.
CLASSES = {"s": UNSPACED_LETTERS, "w": r"\p{L}\p{N}", "m": rf"\p{{M}}{JOINERS}", "p": r"\p{P}\p{S}"}
# No letter beyond has a lowercase letter of its own.
CASE_END = 0x20000


class Tokenizer:
    """Splits texts into tokens: words, or characters.

    With the unit "word" a token is a run of letters, marks and numbers that starts with a letter or number. In Han,
    Hiragana, Katakana, Thai, Lao, Khmer and Myanmar, which have no spaces between words, each letter is a token,
    together with its marks.

    With the unit "character" a token is a letter or number with its marks. Whatever lies between two of them, such as
    a space, is one token: a space.

    When to use it: a `Vocabulary` has one. Its options are those of a text source: `data.unit`, `data.keep_case` and
    `data.keep_punctuation`.

    Args:
        unit: "word" or "character". Default "word".
        keep_case: bool; by default texts are lowercased, see `normalize`.
        keep_punctuation: bool, whether each punctuation mark and symbol is a token of its own. By default they only
            separate other tokens.

    Raises:
        ArgumentError: an option of another value.

    Example:

    >>> Tokenizer().split("Man’s shoe, 好看!")
    ['man', 's', 'shoe', '好', '看']
    >>> Tokenizer(keep_case=True, keep_punctuation=True).split("Man’s")
    ['Man', '’', 's']
    >>> Tokenizer("character").split("No 7")
    ['n', 'o', ' ', '7']
    """

    def __init__(self, unit="word", keep_case=False, keep_punctuation=False):
        if unit not in UNITS:
            raise ArgumentError(f"unit: received {unit!r}, expected one of {list(UNITS)}")
        for name, value in (("keep_case", keep_case), ("keep_punctuation", keep_punctuation)):
            if not isinstance(value, bool):
                raise ArgumentError(f"{name}: received {value!r}, expected true or false")
        self.unit, self.keep_case, self.keep_punctuation = unit, keep_case, keep_punctuation
        self._token = re.compile(TOKENS[unit][keep_punctuation])

    def __eq__(self, other):
        return isinstance(other, Tokenizer) and self.get_config() == other.get_config()

    def __hash__(self):
        return hash(tuple(self.get_config().values()))

    def get_config(self):
        """Returns the constructor arguments: a dict that JSON can hold."""
        return {"unit": self.unit, "keep_case": self.keep_case, "keep_punctuation": self.keep_punctuation}

    @classmethod
    def of(cls, config):
        """Returns the tokenizer of a config, a tokenizer itself, or the default one of None."""
        return config if isinstance(config, cls) else cls(**(config or {}))

    def split(self, text):
        """Returns the tokens of a text: list of str."""
        text = normalize(text, self.keep_case)
        tokens, end = [], None
        for match in self._token.finditer(kinds_of(text)):
            if self.unit == "character" and end not in (None, match.start()):
                tokens.append(" ")
            tokens.append(text[match.start() : match.end()])
            end = match.end()
        return tokens

    def split_in_graph(self, texts):
        """Returns the tokens of a string tensor (batch,), which has to be in normal form C: ragged (batch, None).

        TensorFlow has no operation that normalizes. Bytes that are not UTF-8 separate tokens.
        """
        letter, token = self.patterns
        texts = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8")
        if not self.keep_case:
            texts = _lower_in_graph(texts)
        if self.unit == "word":
            texts = tf.strings.regex_replace(texts, letter, r" \0 ")
        # One line for each token, and an empty one for each character between them.
        texts = tf.strings.regex_replace(texts, f"(?s)({token})|.", "\\1\n")
        texts = tf.strings.regex_replace(texts, "^\n+|\n+$", "")
        texts = tf.strings.regex_replace(texts, "\n\n+", "\n \n" if self.unit == "character" else "\n")
        return tf.strings.split(texts, "\n")

    @property
    def patterns(self):
        """The rules as a list of two regular expressions for RE2 and for JavaScript with the flags g, s and u.

        The first one matches a letter of a script without spaces, with its marks. With the unit "word" a space is
        inserted before and after each match. The second one matches a token.
        """
        return [_with_classes("sm*"), _with_classes(TOKENS[self.unit][self.keep_punctuation])]

    def is_unspaced(self, token):
        """Returns whether a token follows another such token without a space in between, as Chinese characters do."""
        return self.unit == "character" or bool(re.match(f"[{UNSPACED_LETTERS}{WIDE_PUNCTUATION}]", token))

    def join(self, tokens):
        """Returns the text of tokens: words with a space between them, except between two that are unspaced.

        Args:
            tokens: list of str.

        Example:

        >>> Tokenizer().join(["no", "7", "好", "看"])
        'no 7 好看'
        """
        spaces = ["" if before and after else " " for before, after in pairwise(map(self.is_unspaced, tokens))]
        return "".join(chain.from_iterable(zip(["", *spaces], tokens, strict=True))) if tokens else ""


def split_words(text):
    """Returns the words of a text, in lower case and without punctuation: list of str; see `Tokenizer`."""
    return Tokenizer().split(text)


def word_bag(text):
    """Returns a str that is equal for texts of the same words in any order, whatever their case and punctuation.

    A text without words, such as one of emoji, is equal to itself only.

    Example:

    >>> word_bag("A red circle.") == word_bag("Circle: a red")
    True
    """
    return " ".join(sorted(split_words(text))) or normalize(text)


def _with_classes(pattern):
    """Returns a regular expression over kinds as one over characters."""
    return re.sub(r"\[\w+\]|\w", lambda match: f"[{''.join(CLASSES[kind] for kind in match[0].strip('[]'))}]", pattern)


def _lower_in_graph(texts):
    """Returns a string tensor in the lower case of `normalize`: that of `tf.strings.lower` depends on the locale."""
    texts = tf.strings.regex_replace(texts, f"([{GREEK}])Σ([^{GREEK}]|$)", r"\1ς\2")
    capitals, small = _case_pairs()
    points = tf.strings.unicode_decode(texts, "UTF-8")
    index = tf.minimum(tf.searchsorted(capitals, points.values), len(capitals) - 1)
    is_capital = tf.gather(capitals, index) == points.values
    lowered = points.with_values(tf.where(is_capital, tf.gather(small, index), points.values))
    return tf.strings.unicode_encode(lowered, "UTF-8")


@functools.cache
def _case_pairs():
    """Returns the code points that lowercasing changes, in ascending order, and those that they become."""
    lowered = [ord(lower_case(chr(point))) for point in range(CASE_END)]
    changed = [point for point, other in enumerate(lowered) if other != point]
    return changed, [lowered[point] for point in changed]
