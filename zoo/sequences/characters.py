"""The characters of texts: normalization, lower case, and the kinds of characters that tokens consist of.

Each character of a normalized text has a kind:

| kind | characters |
| --- | --- |
| w | letters and numbers: Unicode's categories L and N |
| s | letters of scripts without spaces between words, see `UNSPACED_LETTERS` |
| m | marks (category M) and the joiners U+200C and U+200D, which belong to the character before them |
| p | punctuation and symbols: categories P and S |
| (a space) | everything else, such as white space and control characters |

Python's `unicodedata`, RE2 in TensorFlow graphs and regular expressions of JavaScript with the flag u agree on these
kinds, up to letters that are newer than the Unicode version of one of them (Unicode 14 in Python 3.11).
"""

import re
import unicodedata

# Letters of Thai, Lao, Myanmar, Khmer, Hiragana, Katakana and Han. These are ranges rather than scripts, so that the
# Unicode version does not matter; they include the prolonged sound and iteration marks, which several scripts share.
UNSPACED_LETTERS = (
    "\u0e01-\u0e30\u0e32-\u0e33\u0e40-\u0e46"
    "\u0e81-\u0eb0\u0eb2-\u0eb3\u0ebd\u0ec0-\u0ec6\u0edc-\u0edf"
    "\u1000-\u102a\u103f\u1050-\u1055\u105a-\u105d\u1061\u1065-\u1066\u106e-\u1070\u1075-\u1081\u108e"
    "\ua9e0-\ua9e4\ua9e6-\ua9ef\ua9fa-\ua9fe\uaa60-\uaa76\uaa7a\uaa7e-\uaa7f"
    "\u1780-\u17b3\u17d7\u17dc"
    "\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"
    "\u3005-\u3006\u3031-\u3035\u303b-\u303c\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00016fe3\U00020000-\U0003fffd"
)
# Punctuation that is as wide as a Chinese character and has its own space.
WIDE_PUNCTUATION = (
    "\u3001-\u3004\u3008-\u3020\u3030\u3036-\u3037\u303d-\u303f\uff01-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65"
)
JOINERS = "\u200c\u200d"
GREEK = "\u0370-\u03ff\u1f00-\u1fff"

_surrogate = re.compile("[\ud800-\udfff]")
_unspaced_letter = re.compile(f"[{UNSPACED_LETTERS}]")
_final_sigma = re.compile(f"(?<=[{GREEK}])Σ(?![{GREEK}])")


def normalize(text, keep_case=False):
    """Returns a text in Unicode's normal form C (NFC) and, unless `keep_case`, in lower case.

    A lone surrogate, which no encoding can represent, is replaced by U+FFFD.

    Args:
        text: str.
        keep_case: bool. Default False.

    Example:

    >>> normalize("ΟΔΟΣ İstanbul")
    'οδος istanbul'
    """
    text = unicodedata.normalize("NFC", _surrogate.sub("\ufffd", text))
    return text if keep_case else lower_case(text)


def lower_case(text):
    """Returns a text in the lower case of no particular language.

    Each letter has one lowercase letter, that of İ is i. A Greek Σ after another Greek letter and not before one
    becomes ς.
    """
    # What is left for `lower` depends neither on the context nor on the language.
    return _final_sigma.sub("ς", text).replace("Σ", "σ").replace("İ", "i").lower()


class _Kinds(dict):
    """Code point -> kind, determined when a code point occurs for the first time."""

    def __missing__(self, point):
        character = chr(point)
        category = "M" if character in JOINERS else unicodedata.category(character)[0]
        kind = {"L": "w", "N": "w", "M": "m", "P": "p", "S": "p"}.get(category, " ")
        self[point] = "s" if _unspaced_letter.match(character) else kind
        return self[point]


_kinds = _Kinds()


def kinds_of(text):
    """Returns the kinds of a text's characters, one letter per character; see this module's table.

    Example:

    >>> kinds_of("Ça va? 好")
    'ww wwp s'
    """
    return text.translate(_kinds)
