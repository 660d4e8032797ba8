"""The image that `ganzoo data` writes of a source."""

import numpy as np

from ...export.visualization import match_channels, overview

MAX_IMAGES, MAX_POINTS = 64, 2000
# Of two domains: images per row, and rows per domain.
COLUMNS, ROWS = 8, 4


def source_overview(source):
    """Renders the first samples of a source.

    Args:
        source: a data source of the family "image" or "translation". Of two domains, a row of x stands above each row
            of y, so that pairs are above one another.

    Returns:
        uint8 array (height, width, channels).
    """
    return {"image": _image_overview, "translation": _translation_overview}[source.family](source)


def _image_overview(source):
    return overview(source.samples[: MAX_IMAGES if source.is_image else MAX_POINTS])


def _translation_overview(source):
    columns = min(COLUMNS, len(source.x), len(source.y))
    rows = min(ROWS, len(source.x) // columns, len(source.y) // columns)
    x, y = match_channels(*(domain.samples[: columns * rows] for domain in (source.x, source.y)))
    domains = [images.reshape(rows, columns, *images.shape[1:]) for images in (x, y)]
    return overview(np.stack(domains, axis=1).reshape(-1, *x.shape[1:]), columns=columns)
