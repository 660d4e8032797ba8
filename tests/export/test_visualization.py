"""Image grids, scatter plots and PNG files."""

import numpy as np
import pytest
from ganzoo.export.visualization import (
    BACKGROUND,
    GAP,
    comparison_rows,
    image_grid,
    match_channels,
    save_png,
    save_samples,
    scatter,
    show_channels,
    tile_scale,
)
from ganzoo.zoo.core.image_scaling import from_uint8, to_uint8


def distinct_images(num_samples, height, channels):
    values = np.arange(1, num_samples + 1, dtype=np.uint8).reshape(-1, 1, 1, 1)
    return np.broadcast_to(values, (num_samples, height, height, channels)).copy()


@pytest.mark.parametrize("num_samples", [1, 5, 16, 17, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_appears_once_row_by_row_and_unused_cells_are_white(num_samples, channels):
    grid = image_grid(distinct_images(num_samples, 8, channels))
    step = 8 * tile_scale(8) + GAP
    columns = int(np.ceil(np.sqrt(num_samples)))
    centers = grid[GAP + 3 :: step, GAP + 3 :: step, 0].reshape(-1)
    assert list(centers[:num_samples]) == list(range(1, num_samples + 1))
    assert set(centers[num_samples:]) <= {BACKGROUND}
    assert grid.shape[1] == GAP + columns * step
    assert grid.shape[2] == channels


def test_the_strip_is_next_to_the_grid_and_has_its_height():
    without = image_grid(distinct_images(4, 48, 1))
    with_strip = image_grid(distinct_images(4, 48, 1), strip=distinct_images(9, 48, 1))
    assert with_strip.shape[0] == without.shape[0]
    np.testing.assert_array_equal(with_strip[:, : without.shape[1]], without)


def test_uint8_floats_and_files_agree(tmp_path, read_png):
    pixels = np.arange(256, dtype=np.uint8).reshape(1, 16, 16, 1)
    np.testing.assert_array_equal(to_uint8(from_uint8(pixels)), pixels)
    assert list(to_uint8(np.array([-2.0, -1.0, 0.0, 1.0, 2.0]))) == [0, 0, 128, 255, 255]
    save_png(tmp_path / "a.png", pixels[0])
    np.testing.assert_array_equal(read_png(tmp_path / "a.png"), pixels[0, ..., 0])
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]


def test_points_are_plotted_at_their_positions():
    corners = np.array([[-1.0, -1.0], [1.0, 1.0]])
    plot = scatter(np.array([[1.0, 1.0], [50.0, 0.0], [np.nan, 0.0]]), reference=corners)
    red = np.argwhere((plot == (200, 30, 60)).all(-1))
    assert len(red) == 4
    assert red[:, 0].max() < 240 < red[:, 1].min()


def channel_images(channels):
    """Two images of 48x48 whose channel c has the value 10 (c + 1)."""
    values = np.arange(10, 10 * channels + 1, 10, dtype=np.uint8)
    return np.broadcast_to(values, (2, 48, 48, channels)).copy()


@pytest.mark.parametrize("channels", [2, 5])
def test_every_channel_is_shown_in_gray_from_left_to_right(channels):
    shown = show_channels(channel_images(channels))
    assert shown.shape == (2, 48, 48 * channels, 1)
    np.testing.assert_array_equal(shown[1, 7, ::48, 0], np.arange(10, 10 * channels + 1, 10))
    grid = image_grid(channel_images(channels), columns=1)
    assert grid.shape == (2 * (48 + GAP) + GAP, 48 * channels + 2 * GAP, 1)
    np.testing.assert_array_equal(grid[GAP : GAP + 48, GAP:-GAP], shown[0])


def test_of_four_channels_three_are_a_color_and_the_fourth_is_beside_it():
    shown = show_channels(channel_images(4))
    assert shown.shape == (2, 48, 96, 3)
    assert (shown[:, :, :48] == (10, 20, 30)).all()
    assert (shown[:, :, 48:] == 40).all()
    floats = channel_images(4).astype(np.float32) / 127.5 - 1
    np.testing.assert_array_equal(show_channels(floats), shown)


@pytest.mark.parametrize("channels", [1, 3])
def test_gray_and_color_images_are_shown_as_they_are(channels):
    np.testing.assert_array_equal(show_channels(channel_images(channels)), channel_images(channels))


def test_images_of_different_channels_fit_into_one_grid():
    gray, two, color, four = matched = match_channels(*map(channel_images, (1, 2, 3, 4)))
    assert {array.shape for array in matched} == {(2, 48, 96, 3)}
    assert (gray[:, :, :48] == 10).all()
    assert (gray[:, :, 48:] == BACKGROUND).all()
    assert (two[:, :, 48:] == 20).all()
    assert (color[:, :, :48] == (10, 20, 30)).all()
    assert (four[:, :, 48:] == 40).all()
    rows = comparison_rows([channel_images(4), channel_images(3)], [channel_images(1)])
    assert rows.shape == (2 * (48 + GAP) + GAP, 3 * 96 + 5 * GAP + 4 * GAP, 3)
    with_strip = image_grid(channel_images(4), strip=channel_images(4))
    assert with_strip.shape[2] == 3


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_samples_keep_all_their_channels_in_a_file(tmp_path, channels, read_png):
    (name, _) = save_samples(tmp_path, channel_images(channels).astype(np.float32) / 127.5 - 1, 3)
    pixels = read_png(tmp_path / name).reshape(48, 48, channels)
    np.testing.assert_array_equal(pixels, channel_images(channels)[0])
