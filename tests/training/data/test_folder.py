import csv
import io
import os
import socket
import zlib
from pathlib import Path

import numpy as np
import pytest
import tensorflow_datasets as tfds
from ganzoo.training.data import DataError, decoding, folder, listing, load, pixels, records, rows
from ganzoo.training.data.pictures import as_png, read_picture
from ganzoo.zoo import GAN
from ganzoo.zoo.feed import ArrayRows
from PIL import Image

RED, BLUE, GREEN, WHITE = (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)


@pytest.fixture
def home(tmp_path):
    """A folder for pictures; the cache lies beside it."""
    path = tmp_path / "pictures"
    path.mkdir()
    return path


@pytest.fixture
def read(home, tmp_path):
    """Loads the folder of pictures."""

    def load_it(resolution=8, **options):
        return load(f"folder:{home}", resolution, cache_dir=str(tmp_path / "cache"), **options)

    return load_it


@pytest.fixture
def no_network(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("the network was touched")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def fill(home, count=20, size=(8, 8), start=0):
    """Pictures 000.png, 001.png, ... whose every pixel is (number, 10, 20)."""
    for number in range(start, start + count):
        Image.new("RGB", size, (number, 10, 20)).save(home / f"{number:03}.png")


def all_rows(source):
    """Training and held-out rows in the order of the files: every tenth is held out."""
    whole = np.empty((len(source) + len(source.held_out), *source.shape), np.uint8)
    held_out = np.zeros(len(whole), bool)
    held_out[9::10] = True
    whole[held_out], whole[~held_out] = source.held_out, source.samples
    return whole


def table(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file))


def spoil(home):
    """A truncated JPEG, an empty PNG, and a text called .jpg."""
    content = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(content, "JPEG")
    (home / "cut.jpg").write_bytes(content.getvalue()[:700])
    (home / "empty.png").write_bytes(b"")
    (home / "text.jpg").write_text("<html>404 Not Found</html>")


def test_bad_files_are_skipped_counted_and_listed(home, read, capfd):
    fill(home, 50)
    spoil(home)
    source = read()
    assert (len(source), len(source.held_out)) == (45, 5)
    assert source.facts["skipped"] == 3
    header, *lines = table(source.facts["skipped_csv"])
    assert header == ["file", "reason"]
    reasons = dict(lines)
    assert list(reasons) == ["cut.jpg", "empty.png", "text.jpg"]
    assert "truncated" in reasons["cut.jpg"]
    assert reasons["empty.png"] == "empty file"
    assert reasons["text.jpg"] == "not a picture that Pillow can read"
    assert "3 files skipped: cut.jpg" in capfd.readouterr().err
    assert read().facts == source.facts
    assert "3 files skipped" in capfd.readouterr().err


def test_strict_makes_bad_files_an_error(home, read):
    fill(home, 50)
    read(strict=True)
    spoil(home)
    for _ in range(2):
        with pytest.raises(DataError, match="received 3 files that cannot be read.*cut.jpg"):
            read(strict=True)


def test_training_runs_on_a_folder_whose_last_batch_is_partial(home, read, tiny, no_network, capfd):
    fill(home, 78)
    spoil(home)
    source = read(8)
    assert len(source) == 71
    model = tiny(GAN, shape=(8, 8, 3))
    model.fit(source, batch_size=32, epochs=2, verbose=0)
    assert model.steps_done == 4
    out, err = capfd.readouterr()
    assert out == ""
    assert "partially cached" not in err
    assert "shuffle buffer" not in err
    assert "reading: 100%" in err


def test_extensions_may_lie(home, read):
    Image.new("RGB", (9, 9), RED).save(home / "a.jpg", "PNG")
    frames = [Image.new("RGB", (9, 9), colour) for colour in (BLUE, RED, GREEN)]
    frames[0].save(home / "b.jpg", "GIF", save_all=True, append_images=frames[1:])
    Image.new("RGB", (9, 9), GREEN).save(home / "c", "BMP")
    assert read().samples[:, 4, 4].tolist() == [list(RED), list(BLUE), list(GREEN)]


def test_palettes_keep_their_colours(home, read):
    picture = Image.new("P", (16, 16))
    picture.putpalette([*RED, *BLUE])
    picture.paste(1, (8, 0, 16, 16))
    picture.save(home / "a.png")
    picture.save(home / "b.png", transparency=1)
    opaque, transparent = read(16).samples
    assert (opaque[:, :8] == RED).all()
    assert (opaque[:, 8:] == BLUE).all()
    assert (transparent[:, :8] == RED).all()
    assert (transparent[:, 8:] == WHITE).all()


