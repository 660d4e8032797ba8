"""Pairs of other proportions, and folders in the layout of another source."""

import unicodedata

import numpy as np
import pytest
from ganzoo.training.data import DataError, load
from PIL import Image

ORIENTATION = 0x0112


def ramp(width, height):
    """An image whose value is 255 * column / width."""
    columns = (np.arange(width) + 0.5) * 255 / width
    return Image.fromarray(np.repeat(columns[np.newaxis], height, axis=0).astype(np.uint8))


def write_folders(root, sizes, count=20):
    for domain, size in sizes.items():
        (root / domain).mkdir(parents=True)
        for number in range(count):
            ramp(*size).save(root / domain / f"{number:02}.png")


def write_joined(root, size, count=20, name="{:02}.png"):
    """Writes images whose left half is 60 and whose right half is 200; an odd width has a middle column of 255."""
    width, height = size
    pixels = np.full((height, width), 255, np.uint8)
    pixels[:, : width // 2], pixels[:, width - width // 2 :] = 60, 200
    root.mkdir(exist_ok=True)
    for number in range(count):
        Image.fromarray(pixels).save(root / name.format(number))


def test_both_sides_show_the_same_window(tmp_path):
    write_folders(tmp_path, {"A": (96, 64), "B": (192, 128)})
    source = load(f"paired:{tmp_path}", 16)
    assert len(source) == 18
    assert np.abs(source.x.samples.astype(int) - source.y.samples).max() <= 2


def test_pairs_of_unequal_proportions_are_skipped_and_named(tmp_path, capfd):
    write_folders(tmp_path, {"A": (96, 64), "B": (96, 64)})
    ramp(64, 64).save(tmp_path / "B" / "03.png")
    # An upright photograph beside a label map of its stored pixels.
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    ramp(96, 64).save(tmp_path / "A" / "05.png", exif=exif)
    source = load(f"paired:{tmp_path}", 16)
    assert len(source) + len(source.held_out) == 18
    assert source.facts["skipped"] == 2
    err = capfd.readouterr().err
    assert "A/03.png: 96 x 64 pixels, but B/03.png has 64 x 64: expected equal proportions" in err
    assert "A/05.png: 64 x 96 pixels, but B/05.png has 96 x 64" in err


def test_an_error_names_the_proportions_if_no_pair_remains(tmp_path):
    write_folders(tmp_path, {"A": (96, 64), "B": (64, 64)})
    with pytest.raises(DataError, match="A/00.png: 96 x 64 pixels, but B/00.png has 64 x 64"):
        load(f"paired:{tmp_path}", 16)


@pytest.mark.parametrize("size", [(96, 48), (97, 48), (95, 48), (128, 48), (129, 48), (96, 64), (400, 50)])
def test_halves_of_any_proportions(tmp_path, size, capfd):
    write_joined(tmp_path, size)
    source = load(f"paired:{tmp_path}", 8)
    assert (len(source), source.facts["skipped"]) == (18, 0)
    assert (source.x.samples == 60).all()
    assert (source.y.samples == 200).all()
    squares = abs(size[0] - 2 * size[1]) <= 1
    assert ("20 of 20 images are not two squares side by side" in capfd.readouterr().err) == (not squares)
    assert bool(source.notes) == (not squares)


def test_the_halves_are_cropped_like_two_files(tmp_path):
    write_folders(tmp_path / "two", {"A": (64, 48), "B": (64, 48)})
    (tmp_path / "one").mkdir()
    for number in range(20):
        joined = Image.new("L", (128, 48))
        for at, domain in enumerate("AB"):
            joined.paste(Image.open(tmp_path / "two" / domain / f"{number:02}.png"), (64 * at, 0))
        joined.save(tmp_path / "one" / f"{number:02}.png")
    assert load(f"paired:{tmp_path / 'one'}", 16).fingerprint == load(f"paired:{tmp_path / 'two'}", 16).fingerprint


def test_strays_among_two_squares_are_skipped(tmp_path, capfd):
    write_joined(tmp_path, (96, 48))
    write_joined(tmp_path, (72, 48), 1, "0photo.png")
    write_joined(tmp_path, (48, 96), 1, "0stacked.png")
    source = load(f"paired:{tmp_path}", 8)
    assert (len(source), len(source.held_out), source.facts["skipped"]) == (18, 2, 2)
    assert (source.x.samples == 60).all()
    err = capfd.readouterr().err
    assert "0photo.png: 72 x 48 pixels, expected two squares side by side\n" in err
    assert "0stacked.png: 48 x 96 pixels, expected two squares side by side, not one above the other" in err


@pytest.mark.parametrize("size", [(64, 48), (48, 48), (48, 96)])
def test_images_of_one_picture_are_refused(tmp_path, size):
    write_joined(tmp_path, size)
    with pytest.raises(DataError, match=f"{size[0]} x {size[1]} pixels, expected two squares side by side"):
        load(f"paired:{tmp_path}", 8)


def test_accents_are_compared_by_their_letters(tmp_path):
    write_folders(tmp_path, {"A": (8, 8), "B": (8, 8)}, 3)
    for domain, form in (("A", "NFC"), ("B", "NFD")):
        ramp(8, 8).save(tmp_path / domain / (unicodedata.normalize(form, "café") + ".png"))
    source = load(f"paired:{tmp_path}", 8)
    assert (len(source), source.facts["skipped"]) == (4, 0)
    assert "no image is held out" in source.notes[-1]


@pytest.mark.parametrize(
    ("kind", "folders", "hint"),
    [
        ("paired", ("trainA", "trainB"), "which has another layout.*did you mean 'unpaired:{root}'"),
        ("paired", ("A",), "with A/ but without B/"),
        ("paired", ("train/B",), "with train/B/ but without train/A/"),
        ("unpaired", ("A", "B"), "did you mean 'paired:{root}'.*'unpaired:folder:{root}/A,folder:{root}/B'"),
        ("unpaired", ("train/A", "train/B"), "did you mean 'paired:{root}'.*folder:{root}/train/A,"),
        ("unpaired", ("trainA",), "without trainB/"),
    ],
)
def test_other_layouts_are_recognized(tmp_path, kind, folders, hint):
    write_folders(tmp_path, dict.fromkeys(folders, (8, 8)), 2)
    with pytest.raises(DataError, match=hint.format(root=tmp_path)) as caught:
        load(f"{kind}:{tmp_path}", 8)
    assert "\n" not in str(caught.value)


def test_a_folder_of_no_pairs_names_the_reasons(tmp_path):
    write_folders(tmp_path, {"A": (8, 8), "B": (8, 8)}, 2)
    for path in (tmp_path / "B").iterdir():
        path.rename(path.with_stem(path.stem + "_B"))
    with pytest.raises(DataError, match="received no pair.*A/00.png: no partner in B"):
        load(f"paired:{tmp_path}", 8)
