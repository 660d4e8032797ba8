"""What is suggested to users who name a path in place of a data source."""

import gzip

import pytest
from ganzoo.training.config.recipe import RecipeError, load_recipe
from ganzoo.training.data import DataError, load
from PIL import Image


@pytest.fixture
def here(tmp_path, monkeypatch):
    """The current folder, which is also the home folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def suggestion(source):
    with pytest.raises(DataError) as error:
        load(source)
    message = str(error.value)
    assert message.startswith(f"data.source: received {source!r}, expected one of [")
    assert "\n" not in message
    return message.partition("KIND:ARGUMENT")[2]


@pytest.mark.parametrize(
    ("files", "kind"),
    [
        ([], "folder"),
        (["a.jpg", "readme.txt"], "folder"),
        (["cats/a.jpg", "dogs/a.jpg"], "folder"),
        (["metadata.jsonl", "a.jpg"], "captions"),
        (["metadata.csv", "a.jpg"], "captions"),
        (["trainA/a.jpg", "trainB/a.jpg"], "unpaired"),
        (["A/a.jpg", "B/a.jpg"], "paired"),
        (["train/A/a.jpg", "train/B/a.jpg"], "paired"),
        (["train-images-idx3-ubyte.gz"], "idx"),
    ],
)
@pytest.mark.parametrize("spelling", ["photos", "./photos/", "~/photos", "my photos (1) 猫", "C:", "digit"])
def test_a_folder_is_suggested_with_the_source_that_reads_its_layout(here, files, kind, spelling):
    folder = here / spelling.removeprefix("~/")
    folder.mkdir()
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    assert suggestion(spelling) == f"; did you mean '{kind}:{spelling}'?"


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("corpus.txt", b"a text\n", "did you mean 'lines:data/corpus.txt'?"),
        ("corpus", "ein schöner Text\n".encode("latin-1"), "did you mean 'lines:data/corpus'?"),
        ("train-images", b"\0\0\x08\x03", "did you mean 'idx:data'?"),
        ("t10k-labels-idx1-ubyte.gz", gzip.compress(b"\0\0\x08\x01", mtime=0), "did you mean 'idx:data'?"),
        ("metadata.jsonl", b"{}", "did you mean 'captions:data'?"),
        ("my recipe.toml", b"", "a recipe is trained with `ganzoo train 'data/my recipe.toml'`"),
        ("a.npz", b"PK\3\4\0", "arrays are data in Python"),
        ("a.bin", b"\1\0\0", ""),
    ],
)
def test_a_file_is_suggested_with_the_source_that_reads_it(here, name, content, expected):
    (here / "data").mkdir()
    (here / "data" / name).write_bytes(content)
    received = suggestion(f"data/{name}")
    assert received.startswith(f"; {expected}" if expected else "")
    assert bool(received) == bool(expected)


def test_a_picture_suggests_its_folder(here):
    Image.new("L", (8, 8)).save(here / "a.png")
    assert suggestion("a.png") == "; did you mean 'folder:.'?"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (r"C:\Users\me\photos", repr(r"folder:C:\Users\me\photos")),
        ("D:/photos", "'folder:D:/photos'"),
        ("Folder:photos", "'folder:photos'"),
        ("DIGITS", "'digits'"),
        ("digts", "'digits'"),
        ("folders:photos", "'folder'"),
        ("photos/missing", "there is no file or folder 'photos/missing'"),
        ("https://example.com/a.zip", "data are read from this machine"),
        ("zzz", ""),
        ("", ""),
    ],
)
def test_what_is_no_path_has_the_nearest_kind(here, source, expected):
    received = suggestion(source)
    assert expected in received
    assert bool(received) == bool(expected)


def test_recipes_and_their_option_have_the_suggestion(here):
    (here / "photos").mkdir()
    for arguments in ({"source": "photos"}, {"overrides": ["data.source='photos'"]}):
        with pytest.raises((DataError, RecipeError), match="did you mean 'folder:photos'"):
            load_recipe("gan_digits", **arguments)