def test_all_modes_become_rgb_on_white(home, read):
    Image.new("1", (8, 8), 1).save(home / "a.png")
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(home / "b.tif")
    Image.new("L", (8, 8), 90).save(home / "c.png")
    Image.new("LA", (8, 8), (0, 51)).save(home / "d.png")
    Image.new("RGB", (8, 8), GREEN).save(home / "e.png")
    Image.new("RGBA", (8, 8), (*RED, 0)).save(home / "f.png")
    Image.new("I;16", (8, 8), 32896).save(home / "g.png")
    Image.new("YCbCr", (8, 8), (90, 128, 128)).save(home / "h.jpg")
    source = read()
    assert source.facts["skipped"] == 0
    # Black at an opacity of 51 / 255 = 0.2 leaves 0.8 of white; 16 bits: 32,896 / 257 = 128.
    expected = [WHITE, RED, (90,) * 3, (204,) * 3, GREEN, WHITE, (128,) * 3, (90,) * 3]
    assert source.samples[:, 3, 3].tolist() == [list(colour) for colour in expected]
    assert next(iter(source.batches(4, seed=0)))["images"].shape == (4, 8, 8, 3)


def test_hidden_colours_do_not_bleed_at_the_edge(home, read):
    """Transparency is laid on white before pixels are averaged."""
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((*WHITE, 255), (0, 0, 31, 64))
    picture.save(home / "a.png")
    assert (read(8).samples == 255).all()


def test_cmyk_jpeg_is_red(home, read):
    Image.new("CMYK", (32, 32), (0, 255, 255, 0)).save(home / "a.jpg")
    assert np.abs(read().samples.astype(int) - RED).max() <= 30


# What a viewer shows at the top of a picture whose stored left half is white (EXIF 2.3, table of orientations):
# 5 and 6 bring the stored left side to the top, 7 and 8 to the bottom, 1 and 4 leave it left, 2 and 3 right.
@pytest.mark.parametrize(
    ("orientation", "bright"),
    [(1, "left"), (2, "right"), (3, "right"), (4, "left"), (5, "top"), (6, "top"), (7, "bottom"), (8, "bottom")],
)
def test_exif_orientation(home, read, orientation, bright):
    picture = Image.new("RGB", (96, 48))
    picture.paste(WHITE, (0, 0, 48, 48))
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(home / "a.jpg", exif=exif, quality=95)
    shown = read(16).samples[0].astype(int)
    halves = {"left": shown[:, :6], "right": shown[:, 10:], "top": shown[:6], "bottom": shown[10:]}
    opposite = {"left": "right", "right": "left", "top": "bottom", "bottom": "top"}[bright]
    assert halves[bright].min() > 230
    assert halves[opposite].max() < 25
    _, size = read_picture(str(home / "a.jpg"), 16)
    assert size == ((48, 96) if orientation >= 5 else (96, 48))


@pytest.mark.parametrize("size", [(200, 100), (100, 200)])
def test_a_circle_stays_round_unless_asked(home, read, size):
    across, down = np.meshgrid(np.arange(size[0]) - (size[0] - 1) / 2, np.arange(size[1]) - (size[1] - 1) / 2)
    Image.fromarray(np.where(np.hypot(across, down) < 30, 255, 0).astype(np.uint8)).save(home / "a.png")

    def extents(**options):
        shown = read(64, **options).samples[0, ..., 0] > 127
        return np.ptp(np.flatnonzero(shown.any(0))) + 1, np.ptp(np.flatnonzero(shown.any(1))) + 1

    # 60 of 100 pixels are 38.4 of 64; of 200 they are 19.2.
    width, height = extents()
    assert width == height == pytest.approx(38.4, abs=1)
    stretched = extents(crop="stretch")
    assert sorted(stretched) == [pytest.approx(19.2, abs=1), pytest.approx(38.4, abs=1)]
    assert (stretched[0] < stretched[1]) == (size[0] > size[1])


def test_pictures_smaller_than_the_target_are_reported(home, read, capfd):
    fill(home, 3, (40, 40))
    fill(home, 2, (40, 20), start=3)
    source = read(32)
    assert source.facts["enlarged"] == 2
    assert table(source.facts["enlarged_csv"]) == [["file", "size"], ["003.png", "40x20"], ["004.png", "40x20"]]
    assert "2 pictures are smaller than 32x32" in capfd.readouterr().err


@pytest.mark.parametrize("resolution", [8, 48, 100])
def test_any_resolution(home, read, resolution):
    fill(home, 2, (60, 50))
    assert read(resolution).shape == (resolution, resolution, 3)


