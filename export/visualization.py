"""Image grids and scatter plots of samples.

The layout functions return uint8 arrays (height, width, channels); `save_png` writes them.
"""

import io
import os

import numpy as np
from PIL import Image

from ..zoo.core.image_scaling import to_uint8

BACKGROUND = 255
GAP = 2
MIN_TILE_SIZE = 48


def tile_scale(resolution):
    """Returns the integer factor by which small images are enlarged to at least 48 pixels."""
    return max(1, -(-MIN_TILE_SIZE // resolution))


def image_grid(images, columns=None, strip=None):
    """Arranges images in a grid, row by row; unused cells are white.

    Args:
        images: float array (num_samples, height, width, channels) in [-1, 1], or uint8; 1 or 3 channels.
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
        *groups: lists of arrays (num_samples, height, width, 1 or 3 channels), float in [-1, 1] or uint8; each array is
            one column.

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
    """Returns arrays of images as uint8 with the same number of channels: gray becomes RGB if any array is RGB."""
    arrays = [_as_uint8(array) for array in arrays]
    channels = max(array.shape[-1] for array in arrays)
    return [array.repeat(3, axis=-1) if array.shape[-1] < channels == 3 else array for array in arrays]


def save_png(path, image):
    """Writes an image atomically as a PNG file.

    Args:
        path: str or path.
        image: uint8 array (height, width, 1 or 3 channels).
    """
    buffer = io.BytesIO()
    Image.fromarray(image[..., 0] if image.shape[-1] == 1 else image).save(buffer, "PNG")
    temporary = f"{path}.part"
    with open(temporary, "wb") as file:
        file.write(buffer.getvalue())
    os.replace(temporary, path)


def save_samples(folder, samples, seed):
    """Writes each image at its own size as a PNG file named after its seed, such as `seed-0000000007.png`.

    Args:
        folder: str or path, created if missing.
        samples: float array (num_samples, height, width, channels) in [-1, 1].
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
    pixels = _as_uint8(images)
    if pixels.shape[-1] not in (1, 3):
        pixels = pixels[..., :1]
    scale = tile_scale(pixels.shape[1])
    return pixels.repeat(scale, axis=1).repeat(scale, axis=2)


def _as_uint8(images):
    pixels = np.asarray(images)
    return pixels if pixels.dtype == np.uint8 else to_uint8(pixels)


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
