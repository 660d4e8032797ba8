"""Two domains: which pictures belong together, in what order they come, and what becomes of them on the way."""

import io

import numpy as np
import pytest
import tensorflow_datasets as tfds
from ganzoo.training.data import DataError, ImageSource, TranslationSource, load, sides
from ganzoo.training.data.drawing import render
from ganzoo.training.data.pictures import as_png
from ganzoo.training.data.records import quiet_tfds
from PIL import Image

ORIENTATION = 0x0112


def shades(num, first=0, size=8, channels=1):
    """Pictures of one shade each: number i has the shade first + i."""
    return (first + np.arange(num)).astype(np.uint8).reshape(-1, 1, 1, 1) * np.ones((1, size, size, channels), np.uint8)


def two_sides(x, y, held_out=2, **settings):
    parts = [ImageSource(name, rows[held_out:], rows[:held_out]) for name, rows in (("x", x), ("y", y))]
    return TranslationSource("test", *parts, **settings)


def stream(source, batches, batch_size=10, seed=3, start_step=0):
    """The first batches of a stream, joined: dict of side -> (batches * batch_size, height, width, channels)."""
    taken = list(source.batches(batch_size, seed, start_step).take(batches).as_numpy_iterator())
    assert all(set(batch) == {"x", "y"} and batch["x"].dtype == batch["y"].dtype == np.uint8 for batch in taken)
    return {side: np.concatenate([batch[side] for batch in taken]) for side in "xy"}


def first_pixels(rows):
    return {side: images[:, 0, 0, 0] for side, images in rows.items()}


def noise(random, size=12):
    return Image.fromarray(random.integers(0, 256, (size, size, 3), np.uint8))


@pytest.fixture
def write_pairs(tmp_path):
    """Writes the same 20 pairs, of 12x12 pixels, in both layouts; returns the two folders."""

    def write(below="", num=20, seed=0):
        random = np.random.default_rng(seed)
        for side in "AB":
            (tmp_path / "two" / below / side).mkdir(parents=True)
        (tmp_path / "one" / below).mkdir(parents=True)
        for number in range(num):
            pair = [noise(random), noise(random)]
            whole = Image.new("RGB", (24, 12))
            for at, (picture, side) in enumerate(zip(pair, "AB", strict=True)):
                picture.save(tmp_path / "two" / below / side / f"{number:02d}.{['png', 'bmp'][at]}")
                whole.paste(picture, (12 * at, 0))
            whole.save(tmp_path / "one" / below / f"{number:02d}.png")
        return tmp_path / "two", tmp_path / "one"

    return write


@pytest.mark.parametrize("resolution", [8, 12])
def test_both_layouts_of_pairs_hold_the_same_pixels(write_pairs, resolution):
    folder, single = write_pairs()
    two, one = load(f"paired:{folder}", resolution), load(f"paired:{single}", resolution)
    assert two.paired
    assert (len(two), len(two.held_out), two.shape) == (18, 2, (resolution, resolution, 3))
    for side in "xy":
        for part in ("samples", "held_out"):
            expected = getattr(getattr(two, side), part)
            np.testing.assert_array_equal(getattr(getattr(one, side), part), expected)
    assert one.fingerprint == two.fingerprint
    np.testing.assert_array_equal(two.truth[0], two.y.held_out)
    np.testing.assert_array_equal(two.truth[1], two.x.held_out)
    if resolution == 12:
        with Image.open(folder / "A" / "09.png") as x, Image.open(folder / "B" / "09.bmp") as y:
            np.testing.assert_array_equal(two.held_out[0], np.asarray(x))
            np.testing.assert_array_equal(two.truth[0][0], np.asarray(y))
        # From the cache as from the files.
        assert load(f"paired:{folder}", 12).fingerprint == two.fingerprint


@pytest.mark.parametrize("held_out", ["test", "val"])
def test_folders_of_held_out_pairs(write_pairs, held_out):
    write_pairs("train", 11)
    for folder in write_pairs(held_out, 3, seed=1):
        source = load(f"paired:{folder}", 12)
        assert (len(source), len(source.held_out)) == (11, 3)
        # Nothing that is held out is trained on.
        assert not (source.x.samples[:, None] == source.held_out[None]).all((2, 3, 4)).any()


def test_pairs_are_turned_as_their_exif_data_say(tmp_path, write_pairs):
    _, single = write_pairs()
    expected = load(f"paired:{single}", 12)
    for path in single.glob("*.png"):
        with Image.open(path) as picture:
            stored = picture.transpose(Image.Transpose.ROTATE_90)
        exif = Image.Exif()
        exif[ORIENTATION] = 6
        stored.save(path, exif=exif)
    turned = load(f"paired:{single}", 12)
    assert turned.fingerprint == expected.fingerprint