def test_the_filter_is_that_of_the_zoo():
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    read, _ = read_picture(memoryview(as_png(noise)), 16)
    np.testing.assert_array_equal(read, pixels.resize(noise[np.newaxis], 16)[0])


def test_a_large_jpeg_is_decoded_at_a_fraction_of_its_size_and_looks_the_same():
    rough = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
    photo, content = rough.resize((1200, 800), Image.Resampling.BICUBIC), io.BytesIO()
    photo.save(content, "JPEG", quality=95)
    read, size = read_picture(memoryview(content.getvalue()), 32)
    square = np.asarray(photo.crop((200, 0, 1000, 800)).resize((32, 32), Image.Resampling.BICUBIC))
    assert size == (1200, 800)
    assert np.abs(read.astype(int) - square).mean() < 1.5


def test_grey_pictures_have_one_channel_unless_asked(home, read):
    for number in range(3):
        Image.new("RGB" if number else "L", (8, 8), (100,) * 3 if number else 50).save(home / f"{number}.png")
    assert read().samples[:, 0, 0].tolist() == [[50], [100], [100]]
    assert read(channels=3).samples[:, 0, 0].tolist() == [[50] * 3, [100] * 3, [100] * 3]
    Image.new("RGB", (8, 8), RED).save(home / "3.png")
    assert read().samples[:, 0, 0].tolist() == [[50] * 3, [100] * 3, [100] * 3, list(RED)]
    # Luma of ITU-R 601: 0.299 * 255 = 76.
    assert read(channels=1).samples[:, 0, 0].tolist() == [[50], [100], [100], [76]]


def test_odd_names_load_and_hidden_ones_do_not(tmp_path):
    home = os.path.join(os.fsencode(tmp_path), "ü ñ [x] #猫".encode())
    os.mkdir(home)
    content = as_png(np.zeros((8, 8, 3), np.uint8))
    names = ["ü ñ.png".encode(), "猫.jpg".encode(), b"a[1].png", b"\xff\xfe.png", b"two\nlines.png", b"#%20.png"]
    for name in [*names, b"._x.jpg", b".DS_Store", b".hidden/x.png"]:
        os.makedirs(os.path.dirname(os.path.join(home, name)), exist_ok=True)
        Path(os.fsdecode(os.path.join(home, name))).write_bytes(content)
    bad = Path(os.fsdecode(os.path.join(home, b"\xfe bad.png")))
    bad.write_bytes(b"")
    source = load(f"folder:{os.fsdecode(home)}", 8, cache_dir=str(tmp_path / "ca [che]"))
    assert len(source) == 6
    assert table(source.facts["skipped_csv"])[1:] == [[os.fsdecode(b"\xfe bad.png"), "empty file"]]


def test_order_does_not_depend_on_the_listing(home, read, monkeypatch, tmp_path):
    fill(home, 25)
    first = read()
    assert all_rows(first)[:, 0, 0, 0].tolist() == list(range(25))
    scandir = os.scandir

    class Backwards:
        def __init__(self, path):
            with scandir(path) as entries:
                self.entries = list(entries)[::-1]

        def __enter__(self):
            return self.entries

        def __exit__(self, *_):
            pass

    monkeypatch.setattr(listing.os, "scandir", Backwards)
    second = load(f"folder:{home}", 8, cache_dir=str(tmp_path / "other"))
    np.testing.assert_array_equal(first.samples, second.samples)
    assert first.fingerprint == second.fingerprint


def test_subfolders_are_classes(home, read, capfd):
    for name, count in (("b", 10), ("a", 12), ("only bad", 0), (os.fsdecode(b"\xff"), 3)):
        (home / name / "deeper").mkdir(parents=True)
        fill(home / name / "deeper", count)
    (home / "only bad" / "x.png").write_bytes(b"no picture")
    source = read()
    assert source.class_names == ["a", "b", os.fsdecode(b"\xff")]
    assert source.labels.tolist() == [0] * 11 + [1] * 9 + [2] * 3
    assert source.held_out_labels.tolist() == [0, 1]
    first = next(iter(source.batches(16, seed=0)))["labels"].numpy()
    assert set(first) == {0, 1, 2}
    capfd.readouterr()
    fill(home, 1)
    assert read().labels is None
    assert "so these are no classes" in capfd.readouterr().err


