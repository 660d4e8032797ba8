"""The project speaks the field's language: words that readers of Keras or GAN code would not expect are refused."""

import io
import re
import tokenize
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LIST = tomllib.loads((ROOT / "tests" / "wording.toml").read_text(encoding="utf-8"))
PROSE = re.compile("|".join(rf"\b(?:{pattern})\b" for group in LIST.values() for pattern in group), re.IGNORECASE)
PARTS = re.compile(
    "|".join(rf"\A(?:{word})\Z" for group in ("words", "british") for word in LIST[group]), re.IGNORECASE
)
FOLDERS = ("zoo", "export", "training", "configs", "tests", "benchmarks", "docs", "ganzoo")
SUFFIXES = (".py", ".md", ".toml", ".cfg", ".yml", ".yaml", ".cff", ".json")
# The list itself and its test, and the license of others.
EXEMPT = {"tests/wording.toml", "tests/test_wording.py"}


def files():
    """Yields the project's own text files."""
    for path in [*ROOT.glob("*"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*"))]:
        name = path.relative_to(ROOT).as_posix()
        if path.is_file() and path.suffix in SUFFIXES and name not in EXEMPT and "__pycache__" not in name:
            yield path, name


def parts(identifier):
    """Returns the words of an identifier.

    >>> parts("numSamples_of_HTTPServer")
    ['num', 'Samples', 'of', 'HTTP', 'Server']
    """
    return re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", identifier)


def refused(text):
    """Yields (line, word) of what a text says that it should not; identifiers count by their parts."""
    for match in PROSE.finditer(text):
        yield text.count("\n", 0, match.start()) + 1, match[0]
    for match in re.finditer(r"[A-Za-z_]*(?:_|[a-z][A-Z])\w*", text):
        for part in parts(match[0]):
            if PARTS.match(part):
                yield text.count("\n", 0, match.start()) + 1, match[0]


def test_no_file_uses_a_refused_word():
    found = [
        f"{name}:{line}: {word!r}" for path, name in files() for line, word in refused(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found[:40])


def test_names_of_files_are_free_of_refused_words():
    names = [name for _, name in files()]
    assert not [name for name in names for part in parts(name) if PARTS.match(part)]


def test_the_list_refuses_what_it_names():
    text = "# The whole sample hangs on the seed.\nasked_for = judgeSamples(colour, normalise)\n"
    words = {word for _, word in refused(text)}
    assert {"whole", "hangs on", "asked_for", "judgeSamples", "colour", "normalise"} <= words
    assert not list(refused("returns = num_samples  # replaces recommended normalization\n"))


def test_sources_are_read_as_python_reads_them():
    """Every source tokenizes, so that no word hides in a file that cannot be read."""
    for path, _ in files():
        if path.suffix == ".py":
            list(tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline))
