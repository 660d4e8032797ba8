"""Decoding of image files: formats, color models, orientation, crops and channels."""

import io
import zlib

import numpy as np
import pytest
from ganzoo.training.data import resizing
from ganzoo.training.data.images.image_decoding import as_png, read_image
from PIL import Image

from ..image_folders import read_table, write_images

RED, BLUE, GREEN, WHITE = (255, 0, 0), (0, 0, 255), (0, 255, 0), (255, 255, 255)


def test_extensions_are_ignored(home, read):
    Image.new("RGB", (9, 9), RED).save(home / "a.jpg", "PNG")
    frames = [Image.new("RGB", (9, 9), color) for color in (BLUE, RED, GREEN)]
    frames[0].save(home / "b.jpg", "GIF", save_all=True, append_images=frames[1:])
    Image.new("RGB", (9, 9), GREEN).save(home / "c", "BMP")
    assert read().samples[:, 4, 4].tolist() == [list(RED), list(BLUE), list(GREEN)]


def test_palettes_keep_their_colors(home, read):
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
    assert source.samples[:, 3, 3].tolist() == [list(color) for color in expected]
    assert next(iter(source.batches(4, seed=0)))["images"].shape == (4, 8, 8, 3)


def test_hidden_colors_do_not_bleed_at_the_edge(home, read):
    """Transparency is composited on white before pixels are averaged."""
    picture = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    picture.paste((*WHITE, 255), (0, 0, 31, 64))
    picture.save(home / "a.png")
    assert (read(8).samples == 255).all()


def test_cmyk_jpeg_is_red(home, read):
    Image.new("CMYK", (32, 32), (0, 255, 255, 0)).save(home / "a.jpg")
    assert np.abs(read().samples.astype(int) - RED).max() <= 30


# Where a viewer shows the stored left half of an image (EXIF 2.3, table of orientations): orientations 5 and 6 move it
# to the top, 7 and 8 to the bottom, 2 and 3 to the right; 1 and 4 leave it at the left.
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
    _, size = read_image(str(home / "a.jpg"), 16)
    assert size == ((48, 96) if orientation >= 5 else (96, 48))


@pytest.mark.parametrize("size", [(200, 100), (100, 200)])
def test_circles_stay_round_unless_stretched(home, read, size):
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


@pytest.mark.parametrize("resolution", [8, 48, 100])
def test_any_resolution(home, read, resolution):
    write_images(home, 2, (60, 50))
    assert read(resolution).shape == (resolution, resolution, 3)


def test_the_filter_is_that_of_resizing():
    noise = np.random.default_rng(0).integers(0, 256, (50, 50, 3), np.uint8)
    read, _ = read_image(memoryview(as_png(noise)), 16)
    np.testing.assert_array_equal(read, resizing.resize(noise[np.newaxis], 16)[0])


def test_a_large_jpeg_decoded_at_a_fraction_of_its_size_has_the_same_content():
    rough = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8))
    photo, content = rough.resize((1200, 800), Image.Resampling.BICUBIC), io.BytesIO()
    photo.save(content, "JPEG", quality=95)
    read, size = read_image(memoryview(content.getvalue()), 32)
    square = np.asarray(photo.crop((200, 0, 1000, 800)).resize((32, 32), Image.Resampling.BICUBIC))
    assert size == (1200, 800)
    assert np.abs(read.astype(int) - square).mean() < 1.5


def test_gray_images_have_one_channel_by_default(home, read):
    for number in range(3):
        Image.new("RGB" if number else "L", (8, 8), (100,) * 3 if number else 50).save(home / f"{number}.png")
    assert read().samples[:, 0, 0].tolist() == [[50], [100], [100]]
    assert read(channels=3).samples[:, 0, 0].tolist() == [[50] * 3, [100] * 3, [100] * 3]
    Image.new("RGB", (8, 8), RED).save(home / "3.png")
    assert read().samples[:, 0, 0].tolist() == [[50] * 3, [100] * 3, [100] * 3, list(RED)]
    # Luma of ITU-R 601: 0.299 * 255 = 76.
    assert read(channels=1).samples[:, 0, 0].tolist() == [[50], [100], [100], [76]]


def test_decompression_bombs_are_refused(home, read):
    write_images(home, 1)
    bomb = bytearray(as_png(np.zeros((8, 8, 3), np.uint8)))
    bomb[16:24] = (30_000).to_bytes(4) * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4)
    (home / "bomb.png").write_bytes(bomb)
    # Between Pillow's warning (above its limit) and its error (above twice the limit).
    bomb[16:24] = (10_000).to_bytes(4) * 2
    bomb[29:33] = zlib.crc32(bomb[12:29]).to_bytes(4)
    (home / "bomb2.png").write_bytes(bomb)
    source = read()
    assert len(source) == 1
    assert ["bomb.png", "has more than 89,478,485 pixels once decoded"] in read_table(source.facts["skipped_csv"])
    assert source.facts["skipped"] == 2