def test_what_makes_no_pair_is_left_out_and_named(write_pairs, capsys):
    folder, single = write_pairs()
    (folder / "A" / "03.png").unlink()
    (folder / "B" / "05.bmp").unlink()
    (folder / "B" / "07.bmp").write_bytes(b"no picture")
    Image.new("L", (8, 8)).save(folder / "A" / "08.jpg")
    source = load(f"paired:{folder}", 12)
    told = capsys.readouterr().err
    assert source.facts["skipped"] == 4
    assert "4 pictures skipped" in told
    assert "A/05.png: no partner in B" in told
    assert "B/03.bmp: no partner in A" in told
    assert "which is taken" in told
    assert len(source) + len(source.held_out) == 17
    kept = [number for number in range(20) if number not in (3, 5, 7)]
    pictures = [Image.open(folder / side / f"{kept[9]:02d}.{kind}") for side, kind in (("A", "png"), ("B", "bmp"))]
    np.testing.assert_array_equal(source.held_out[0], np.asarray(pictures[0]))
    np.testing.assert_array_equal(source.truth[0][0], np.asarray(pictures[1]))
    # From the cache it is told again.
    load(f"paired:{folder}", 12)
    assert "4 pictures skipped" in capsys.readouterr().err
    Image.new("L", (20, 8)).save(single / "00.png")
    assert load(f"paired:{single}", 12).facts["skipped"] == 1
    assert "00.png: 20 x 8 pixels, expected two squares side by side" in capsys.readouterr().err


def test_sides_have_channels_of_their_own(tmp_path):
    for side, mode in (("A", "L"), ("B", "RGB")):
        (tmp_path / side).mkdir()
        for number in range(20):
            Image.new(mode, (8, 8), number if mode == "L" else (number, 5, 6)).save(tmp_path / side / f"{number}.png")
    source = load(f"paired:{tmp_path}", 8)
    assert (source.shape, source.target_shape) == ((8, 8, 1), (8, 8, 3))
    np.testing.assert_array_equal(source.x.samples[..., 0], source.y.samples[..., 0])
    assert load(f"paired:{tmp_path}", 8, channels=3).shape == (8, 8, 3)


def test_pairs_that_are_not_aligned_serve_for_scoring_only(write_pairs):
    folder, _ = write_pairs()
    source = load(f"paired:{folder}", 12, aligned=False)
    assert not source.paired
    np.testing.assert_array_equal(source.truth[0], source.y.held_out)
    rows = stream(source, 9)
    numbers = [
        [int(np.flatnonzero((side.samples == image).all((1, 2, 3)))[0]) for image in rows[name]]
        for name, side in (("x", source.x), ("y", source.y))
    ]
    assert np.mean(np.equal(*numbers)) < 0.3


def test_pairs_come_together_and_each_once_a_pass():
    source = two_sides(shades(52), shades(52, 100), paired=True)
    assert len(source) == 50
    rows = first_pixels(stream(source, 10))
    np.testing.assert_array_equal(rows["x"] + 100, rows["y"])
    for part in (rows["x"][:50], rows["x"][50:]):
        assert sorted(part) == list(range(2, 52))
    assert list(rows["x"][:50]) != list(rows["x"][50:])


def test_without_pairs_the_sides_know_nothing_of_each_other():
    source = two_sides(shades(102), shades(42, 150))
    assert len(source) == 100
    assert repr(source) == ("TranslationSource('test', 100 and 40 + 2 held out, (8, 8, 1) to (8, 8, 1), unpaired)")
    rows = first_pixels(stream(source, 200))
    for part in rows["x"].reshape(-1, 100):
        assert sorted(part) == list(range(2, 102))
    for part in rows["y"].reshape(-1, 40):
        assert sorted(part) == list(range(152, 192))
    assert abs(np.corrcoef(rows["x"], rows["y"])[0, 1]) < 0.08
    alike = first_pixels(stream(two_sides(shades(202), shades(202)), 40))
    assert np.mean(alike["x"] == alike["y"]) < 0.03


