"""Files of captions: JSON lines and CSV, separators of paths, and lines that are refused by their number."""

import json

import pytest
from ganzoo.training.data import DataError
from ganzoo.training.data.texts.caption_files import read_captions

LINES = [("a.png", "eins, zwei"), ("more/b.png", 'ein "Zitat"\u2028 hier'), ("a.png", "猫")]
EXPECTED = {"a.png": ["eins, zwei", "猫"], "more/b.png": ['ein "Zitat"\u2028 hier']}


def as_json(lines):
    return "\n".join(json.dumps({"file_name": file, "text": text}, ensure_ascii=False) for file, text in lines)


def as_csv(lines):
    quoted = ['"{}"'.format(text.replace('"', '""')) for _, text in lines]
    return "\n".join(
        ["text,other,file_name", *(f"{text},,{file}" for text, (file, _) in zip(quoted, lines, strict=True))]
    )


@pytest.mark.parametrize(("name", "content"), [("metadata.jsonl", as_json(LINES)), ("metadata.csv", as_csv(LINES))])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=ascii)
def test_both_formats_in_any_encoding(tmp_path, name, content, encoding, end):
    (tmp_path / name).write_bytes((content.replace("\n", end) + end).encode(encoding))
    assert read_captions(tmp_path, "name") == EXPECTED


def test_paths_of_windows(tmp_path):
    lines = [("more\\b.png", "x"), ("more/b.png", "y"), (".\\more\\\\b.png", "z")]
    (tmp_path / "metadata.jsonl").write_text(as_json(lines))
    assert read_captions(tmp_path, "name") == {"more/b.png": ["x", "y", "z"]}
    # A file that really has this name keeps it.
    (tmp_path / "more\\b.png").touch()
    assert read_captions(tmp_path, "name") == {"more\\b.png": ["x"], "more/b.png": ["y", "z"]}


@pytest.mark.parametrize(
    ("file", "message"),
    [
        ("/etc/a.png", "absolute path '/etc/a.png'"),
        ("C:\\a.png", "absolute path"),
        ("\\\\server\\share\\a.png", "absolute path"),
        ("\\a.png", "absolute path"),
        ("../a.png", "'../a.png', which is outside the folder"),
        ("more/../../a.png", "outside the folder"),
        ("..\\a.png", "outside the folder"),
        ("", "received '', expected the path of an image"),
        (".", "expected the path of an image"),
        ("a\0.png", "expected the path of an image"),
    ],
)
def test_files_outside_the_folder_are_refused(tmp_path, file, message):
    (tmp_path / "metadata.jsonl").write_text(as_json([("a.png", "x"), (file, "y")]))
    with pytest.raises(
        DataError, match=f"^name: line 2 of metadata.jsonl: received .*{message.replace('received ', '')}"
    ):
        read_captions(tmp_path, "name")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", r"line 1 of metadata.csv: received columns \[\], expected 'file_name' and 'text'"),
        ("file,text\na,b", r"received columns \['file', 'text'\]"),
        ("file_name;text\na;b", "separated by commas"),
        ("file_name,text\na.png,one, two", "line 2 of metadata.csv: received 2 columns but another number"),
        ("file_name,text\na.png,one\nb.png", "line 3 of metadata.csv"),
        ('file_name,text\na.png,"one\nb.png,two', "of metadata.csv: unexpected end of data"),
        ('file_name,text\na.png,"one" two', "line 2 of metadata.csv"),
    ],
)
def test_invalid_csv_is_refused_in_one_line(tmp_path, content, message):
    (tmp_path / "metadata.csv").write_text(content)
    with pytest.raises(DataError, match=message) as caught:
        read_captions(tmp_path, "name")
    assert "\n" not in str(caught.value)


def test_columns_may_have_spaces_and_captions_may_have_several_lines(tmp_path):
    (tmp_path / "metadata.csv").write_text('file_name, text\na.png,"one\ntwo"\n\nb.png,\n')
    assert read_captions(tmp_path, "name") == {"a.png": ["one\ntwo"], "b.png": [""]}


def test_two_files_are_refused(tmp_path):
    (tmp_path / "metadata.csv").write_text(as_csv(LINES))
    (tmp_path / "metadata.jsonl").write_text(as_json(LINES))
    with pytest.raises(DataError, match="received both metadata.jsonl and metadata.csv"):
        read_captions(tmp_path, "name")


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "metadata.jsonl").write_bytes(b'{"file_name": "a.png", "text": "caf\xe9"}')
    with pytest.raises(DataError, match="^name: .*metadata.jsonl cannot be read as utf-8: 0xE9 at position 35"):
        read_captions(tmp_path, "name")
