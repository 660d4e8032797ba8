"""Image grids, scatter plots and PNG files."""

import numpy as np
import pytest
from ganzoo.export.visualization import BACKGROUND, GAP, image_grid, save_png, scatter, tile_scale
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