@pytest.mark.parametrize("settings", [{}, {"paired": True}, {"flip": True, "crop": 2}])
@pytest.mark.parametrize("start", [1, 7, 23])
def test_a_stream_can_be_entered_anywhere(settings, start):
    random = np.random.default_rng(0)
    x, y = (random.integers(0, 256, (37, 8, 8, 1), np.uint8) for _ in range(2))
    source = two_sides(x, y[: None if "paired" in settings else 20], **settings)
    whole = stream(source, start + 4)
    entered = stream(source, 4, start_step=start)
    for side in "xy":
        np.testing.assert_array_equal(whole[side][10 * start :], entered[side])
    other = stream(source, 4, seed=4)
    assert (other["x"] != whole["x"][:40]).any()


def placed(num, size=12):
    """Pictures whose pixels tell where they are: 16 * row + column."""
    rows, columns = np.indices((size, size))
    return np.broadcast_to((16 * rows + columns).astype(np.uint8)[None, ..., None], (num, size, size, 1)).copy()


def windows(images):
    """Returns (top, left, mirrored) of windows of `placed` pictures, having checked every pixel."""
    mirrored = images[:, 0, 0, 0] > images[:, 0, -1, 0]
    straight = np.where(mirrored[:, None, None, None], images[:, :, ::-1], images)
    top, left = np.divmod(straight[:, 0, 0, 0].astype(int), 16)
    whole = placed(1)[0]
    side = images.shape[1]
    for image, down, across in zip(straight, top, left, strict=True):
        np.testing.assert_array_equal(image, whole[down : down + side, across : across + side])
    return np.stack([top, left, mirrored], axis=1)


@pytest.mark.parametrize("paired", [True, False])
def test_windows_are_fresh_uniform_and_of_pairs_the_same(paired):
    source = two_sides(placed(52), placed(52), paired=paired, flip=True, crop=4)
    assert source.shape == source.held_out.shape[1:] == source.samples.shape[1:] == (8, 8, 1)
    # In the centre, and never mirrored.
    np.testing.assert_array_equal(windows(source.held_out), [[2, 2, 0]] * 2)
    x, y = (windows(images) for images in stream(source, 200).values())
    if paired:
        np.testing.assert_array_equal(x, y)
    else:
        assert np.mean((x == y).all(1)) < 0.05
        for column in range(3):
            assert abs(np.corrcoef(x[:, column], y[:, column])[0, 1]) < 0.1
    for drawn in (x, y):
        counts = np.histogramdd(drawn, bins=(5, 5, 2))[0].ravel()
        assert len(counts) == 50
        # 2,000 draws, 40 expected of each; 0.999 of the chi-squared distribution of 49 degrees is 85.
        assert np.sum((counts - 40) ** 2 / 40) < 85
        # Another pass, another window; and within a batch each picture has its own.
        assert np.mean((drawn[:50] == drawn[50:100]).all(1)) < 0.2
        assert len(np.unique(drawn[:10], axis=0)) > 5


def test_flipping_alone_keeps_the_whole_picture():
    drawn = windows(stream(two_sides(placed(52), placed(52), flip=True), 40)["x"])
    np.testing.assert_array_equal(drawn[:, :2], 0)
    assert 0.4 < drawn[:, 2].mean() < 0.6
    np.testing.assert_array_equal(windows(stream(two_sides(placed(52), placed(52), crop=4), 4)["y"])[:, 2], 0)


def test_large_sides_stay_on_the_disk(write_pairs, monkeypatch):
    folder, _ = write_pairs()
    resident = load(f"paired:{folder}", 8, crop=4)
    monkeypatch.setattr("ganzoo.training.data.rows.RESIDENT_BYTES", 10)
    large = load(f"paired:{folder}", 8, crop=4)
    assert isinstance(large.x.samples, np.memmap)
    assert large.fingerprint == resident.fingerprint
    assert large.truth[0].shape == (2, 8, 8, 3)
    for side in "xy":
        np.testing.assert_array_equal(stream(large, 4)[side], stream(resident, 4)[side])


def test_settings_make_other_data():
    x, y = shades(22), shades(22, 100)
    every = [{}, {"paired": True}, {"flip": True}, {"crop": 1}, {"crop": 2}]
    assert len({two_sides(x, y, **settings).fingerprint for settings in every} | {two_sides(y, x).fingerprint}) == 6


def test_any_two_sources_are_two_domains(tmp_path):
    folder = tmp_path / "some, where"
    folder.mkdir()
    for number in range(20):
        Image.new("RGB", (9, 9), (number, 0, 1)).save(folder / f"{number}.png")
    source = load(f"unpaired:digits,folder:{folder}", 8, crop=2, cache_dir=str(tmp_path / "cache"))
    assert (source.shape, source.target_shape, source.truth) == ((8, 8, 1), (8, 8, 3), None)
    assert (len(source.x), len(source.y), len(source)) == (1618, 18, 1618)
    assert (tmp_path / "cache" / "folder").exists()
    turned = load(f"unpaired:folder:{folder},digits", 8)
    assert turned.shape == (8, 8, 3)
    np.testing.assert_array_equal(turned.y.samples, load("digits").samples)
    assert load("unpaired:digits,digits").shape == (64, 64, 1)


