"""Pictures that people look at: grids of images, and scatters of points.

All functions return uint8 arrays (height, width, channels); `save_png` writes them.
"""

import io
import os

import numpy as np
from PIL import Image

from ..zoo.images import to_uint8

BACKGROUND = 255
GAP = 2
SMALLEST_TILE = 48


def tile_scale(resolution):
    """Returns the whole factor by which small images are enlarged, so that a person can read them."""
    return max(1, -(-SMALLEST_TILE // resolution))


def image_grid(images, columns=None, strip=None):
    """Lays images out in rows, each exactly once, row by row; unused cells are white.

    Args:
        images: float array (num, height, width, channels) in [-1, 1], or uint8; 1 or 3 channels.
        columns: int >= 1 or None for about a square.
        strip: array like `images`, or None: reference images in a column of their own, right of a wide gap.

    Returns:
        uint8 array (height, width, channels). Small images are enlarged by `tile_scale`.

    Example:

    >>> image_grid(np.zeros((5, 32, 32, 1)), columns=3).shape
    (134, 200, 1)
    """
    tiles = _tiles(images)
    columns = columns or int(np.ceil(np.sqrt(len(tiles))))
    picture = _lay_out(tiles, columns)
    if strip is None:
        return picture
    height = tiles.shape[1] + GAP
    column = _lay_out(_tiles(strip)[: max(1, (len(picture) - GAP) // height)], 1)
    column = np.pad(column, ((0, len(picture) - len(column)), (0, 0), (0, 0)), constant_values=BACKGROUND)
    return _beside(picture, column)


def scatter(points, reference=None, size=480):
    """Draws points of the plane, with reference points in grey beneath.

    Args:
        points: float array (num, 2).
        reference: float array (num, 2) or None; it fixes the frame, so that pictures of one run can be compared.
        size: int >= 1, pixels of a side. Default 480.

    Returns:
        uint8 array (size, size, 3).
    """
    framing = points if reference is None else reference
    centre = (framing.max(0) + framing.min(0)) / 2
    reach = 0.65 * max((framing.max(0) - framing.min(0)).max(), 1e-6)
    canvas = np.full((size, size, 3), BACKGROUND, np.uint8)
    for cloud, colour in ((reference, (200, 200, 200)), (points, (200, 30, 60))):
        if cloud is None:
            continue
        places = ((cloud - centre) / reach * 0.5 + 0.5) * (size - 1)
        columns, rows = np.rint(places[np.isfinite(places).all(1)]).astype(int).T
        rows = size - 1 - rows
        inside = (rows >= 0) & (rows < size - 1) & (columns >= 0) & (columns < size - 1)
        for down in (0, 1):
            for right in (0, 1):
                canvas[rows[inside] + down, columns[inside] + right] = colour
    return canvas


def overview(samples, reference=None, columns=None):
    """Returns the picture that suits the samples: a grid with a strip of real images, or a scatter."""
    if np.ndim(samples) == 2:
        return scatter(samples, reference)
    return image_grid(samples, columns, strip=reference)


def neighbour_rows(samples, neighbours):
    """Lays samples out beside their nearest real images: a row a sample, the sample first, then a wide gap.

    Args:
        samples: uint8 array (num, height, width, channels).
        neighbours: uint8 array (num, k, height, width, channels), nearest first.

    Returns:
        uint8 array (height, width, channels).
    """
    return comparison_rows([samples], list(np.moveaxis(neighbours, 1, 0)))


def comparison_rows(*groups):
    """Lays out what belongs together: a row a thing, a column a way of showing it, a wide gap between groups.

    Args:
        *groups: lists of arrays (num, height, width, 1 or 3 channels), float in [-1, 1] or uint8, a column each.

    Returns:
        uint8 array (height, width, channels), in colour where any column is.

    Example:

    >>> grey, colour = np.zeros((4, 48, 48, 1)), np.zeros((4, 48, 48, 3))
    >>> comparison_rows([grey, colour], [grey]).shape
    (202, 162, 3)
    """
    columns = iter(alike(*(column for group in groups for column in group)))
    pictures = []
    for group in groups:
        tiles = np.stack([_tiles(next(columns)) for _ in group], axis=1)
        pictures.append(_lay_out(tiles.reshape(-1, *tiles.shape[2:]), len(group)))
    return _beside(*pictures)


def alike(*arrays):
    """Returns arrays of pictures as uint8 with equally many channels: grey ones become colour where others are."""
    arrays = [_as_uint8(array) for array in arrays]
    most = max(array.shape[-1] for array in arrays)
    return [array.repeat(3, axis=-1) if array.shape[-1] < most == 3 else array for array in arrays]


def save_png(path, picture):
    """Writes a picture (height, width, 1 or 3 channels) as PNG, whole or not at all."""
    buffer = io.BytesIO()
    Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture).save(buffer, "PNG")
    temporary = f"{path}.part"
    with open(temporary, "wb") as file:
        file.write(buffer.getvalue())
    os.replace(temporary, path)


def save_samples(folder, samples, seed):
    """Writes each image as a PNG of its own size, named by its seed: `seed-0000000007.png`; returns the names."""
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


def _beside(*pictures):
    """Joins pictures of one height, left to right, with a wide gap between them."""
    gap = np.full((len(pictures[0]), 4 * GAP, pictures[0].shape[-1]), BACKGROUND, np.uint8)
    return np.concatenate([part for picture in pictures for part in (gap, picture)][1:], axis=1)


def _lay_out(tiles, columns):
    num, height, width, channels = tiles.shape
    rows = -(-num // columns)
    picture = np.full((GAP + rows * (height + GAP), GAP + columns * (width + GAP), channels), BACKGROUND, np.uint8)
    for index, tile in enumerate(tiles):
        top, left = GAP + index // columns * (height + GAP), GAP + index % columns * (width + GAP)
        picture[top : top + height, left : left + width] = tile
    return picture
