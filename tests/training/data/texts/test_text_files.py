"""One reader of text files: encodings, line ends, and what is refused with its position and the cure."""

import codecs
import gzip

import pytest
from ganzoo.training.cli.sample_command import _read_captions
from ganzoo.training.config.recipe import RecipeError, load_recipe
from ganzoo.training.data import DataError, load
from ganzoo.training.data.texts.text_files import read_lines, read_text

TEXT = "Grün\u2028weiß\x0cund\x0b猫\x85𠮷\nzwei"
RECIPE = '[data]\nsource = "digits"\n[model]\nvariant = "gan"\n[train]\nsteps = 7\n'
ENCODINGS = {
    "utf-8": TEXT.encode(),
    "mark": codecs.BOM_UTF8 + TEXT.encode(),
    "utf-16": codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"),
    "big": codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"),
    "utf-32": codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"),
}


@pytest.fixture
def write(tmp_path):
    def write(content, name="a.txt"):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("content", ENCODINGS.values(), ids=ENCODINGS.keys())
def test_encodings(write, content):
    assert read_text(write(content), "name") == TEXT


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_only_line_ends_end_a_line(write, end, encoding):
    lines = ["one\u2028two\x0bthree\x0cfour\x85five\x1csix", "", "x" * 1_000_000, " seven "]
    for last in ("", end):
        assert read_lines(write((end.join(lines) + last).encode(encoding)), "name") == lines
    assert read_lines(write(b""), "name") == []
    assert read_lines(write(b"\r\n\r\n"), "name") == ["", ""]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "ab\ncaf\xe9\n".encode("cp1252"),
            r"as utf-8: 0xE9 at position 6 \(line 2\) is no text, .*iconv -f WINDOWS-1252",
        ),
        (codecs.BOM_UTF8 + b"a\rb\r\x80", r"0x80 at position 7 \(line 3\)"),
        (b"caf\xc3", r"0xC3 at position 3 \(line 1\)"),
        (b"\xed\xa0\x80", r"0xED at position 0 "),
        ("één".encode("utf-16-le"), r"0x00 at position 1 \(line 1\) .*iconv -f UTF-16LE"),
        ("een\ntwee".encode("utf-16-be"), r"0x00 at position 0 \(line 1\) .*iconv -f UTF-16BE"),
        (b"text\n" * 50 + b"\0", r"0x00 at position 250 \(line 51\) .*remove these bytes"),
        ("ab\0".encode("utf-16"), r"as utf-16-le: 0x00 at position 6"),
        (codecs.BOM_UTF16_LE + b"a\0b", "as utf-16-le: .* at position 4"),
        (gzip.compress(b"text", mtime=0), "it is compressed with gzip, .*: unpack it with `gunzip`"),
        (b"PK\x03\x04...", "an office document, .*plain text"),
        (b"%PDF-1.7", "a PDF document"),
    ],
)
def test_other_files_are_refused_in_one_line(write, content, message):
    path = write(content)
    with pytest.raises(DataError, match=f"^name cannot be read.*{message}") as caught:
        read_text(path, "name")
    assert "\n" not in str(caught.value)
    assert "expected a text file in UTF-8" in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    for path, message in ((tmp_path / "none", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(DataError, match=rf"^name cannot be read \({message}.*\), expected a text file in UTF-8"):
            read_text(path, "name")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
def test_recipes_and_captions_are_read_alike(write, encoding, end):
    assert load_recipe(str(write(RECIPE.replace("\n", end).encode(encoding), "a.toml"))).train.steps == 7
    path = write(f"  Ein Haus\u2028am See {end}{end}zwei".encode(encoding))
    assert _read_captions(str(path)) == ["Ein Haus\u2028am See", "zwei"]
    lines = [f"zeile\x85{number}" for number in range(20)]
    assert len(load(f"lines:{write(end.join(lines).encode(encoding))}")) == 18


def test_messages_are_the_same_everywhere(write):
    path = write(b"caf\xe9", "a.toml")
    rest = (
        r" cannot be read as utf-8: 0xE9 at position 3 \(line 1\) is no text, expected a text file in UTF-8: convert it"
    )
    with pytest.raises(RecipeError, match=f"^recipe: {path}{rest}"):
        load_recipe(str(path))
    with pytest.raises(ValueError, match=f"^--text-file: {path}{rest}"):
        _read_captions(str(path))
    with pytest.raises(DataError, match=f"^lines:{path}{rest}"):
        load(f"lines:{path}")
