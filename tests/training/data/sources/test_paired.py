"""Image pairs from folders in both layouts."""

import numpy as np
import pytest
from ganzoo.training.data import DataError, load
from ganzoo.training.data.images import paired_reader
from PIL import Image

from ..translation_data import stream

ORIENTATION = 0x0112


def noise(random, size=12):
    return Image.fromarray(random.integers(0, 256, (size, size, 3), np.uint8))


@pytest.fixture
def write_pairs(tmp_path):
    """Writes the same 20 pairs, of 12x12 pixels, in both layouts; returns the two folders."""

    def write(below="", num_samples=20, seed=0):
        random = np.random.default_rng(seed)
        for domain in "AB":
            (tmp_path / "two" / below / domain).mkdir(parents=True)
        (tmp_path / "one" / below).mkdir(parents=True)
        for number in range(num_samples):
            pair = [noise(random), noise(random)]
            joined = Image.new("RGB", (24, 12))
            for at, (image, domain) in enumerate(zip(pair, "AB", strict=True)):
                image.save(tmp_path / "two" / below / domain / f"{number:02d}.{['png', 'bmp'][at]}")
                joined.paste(image, (12 * at, 0))
            joined.save(tmp_path / "one" / below / f"{number:02d}.png")
        return tmp_path / "two", tmp_path / "one"

    return write


@pytest.mark.parametrize("resolution", [8, 12])
def test_both_layouts_of_pairs_hold_the_same_pixels(write_pairs, resolution):
    folder, single = write_pairs()
    two, one = load(f"paired:{folder}", resolution), load(f"paired:{single}", resolution)
    assert two.paired
    assert (len(two), len(two.held_out), two.shape) == (18, 2, (resolution, resolution, 3))
    for domain in "xy":
        for part in ("samples", "held_out"):
            expected = getattr(getattr(two, domain), part)
            np.testing.assert_array_equal(getattr(getattr(one, domain), part), expected)
    assert one.fingerprint == two.fingerprint
    np.testing.assert_array_equal(two.truth[0], two.y.held_out)
    np.testing.assert_array_equal(two.truth[1], two.x.held_out)
    if resolution == 12:
        with Image.open(folder / "A" / "09.png") as x, Image.open(folder / "B" / "09.bmp") as y:
            np.testing.assert_array_equal(two.held_out[0], np.asarray(x))
            np.testing.assert_array_equal(two.truth[0][0], np.asarray(y))
        # Reading the cache gives the same data as reading the files.
        assert load(f"paired:{folder}", 12).fingerprint == two.fingerprint


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_folders_of_held_out_pairs(write_pairs, held_out):
    write_pairs("train", 11)
    for folder in write_pairs(held_out, 3, seed=1):
        source = load(f"paired:{folder}", 12)
        assert (len(source), len(source.held_out)) == (11, 3)
        # No held-out pair is trained on.
        assert not (source.x.samples[:, None] == source.held_out[None]).all((2, 3, 4)).any()


def test_exif_orientations_are_applied_to_pairs(tmp_path, write_pairs):
    _, single = write_pairs()
    expected = load(f"paired:{single}", 12)
    for path in single.glob("*.png"):
        with Image.open(path) as image:
            stored = image.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        stored.save(path, exif=exif)
    upright = load(f"paired:{single}", 12)
    assert upright.fingerprint == expected.fingerprint


def test_images_without_a_pair_are_skipped_and_named(write_pairs, capsys):
    folder, single = write_pairs()
    (folder / "A" / "03.png").unlink()
    (folder / "B" / "05.bmp").unlink()
    (folder / "B" / "07.bmp").write_bytes(b"not an image")
    Image.new("L", (8, 8)).save(folder / "A" / "08.jpg")
    source = load(f"paired:{folder}", 12)
    message = capsys.readouterr().err
    assert source.facts["skipped"] == 4
    assert "4 images skipped" in message
    assert "A/05.png: no partner in B" in message
    assert "B/03.bmp: no partner in A" in message
    assert "which is used" in message
    assert len(source) + len(source.held_out) == 17
    numbers = [number for number in range(20) if number not in (3, 5, 7)]
    images = [Image.open(folder / domain / f"{numbers[9]:02d}.{kind}") for domain, kind in (("A", "png"), ("B", "bmp"))]
    np.testing.assert_array_equal(source.held_out[0], np.asarray(images[0]))
    np.testing.assert_array_equal(source.truth[0][0], np.asarray(images[1]))
    # Reading the cache reports it again.
    load(f"paired:{folder}", 12)
    assert "4 images skipped" in capsys.readouterr().err
    Image.new("L", (20, 8)).save(single / "00.png")
    assert load(f"paired:{single}", 12).facts["skipped"] == 1
    assert "00.png: 20 x 8 pixels, expected two squares side by side" in capsys.readouterr().err


