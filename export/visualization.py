"""Image grids and scatter plots of samples.

The layout functions return uint8 arrays (height, width, channels); `save_png` writes them. They show every channel, see
`show_channels`.
"""

import io
import os

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from ..zoo.core.image_scaling import to_uint8
from ..zoo.core.own_files import SOFTWARE

BACKGROUND = 255
GAP = 2
MIN_TILE_SIZE = 48


def tile_scale(resolution):
    """Returns the integer factor by which small images are enlarged to at least 48 pixels."""
    return max(1, -(-MIN_TILE_SIZE // resolution))


def image_grid(images, columns=None, strip=None):
    """Arranges images in a grid, row by row; unused cells are white.

    Args:
        images: float array (num_samples, height, width, channels) in [-1, 1], or uint8.
        columns: int >= 1, or None for an approximately square grid. Default None.
        strip: array like `images`, or None: reference images in a separate column, right of a wide gap. Default None.

    Returns:
        uint8 array (height, width, channels). Small images are enlarged by `tile_scale`.

    Example:

    >>> image_grid(np.zeros((5, 32, 32, 1)), columns=3).shape
    (134, 200, 1)
    """
    tiles = _tiles(images)
    columns = columns or int(np.ceil(np.sqrt(len(tiles))))
    grid = _arrange(tiles, columns)
    if strip is None:
        return grid
    height = tiles.shape[1] + GAP
    column = _arrange(_tiles(strip)[: max(1, (len(grid) - GAP) // height)], 1)
    column = np.pad(column, ((0, len(grid) - len(column)), (0, 0), (0, 0)), constant_values=BACKGROUND)
    return _join(grid, column)


def scatter(points, reference=None, size=480):
    """Plots points of the plane, on top of reference points in gray.

    Args:
        points: float array (num_samples, 2).
        reference: float array (num_samples, 2) or None. It determines the axis limits, so that plots of one run are
            comparable. Default None.
        size: int >= 1, height and width in pixels. Default 480.

    Returns:
        uint8 array (size, size, 3).
    """
    framed = points if reference is None else reference
    center = (framed.max(0) + framed.min(0)) / 2
    reach = 0.65 * max((framed.max(0) - framed.min(0)).max(), 1e-6)
    canvas = np.full((size, size, 3), BACKGROUND, np.uint8)
    for cloud, color in ((reference, (200, 200, 200)), (points, (200, 30, 60))):
        if cloud is None:
            continue
        positions = ((cloud - center) / reach * 0.5 + 0.5) * (size - 1)
        columns, rows = np.rint(positions[np.isfinite(positions).all(1)]).astype(int).T
        rows = size - 1 - rows
        inside = (rows >= 0) & (rows < size - 1) & (columns >= 0) & (columns < size - 1)
        for down in (0, 1):
            for right in (0, 1):
                canvas[rows[inside] + down, columns[inside] + right] = color
    return canvas


def overview(samples, reference=None, columns=None):
    """Returns a grid of images with a strip of real ones, or a scatter plot of points.

    Args:
        samples: of `image_grid`, or of `scatter` for an array of two axes.
        reference: real samples of the same kind, or None. Default None.
        columns: of `image_grid`.
    """
    if np.ndim(samples) == 2:
        return scatter(samples, reference)
    return image_grid(samples, columns, strip=reference)


def neighbor_rows(samples, neighbors):
    """Arranges samples next to their nearest real images, one row per sample: the sample, a wide gap, its neighbors.

    Args:
        samples: uint8 array (num_samples, height, width, channels).
        neighbors: uint8 array (num_samples, k, height, width, channels), nearest first.

    Returns:
        uint8 array (height, width, channels).
    """
    return comparison_rows([samples], list(np.moveaxis(neighbors, 1, 0)))


def comparison_rows(*groups):
    """Arranges versions of the same images in columns, one row per image, with a wide gap between groups of columns.

    Args:
        *groups: lists of arrays (num_samples, height, width, channels), float in [-1, 1] or uint8; each array is one
            column.

    Returns:
        uint8 array (height, width, channels), in color if any column is.

    Example:

    >>> gray, color = np.zeros((4, 48, 48, 1)), np.zeros((4, 48, 48, 3))
    >>> comparison_rows([gray, color], [gray]).shape
    (202, 162, 3)
    """
    columns = iter(match_channels(*(column for group in groups for column in group)))
    grids = []
    for group in groups:
        tiles = np.stack([_tiles(next(columns)) for _ in group], axis=1)
        grids.append(_arrange(tiles.reshape(-1, *tiles.shape[2:]), len(group)))
    return _join(*grids)


def match_channels(*arrays):
    """Returns arrays of images as uint8 that fit into one grid: see `show_channels`; gray becomes RGB if any is RGB.

    Args:
        *arrays: arrays (num_samples, height, width, channels), float in [-1, 1] or uint8. Narrower ones are padded with
            white on the right.
    """
    arrays = [show_channels(array) for array in arrays]
    width, channels = (max(array.shape[axis] for array in arrays) for axis in (2, 3))
    arrays = [array if array.shape[-1] == channels else array.repeat(channels, axis=-1) for array in arrays]
    margins = [((0, 0), (0, 0), (0, width - array.shape[2]), (0, 0)) for array in arrays]
    return [np.pad(array, margin, constant_values=BACKGROUND) for array, margin in zip(arrays, margins, strict=True)]


def show_channels(images):
    """Returns images as gray or RGB pictures in which every channel is visible.

    One channel is shown in gray and three in color. Of four, the fourth (often the opacity) is shown in gray, right of
    the first three in color. Of any other number each is shown in gray, from left to right.

    Args:
        images: array (num_samples, height, width, channels), float in [-1, 1] or uint8.

    Returns:
        uint8 array (num_samples, height, width or a multiple of it, 1 or 3).

    Example:

    >>> show_channels(np.zeros((5, 16, 16, 4))).shape
    (5, 16, 32, 3)
    >>> show_channels(np.zeros((5, 16, 16, 2))).shape
    (5, 16, 32, 1)
    """
    pixels = np.asarray(images)
    pixels = pixels if pixels.dtype == np.uint8 else to_uint8(pixels)
    channels = pixels.shape[-1]
    if channels in (1, 3):
        return pixels
    if channels == 4:
        return np.concatenate([pixels[..., :3], pixels[..., 3:].repeat(3, axis=-1)], axis=2)
    return np.concatenate(np.split(pixels, channels, axis=-1), axis=2)


def save_png(path, image):
    """Writes an image atomically as a PNG file with the text chunk `Software: ganzoo`, which marks it as ganzoo's.

    Args:
        path: str or path.
        image: uint8 array (height, width, 1 to 4 channels): gray, gray and opacity, RGB, or RGBA.
    """
    buffer, origin = io.BytesIO(), PngInfo()
    origin.add_text("Software", SOFTWARE)
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "PNG", pnginfo=origin)
    temporary = f"{path}.part"
    with open(temporary, "wb") as file:
        file.write(buffer.getvalue())
    os.replace(temporary, path)


def save_samples(folder, samples, seed):
    """Writes each image at its own size as a PNG file named after its seed, such as `seed-0000000007.png`.

    Args:
        folder: str or path, created if missing.
        samples: float array (num_samples, height, width, 1 to 4 channels) in [-1, 1].
        seed: int >= 0, of the first image.

    Returns:
        list of str, the file names.
    """
    os.makedirs(folder, exist_ok=True)
    names = [f"seed-{seed + index:010d}.png" for index in range(len(samples))]
    for name, image in zip(names, to_uint8(samples), strict=True):
        save_png(os.path.join(folder, name), image)
    return names


def _tiles(images):
    pixels = show_channels(images)
    scale = tile_scale(pixels.shape[1])
    return pixels.repeat(scale, axis=1).repeat(scale, axis=2)


def _join(*grids):
    """Joins grids of equal height, left to right, with a wide gap between them."""
    gap = np.full((len(grids[0]), 4 * GAP, grids[0].shape[-1]), BACKGROUND, np.uint8)
    return np.concatenate([part for grid in grids for part in (gap, grid)][1:], axis=1)


def _arrange(tiles, columns):
    num_samples, height, width, channels = tiles.shape
    rows = -(-num_samples // columns)
    grid = np.full((GAP + rows * (height + GAP), GAP + columns * (width + GAP), channels), BACKGROUND, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = GAP + index // columns * (height + GAP), GAP + index % columns * (width + GAP)
        grid[top : top + height, left : left + width] = tile
    return grid