def write_domains(root, folders):
    for folder, (first, num) in folders.items():
        (root / folder).mkdir()
        for number in range(first, first + num):
            Image.new("RGB", (9, 9), (number, 0, 1)).save(root / folder / f"{number:03d}.png")


def test_a_folder_of_two_domains(tmp_path, capsys):
    write_domains(tmp_path, {"trainA": (0, 20), "trainB": (50, 30)})
    (tmp_path / "trainB" / "bad.png").write_bytes(b"no picture")
    source = load(f"unpaired:{tmp_path}", 8)
    assert source.x.held_out[:, 0, 0, 0].tolist() == [9, 19]
    assert source.y.held_out[:, 0, 0, 0].tolist() == [59, 69, 79]
    assert len(source) == 27
    assert source.facts["skipped"] == 1
    assert "trainB/bad.png: not a picture" in capsys.readouterr().err
    write_domains(tmp_path, {"testA": (100, 3), "testB": (110, 4)})
    source = load(f"unpaired:{tmp_path}", 8)
    assert source.x.samples[:, 0, 0, 0].tolist() == list(range(20))
    assert source.held_out[:, 0, 0, 0].tolist() == [100, 101, 102]
    assert source.y.held_out[:, 0, 0, 0].tolist() == [110, 111, 112, 113]


def test_a_dataset_of_two_domains(tmp_path):
    def examples(first, num):
        for number in range(first, first + num):
            yield number, {"image": io.BytesIO(as_png(shades(1, number, channels=3)[0])), "label": number % 2}

    splits = {"trainA": (0, 12), "trainB": (50, 9), "testA": (100, 2), "testB": (110, 3)}
    features = {
        "image": tfds.features.Image(shape=(None, None, 3), encoding_format="png"),
        "label": tfds.features.ClassLabel(names=["A", "B"]),
    }
    with quiet_tfds():
        tfds.dataset_builders.store_as_tfds_dataset(
            name="zebras", version="3.0.0", data_dir=tmp_path, features=tfds.features.FeaturesDict(features),
            split_datasets={name: examples(*rows) for name, rows in splits.items()}, disable_shuffling=True,
        )  # fmt: skip
    source = load("unpaired:tfds:zebras", 8, data_dir=str(tmp_path))
    found = [source.x.samples, source.y.samples, source.x.held_out, source.y.held_out]
    for images, (first, num) in zip(found, splits.values(), strict=True):
        assert images[:, 0, 0, 0].tolist() == list(range(first, first + num))


@pytest.mark.parametrize(("style", "changed"), [("fill", "fill"), ("light", "background")])
def test_drawn_domains_differ_in_one_factor(style, changed):
    """At 24 pixels: below, the hole of some small outlined shapes is nowhere to be seen."""
    source = load(f"restyled:{style}", 24, count=200)
    assert (len(source.x), len(source.y), len(source.held_out), source.paired) == (90, 90, 20, False)
    for value, (side, other, truth) in enumerate([(source.x, source.y, 0), (source.y, source.x, 1)]):
        truth = source.truth[truth]
        np.testing.assert_array_equal(side.held_out, render(side.held_out_factors, 24))
        np.testing.assert_array_equal(truth, render(side.held_out_factors | {changed: np.full(20, 1 - value)}, 24))
        assert (truth != side.held_out).any((1, 2, 3)).all()
        np.testing.assert_array_equal(side.samples, render(side.factors, 24))
        np.testing.assert_array_equal(side.labels, side.factors["shape"])
        assert set(side.factors[changed]) == {value}
        # No counterpart of a training picture, and no held-out picture, is trained on.
        counterparts = render(side.factors | {changed: np.full(90, 1 - value)}, 24)
        for pictures, rows in ((counterparts, other), (side.held_out, side), (truth, other)):
            assert not (pictures[:, None] == rows.samples[None]).all((2, 3, 4)).any()
    if style == "light":
        # Which colours a shape has tells right from exchanged ones, though no picture has its counterpart.
        for side in (source.x, source.y):
            further = (side.factors["colour"] - side.factors["shape"]) % 8
            assert set(further) == {0, 1}
            assert 0.5 < (further == 0).mean() < 0.75
            assert set(side.factors["fill"]) == {0}
    assert source.facts["changed"] == changed
    assert source.x.facts["factors"]["shape"][0] == "circle"


