"""Values of more than 8 bits: one range for all files of a source."""

import numpy as np
import pytest
from ganzoo.training.data import load
from ganzoo.training.data.images import decode_pool
from ganzoo.training.data.images.high_precision import ValueRange
from ganzoo.training.data.images.image_decoding import read_image
from PIL import Image

from ..image_folders import deep_png, read_table

EIGHT = (8, 8)


def write_gray(folder, values, dtype=np.uint16, suffix="png"):
    for number, value in enumerate(values):
        Image.fromarray(np.full(EIGHT, value, dtype)).save(folder / f"{number:02}.{suffix}")


@pytest.mark.parametrize(("bits", "dtype", "suffix"), [
    (8, np.uint16, "png"), (10, np.uint16, "png"), (12, np.uint16, "tif"), (12, np.int32, "tif"),
    (14, np.uint16, "png"), (16, np.uint16, "png"),
])  # fmt: skip
def test_the_largest_value_of_all_files_is_the_scale(home, read, bits, dtype, suffix, capfd):
    white = 2**bits - 1
    values = [white, 0, *(white * fraction // 100 for fraction in (1, 10, 50))]
    write_gray(home, values, dtype, suffix)
    source = read()
    assert source.samples[:, 0, 0, 0].tolist() == [round(value * 255 / white) for value in values]
    note = f"more than 8 bits: 5, with values up to {white:,}, read as {bits} bits: from 0 (black) to {white:,} (white)"
    assert note in source.notes[0]
    assert note in capfd.readouterr().err
    assert read().notes == source.notes


def test_dark_files_stay_dark(home, read):
    """A file of small values has the scale of the others, wherever it is in the order, and 8-bit files keep theirs."""
    write_gray(home, [100, 1000, 4095, 200])
    Image.new("L", EIGHT, 100).save(home / "99.png")
    assert read().samples[:, 0, 0, 0].tolist() == [6, 62, 255, 12, 100]


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_all_bits_of_color_are_read(home, read, channels):
    """Of color with 16 bits Pillow alone keeps the upper 8: these files would be nearly black."""
    values = np.random.default_rng(0).integers(0, 4096, (8, 8, channels))
    values[0, 0, 0] = 4095
    if channels in (2, 4):
        values[..., -1] = 65535
    (home / "a.png").write_bytes(deep_png(values))
    colors = values[..., :1] if channels < 3 else values[..., :3]
    np.testing.assert_array_equal(read().samples[0], np.rint(colors * (255 / 4095)))


def test_transparency_of_16_bits_is_composited_on_white(home, read):
    values = np.full((8, 8, 4), 0)
    values[:4, :, 3] = 65535
    (home / "a.png").write_bytes(deep_png(values))
    assert read().samples[0, :, 0, 0].tolist() == [0] * 4 + [255] * 4


def test_floats_have_one_range(home, read, capfd):
    write_gray(home, [0.5, 1.0, 0.25], np.float32, "tif")
    assert read().samples[:, 0, 0, 0].tolist() == [128, 255, 64]
    assert "float values: 3, with values up to 1, read from 0 (black) to 1 (white)" in capfd.readouterr().err
    write_gray(home, [200, 0.5, 255, 10], np.float32, "tif")
    assert read().samples[:, 0, 0, 0].tolist() == [200, 0, 255, 10]
    assert "read from 0 (black) to 255 (white); 1 of them have no value above 1" in capfd.readouterr().err


def test_a_stray_file_of_floats_does_not_blacken_the_others(home, read):
    write_gray(home, [0.5, 1.02, 0.25, 200, -1, np.nan], np.float32, "tif")
    source = read()
    assert source.samples[:, 0, 0, 0].tolist() == [128, 255, 64]
    reasons = dict(read_table(source.facts["skipped_csv"])[1:])
    assert list(reasons) == ["03.tif", "04.tif", "05.tif"]
    assert reasons["03.tif"] == "float values up to 200, but most other images are in [0, 1]"


def test_workers_read_in_the_given_range(home, monkeypatch):
    write_gray(home, [1000] * 12)
    files = [("path", bytes(path)) for path in sorted(home.iterdir())]
    monkeypatch.setattr(decode_pool, "MIN_FILES_FOR_WORKERS", 10)
    results = list(decode_pool.decode_all(files, 8, whites=(4095, 1.0), processes=1))
    assert {result[0] for result in results} == {bytes([62] * 64)}
    assert {result[-1] for result in results} == {("integer", 1000)}


def test_a_second_reading_is_needed_only_if_ranges_differ():
    values = ValueRange()
    for largest in (3000, 4095):
        values.observe(("integer", largest))
    assert not values.settle()
    values.observe(("integer", 100))
    assert values.settle()
    assert values.whites == (4095, 1.0)
    values.observe(None)
    values.forget()
    assert values.notes() == []


def test_one_image_alone_has_its_own_range(home):
    write_gray(home, [4095])
    assert read_image(str(home / "00.png"), None)[0].max() == 255


def test_both_images_of_pairs_and_captioned_images_have_one_range(tmp_path):
    for domain, white in (("A", 4095), ("B", 65535)):
        (tmp_path / domain).mkdir()
        write_gray(tmp_path / domain, [white, *[white // 50] * 19])
    source = load(f"paired:{tmp_path}", 8)
    assert source.x.samples[:3, 0, 0, 0].tolist() == source.y.samples[:3, 0, 0, 0].tolist() == [255, 5, 5]
    assert [note.partition(",")[0] for note in source.notes] == [
        "x: images of more than 8 bits: 20", "y: images of more than 8 bits: 20"
    ]  # fmt: skip
    lines = (f'{{"file_name": "{number:02}.png", "text": "a dot"}}' for number in range(20))
    (tmp_path / "A" / "metadata.jsonl").write_text("\n".join(lines))
    captioned = load(f"captions:{tmp_path / 'A'}", 8)
    assert captioned.samples[:3, 0, 0, 0].tolist() == [255, 5, 5]
    assert "read as 12 bits" in captioned.notes[-1]