def test_the_cache_is_used_and_lies_outside_the_pictures(home, read, monkeypatch, no_network, tmp_path):
    fill(home)
    first, before = read(), sorted(home.rglob("*"))
    monkeypatch.setattr(folder, "decode_all", None)
    second = read()
    np.testing.assert_array_equal(first.samples, second.samples)
    np.testing.assert_array_equal(first.held_out, second.held_out)
    assert sorted(home.rglob("*")) == before
    with pytest.raises(DataError, match="expected a folder outside the pictures"):
        load(f"folder:{home}", 8, cache_dir=str(home / "cache"))
    monkeypatch.undo()
    monkeypatch.setenv("GANZOO_CACHE", str(tmp_path / "elsewhere"))
    assert str(tmp_path / "elsewhere") in load(f"folder:{home}", 8).facts["skipped_csv"]
    monkeypatch.delenv("GANZOO_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert str(tmp_path / "xdg" / "ganzoo") in load(f"folder:{home}", 8).facts["skipped_csv"]


def test_other_programs_read_the_cache_through_tfds(home, read):
    for name in "ab":
        (home / name).mkdir()
        fill(home / name, 10)
    source = read()
    cached = tfds.builder_from_directory(Path(source.facts["skipped_csv"]).parent / "pictures" / "1.0.0")
    examples = list(tfds.as_numpy(cached.as_dataset(split="train")))
    np.testing.assert_array_equal([example["image"] for example in examples], source.samples)
    assert examples[0]["file"] == b"a/000.png"
    assert cached.info.features["label"].names == ["a", "b"]
    assert cached.info.splits["test"].num_examples == 2


def test_the_cache_keeps_the_order_however_little_memory_its_writer_has(home, read, monkeypatch):
    monkeypatch.setattr(records, "BUFFER_BYTES", 1000)
    fill(home, 50)
    read()
    assert all_rows(read())[:, 0, 0, 0].tolist() == list(range(50))


@pytest.mark.parametrize("change", ["added", "removed", "touched", "renamed"])
def test_a_changed_folder_is_read_again(home, read, change, tmp_path):
    fill(home)
    read()
    if change == "added":
        fill(home, 1, start=20)
    elif change == "removed":
        (home / "019.png").unlink()
    elif change == "renamed":
        (home / "000.png").rename(home / "zzz.png")
    else:
        Image.new("RGB", (8, 8), (99, 10, 20)).save(home / "000.png")
        os.utime(home / "000.png", (1, 1))
    expected = {
        "added": [*range(21)],
        "removed": [*range(19)],
        "renamed": [*range(1, 20), 0],
        "touched": [99, *range(1, 20)],
    }
    assert all_rows(read())[:, 0, 0, 0].tolist() == expected[change]
    assert len(list((tmp_path / "cache" / "folder").iterdir())) == 1


@pytest.mark.parametrize("damage", ["truncated", "missing", "flipped", "manifest"])
@pytest.mark.parametrize("large", [False, True])
def test_a_damaged_cache_is_made_anew(home, read, damage, large, monkeypatch):
    if large:
        monkeypatch.setattr(rows, "RESIDENT_BYTES", 10)
    fill(home)
    first = read()
    entry = Path(first.facts["skipped_csv"]).parent
    victim = next(entry.rglob("*train*.tfrecord*")) if not large else entry / "train.rows"
    if damage == "truncated":
        victim.write_bytes(victim.read_bytes()[:-10])
    elif damage == "missing":
        victim.unlink()
    elif damage == "manifest":
        (entry / "cache.json").write_text("{")
    elif not large:
        # The records carry checksums. The rows of a large set do not: they are only measured.
        content = bytearray(victim.read_bytes())
        content[len(content) // 2] ^= 0xFF
        victim.write_bytes(content)
    np.testing.assert_array_equal(read().samples, all_rows(read())[[n for n in range(20) if n % 10 != 9]])
    assert all_rows(read())[:, 0, 0, 0].tolist() == list(range(20))


def test_an_interrupted_build_leaves_nothing(home, read, monkeypatch, tmp_path):
    fill(home)

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(folder, "write_records", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read()
    assert list((tmp_path / "cache").rglob("*.*")) == []
    monkeypatch.undo()
    assert len(read()) == 18


def test_nothing_to_read_is_an_error(home, read):
    with pytest.raises(DataError, match="received no files"):
        read()
    (home / ".hidden.png").write_bytes(as_png(np.zeros((8, 8, 3), np.uint8)))
    with pytest.raises(DataError, match="received no files"):
        read()
    spoil(home)
    for _ in range(2):
        with pytest.raises(DataError, match="received 3 files of which none can be read.*cut.jpg"):
            read()
    with pytest.raises(DataError, match="expected an existing folder"):
        load("folder:/no/such/folder")


@pytest.mark.parametrize("options", [{"channels": 2}, {"crop": "center"}, {"strickt": True}])
def test_wrong_options_are_errors(home, read, options):
    fill(home)
    with pytest.raises(DataError, match="received|unknown option"):
        read(**options)


def test_decompression_bombs_are_refused(home, read):
    fill(home, 1)
    bomb = bytearray(as_png(np.zeros((8, 8, 3), np.uint8)))
    bomb[16:24] = (30_000).to_bytes(4) * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4)
    (home / "bomb.png").write_bytes(bomb)
    # Between Pillow's warning (one time its limit) and its error (twice).
    bomb[16:24] = (10_000).to_bytes(4) * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4)
    (home / "bomb2.png").write_bytes(bomb)
    source = read()
    assert len(source) == 1
    assert ["bomb.png", "asks for more than 89,478,485 pixels once decoded"] in table(source.facts["skipped_csv"])
    assert source.facts["skipped"] == 2


def test_links_and_special_files(home, read):
    fill(home, 2)
    (home / "loop").symlink_to(home)
    (home / "gone.png").symlink_to(home / "nothing.png")
    os.mkfifo(home / "pipe.png")
    source = read()
    assert len(source) == 2
    assert [name for name, _ in table(source.facts["skipped_csv"])[1:]] == ["gone.png", "pipe.png"]


def test_a_large_set_stays_on_the_disk(home, read, monkeypatch, tiny, tmp_path):
    for name in "ab":
        (home / name).mkdir()
        fill(home / name, 35)
    resident = read()
    monkeypatch.setattr(rows, "RESIDENT_BYTES", 10)
    large = load(f"folder:{home}", 8, cache_dir=str(tmp_path / "large"))
    again = load(f"folder:{home}", 8, cache_dir=str(tmp_path / "large"))
    assert isinstance(large.samples, np.memmap)
    assert not isinstance(resident.samples, np.memmap)
    np.testing.assert_array_equal(large.samples, resident.samples)
    np.testing.assert_array_equal(large.held_out_labels, resident.held_out_labels)
    assert large.fingerprint == again.fingerprint == resident.fingerprint
    datasets = [source.batches(16, seed=3, start_step=2) for source in (resident, again)]
    assert datasets[0].element_spec == datasets[1].element_spec
    for ours, theirs in zip(datasets[0].take(9), datasets[1].take(9), strict=True):
        np.testing.assert_array_equal(ours["images"], theirs["images"])
        np.testing.assert_array_equal(ours["labels"], theirs["labels"])
    model = tiny(GAN, shape=(8, 8, 3))
    model.fit(again, batch_size=16, epochs=1, verbose=0)
    assert model.steps_done == 3


def resident_file_bytes():
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("RssFile"))) * 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="resident memory is read from /proc")
def test_rows_on_the_disk_do_not_pile_up_in_memory(tmp_path):
    """64 MB of rows, all read: what remains mapped stays below a quarter."""
    (tmp_path / "rows").write_bytes(b"\7" * 2**26)
    mapped = np.memmap(tmp_path / "rows", np.uint8, "r", shape=(2**26 // 49152, 128, 128, 3))
    dataset, before = ArrayRows({"images": mapped}).batches(64, seed=0), resident_file_bytes()
    for batch in dataset.take(len(mapped) // 64):
        assert batch["images"].shape == (64, 128, 128, 3)
    assert resident_file_bytes() - before < 2**24


def test_workers_give_what_one_process_gives(home, monkeypatch):
    fill(home, 70, (20, 12))
    spoil(home)
    files = [("path", os.fsencode(path)) for path in sorted(home.iterdir())]
    alone = list(decoding.decode_all(files, 8, png=True))
    monkeypatch.setattr(decoding, "WORTH_WORKERS", 10)
    assert list(decoding.decode_all(iter(files), 8, png=True, processes=2)) == alone
    # Stopped early: the workers end as well.
    assert next(decoding.decode_all(files, 8, png=True, processes=2)) == alone[0]


def test_a_file_that_kills_its_worker_is_named(home):
    fill(home, 2)
    files = [("path", os.fsencode(path)) for path in sorted(home.iterdir())]
    with decoding._Worker((8, "centre", None, False)) as worker:
        worker.process.kill()
        worker.process.wait()
        assert [type(answer) for answer in worker.decode(files)] == [tuple, tuple]
        worker.process.kill()
        worker.process.wait()
        assert worker.decode(files[:1]) == ["the decoder died of it (exit code -9)"]
        assert isinstance(worker.decode(files[:1])[0], tuple)