def test_drawn_pairs():
    source = load("restyled:light", 16, count=100, paired=True)
    assert (len(source), source.paired) == (90, True)
    np.testing.assert_array_equal(source.y.samples, render(source.x.factors | {"background": np.ones(90, int)}, 16))
    assert load("restyled:fill", count=40).shape == (32, 32, 3)


def test_negatives_of_digits():
    source, digits = load("restyled:invert"), load("digits", 16)
    assert source.shape == (16, 16, 1)
    np.testing.assert_array_equal(source.x.samples, digits.samples[::2])
    np.testing.assert_array_equal(source.y.samples, 255 - digits.samples[1::2])
    np.testing.assert_array_equal(source.y.labels, digits.labels[1::2])
    np.testing.assert_array_equal(source.held_out, digits.held_out)
    np.testing.assert_array_equal(source.truth[0], 255 - digits.held_out)
    np.testing.assert_array_equal(source.truth[1], digits.held_out)
    paired = load("restyled:invert", paired=True)
    np.testing.assert_array_equal(paired.x.samples, 255 - paired.y.samples)
    assert len(paired) == 1618


@pytest.mark.parametrize(
    ("source", "arguments", "message"),
    [
        ("paired:", {}, "expected a folder with A/ and B/"),
        ("paired:nowhere", {}, "received 'paired:nowhere', expected a folder with"),
        ("paired:nowhere", {"flip": "yes"}, "data.flip: received 'yes', expected true or false"),
        ("paired:nowhere", {"crop": -1}, "data.crop: received -1, expected a whole number"),
        ("paired:nowhere", {"crop": True}, "data.crop: received True"),
        ("paired:nowhere", {"channels": 2}, "data.channels: received 2"),
        ("paired:nowhere", {"aligned": 1}, "data.aligned: received 1, expected true or false"),
        ("unpaired:digits", {}, "received 'unpaired:digits', expected two sources such as"),
        ("unpaired:digits,nothing:a", {}, "expected two sources such as"),
        ("unpaired:digits,restyled:fill", {}, "received TranslationSource.*expected pictures of one domain"),
        ("unpaired:digits,shapes", {"resolution": 120, "crop": 10}, "data.crop: received 10 .*at most 128 together"),
        ("restyled:", {}, "expected restyled:STYLE, one of"),
        ("restyled:fil", {}, "did you mean 'fill'"),
        ("restyled:fill", {"count": 10}, "received count 10 and seed 0, expected whole numbers"),
        ("restyled:invert", {"seed": 1}, "expected neither: it has the digits"),
        ("restyled:fill", {"paired": "no"}, "data.paired: received 'no', expected true or false"),
    ],
)
def test_refusals(source, arguments, message):
    with pytest.raises(DataError, match=message) as caught:
        load(source, **arguments)
    assert "\n" not in str(caught.value)


def test_folders_without_pairs_are_refused(tmp_path):
    with pytest.raises(DataError, match="received no pair"):
        load(f"paired:{tmp_path}")
    with pytest.raises(DataError, match="without trainA/, expected"):
        load(f"unpaired:{tmp_path}")
    (tmp_path / "trainA").mkdir()
    with pytest.raises(DataError, match="received no files in trainA/"):
        load(f"unpaired:{tmp_path}")
    Image.new("L", (8, 8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="no picture that can be read.*a.png: 8 x 8 pixels, expected two squares"):
        load(f"paired:{tmp_path}")
    with pytest.raises(DataError, match="none cannot be listed"):
        sides.list_pictures("paired:x", str(tmp_path), "none")


def test_sides_that_do_not_fit_are_refused():
    x = shades(22)
    for y, settings, message in (
        (shades(22, size=12), {}, r"\(8, 8, 1\) and \(12, 12, 1\), expected as many pixels"),
        (shades(12), {"paired": True}, "received 20 and 10 pictures, expected as many"),
        (x, {"crop": 8}, "data.crop: received 8 of pictures of 8 pixels"),
        (x, {"truth": (x[:2], x[:1])}, r"the truth as \(1, 8, 8, 1\), expected \(2, 8, 8, 1\)"),
        (np.zeros((22, 2), np.float32), {}, "expected pictures of one domain"),
    ):
        with pytest.raises(DataError, match=message):
            two_sides(x, y, **settings)