def test_domains_may_differ_in_channels(tmp_path):
    for domain, mode in (("A", "L"), ("B", "RGB")):
        (tmp_path / domain).mkdir()
        for number in range(20):
            Image.new(mode, (8, 8), number if mode == "L" else (number, 5, 6)).save(tmp_path / domain / f"{number}.png")
    source = load(f"paired:{tmp_path}", 8)
    assert (source.shape, source.target_shape) == ((8, 8, 1), (8, 8, 3))
    np.testing.assert_array_equal(source.x.samples[..., 0], source.y.samples[..., 0])
    assert load(f"paired:{tmp_path}", 8, channels=3).shape == (8, 8, 3)


def test_unaligned_pairs_are_used_for_evaluation_only(write_pairs):
    folder, _ = write_pairs()
    source = load(f"paired:{folder}", 12, aligned=False)
    assert not source.paired
    np.testing.assert_array_equal(source.truth[0], source.y.held_out)
    rows = stream(source, 9)
    numbers = [
        [int(np.flatnonzero((domain.samples == image).all((1, 2, 3)))[0]) for image in rows[name]]
        for name, domain in (("x", source.x), ("y", source.y))
    ]
    assert np.mean(np.equal(*numbers)) < 0.3


def test_large_domains_stay_on_the_disk(write_pairs, monkeypatch):
    folder, _ = write_pairs()
    resident = load(f"paired:{folder}", 8, crop=4)
    monkeypatch.setattr("ganzoo.training.data.images.row_store.RESIDENT_BYTES", 10)
    large = load(f"paired:{folder}", 8, crop=4)
    assert isinstance(large.x.samples, np.memmap)
    assert large.fingerprint == resident.fingerprint
    assert large.truth[0].shape == (2, 8, 8, 3)
    for domain in "xy":
        np.testing.assert_array_equal(stream(large, 4)[domain], stream(resident, 4)[domain])


def test_folders_without_pairs_are_refused(tmp_path):
    with pytest.raises(DataError, match="received no pair"):
        load(f"paired:{tmp_path}")
    with pytest.raises(DataError, match="without trainA/, expected"):
        load(f"unpaired:{tmp_path}")
    (tmp_path / "trainA").mkdir()
    with pytest.raises(DataError, match="received no files in trainA/"):
        load(f"unpaired:{tmp_path}")
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="no readable images.*a.png: 8 x 8 pixels, expected two squares"):
        load(f"paired:{tmp_path}")
    with pytest.raises(DataError, match="none cannot be listed"):
        paired_reader.list_images("paired:x", str(tmp_path), "none")


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("paired:", {}, "expected a folder with A/ and B/"),
        ("paired:nowhere", {}, "received 'paired:nowhere', expected a folder with"),
        ("paired:nowhere", {"flip": "yes"}, "data.flip: received 'yes', expected true or false"),
        ("paired:nowhere", {"crop": -1}, "data.crop: received -1, expected an integer"),
        ("paired:nowhere", {"crop": True}, "data.crop: received True"),
        ("paired:nowhere", {"channels": 2}, "data.channels: received 2"),
        ("paired:nowhere", {"aligned": 1}, "data.aligned: received 1, expected true or false"),
    ],
)
def test_refusals(source, arguments, message):
    with pytest.raises(DataError, match=message) as caught:
        load(source, **arguments)
    assert "\n" not in str(caught.value)
