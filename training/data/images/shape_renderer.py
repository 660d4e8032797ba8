"""Renders images of one shape each: a pure function of the factors, at any resolution.

Edges are antialiased analytically: a pixel depends on the signed distance from its center to the outline.
"""

import numpy as np

SHAPES = ("circle", "square", "triangle", "diamond", "pentagon", "star", "cross", "arrow")
COLORS = {
    "red": (214, 40, 40),
    "orange": (245, 130, 30),
    "yellow": (225, 190, 20),
    "green": (46, 160, 67),
    "turquoise": (30, 170, 180),
    "blue": (45, 90, 215),
    "purple": (130, 60, 180),
    "pink": (235, 105, 165),
}
# Radii of the circumscribed circle, as fractions of the side; with any jitter the sizes remain distinct.
SIZES = {"small": 0.1, "medium": 0.155, "large": 0.22}
# Three rows of three, top left first.
POSITIONS = tuple(
    "center" if (row, column) == ("middle", "middle") else f"{row} {column}"
    for row in ("top", "middle", "bottom")
    for column in ("left", "middle", "right")
)
FILLS = ("filled", "outlined")
BACKGROUNDS = {"light": (250, 250, 250), "dark": (18, 18, 24)}
FACTORS = {
    "shape": SHAPES,
    "color": tuple(COLORS),
    "size": tuple(SIZES),
    "position": POSITIONS,
    "fill": FILLS,
    "background": tuple(BACKGROUNDS),
}
# Distance of the outer positions from the center, and by how much a jitter of 1 shifts and scales, as fractions.
SPREAD, SHIFT, SCALE = 0.25, 0.02, 0.06
# The width of an outline as a fraction of the radius.
STROKE = 0.3
# The minimum width of an outline in pixels; a thinner one would fade.
MIN_STROKE = 0.75


def render(factors, resolution):
    """Renders images from factors.

    Args:
        factors: dict of int arrays (num_samples,), indices into `FACTORS`: "shape", "color", "size", "position", "fill"
            and, optionally, "background" (default: light). Optionally "jitter", a float array (num_samples, 3) in
            [-1, 1]: shift right, shift down, enlarge.
        resolution: int, pixels per side.

    Returns:
        uint8 array (num_samples, resolution, resolution, 3). Each image depends on its own factors alone.

    Example:

    >>> factors = {name: np.zeros(1, int) for name in ("shape", "color", "size", "position", "fill")}
    >>> render(factors, 32).shape
    (1, 32, 32, 3)
    """
    num_samples = len(factors["shape"])
    jitter = np.asarray(factors.get("jitter", np.zeros((num_samples, 3))), np.float64)
    radius = np.array(list(SIZES.values()))[factors["size"]] * (1 + SCALE * jitter[:, 2])
    row, column = np.divmod(np.asarray(factors["position"]), 3)
    center = 0.5 + SPREAD * (np.stack([column, row], axis=1) - 1) + SHIFT * jitter[:, :2]
    background = np.asarray(factors.get("background", np.zeros(num_samples, int)))
    paper = np.array(list(BACKGROUNDS.values()), np.float32)[background]
    ink = np.array(list(COLORS.values()), np.float32)[factors["color"]]
    images = np.empty((num_samples, resolution, resolution, 3), np.uint8)
    images[:] = paper[:, np.newaxis, np.newaxis].astype(np.uint8)
    for kind, name in enumerate(SHAPES):
        for size in range(len(SIZES)):
            selected = np.flatnonzero((np.asarray(factors["shape"]) == kind) & (np.asarray(factors["size"]) == size))
            for start in range(0, len(selected), 512):
                rows = selected[start : start + 512]
                outlined = np.asarray(factors["fill"])[rows] == 1
                _draw(images, rows, name, center[rows], radius[rows], outlined, paper[rows], ink[rows])
    return images


def _draw(images, rows, name, center, radius, outlined, paper, ink):
    resolution = images.shape[1]
    # Only a window around each shape is computed, clipped at the border of the image.
    side = min(resolution, int(np.ceil(2 * radius.max() * resolution)) + 3)
    corner = np.floor((center - radius[:, np.newaxis]) * resolution - 1).astype(int)
    corner = np.clip(corner, 0, resolution - side)
    grid = (np.arange(side) + 0.5) / resolution
    scale = radius[:, np.newaxis]
    x = ((corner[:, :1] / resolution + grid - center[:, :1]) / scale)[:, np.newaxis, :].astype(np.float32)
    y = ((corner[:, 1:] / resolution + grid - center[:, 1:]) / scale)[:, :, np.newaxis].astype(np.float32)
    pixel = (radius * resolution).astype(np.float32)[:, np.newaxis, np.newaxis]
    inside = _distance(name, x, y) * pixel
    cover = np.clip(inside + 0.5, 0, 1)
    stroke = np.maximum(STROKE * pixel, MIN_STROKE)
    hole = np.clip(inside - stroke + 0.5, 0, 1) * outlined[:, np.newaxis, np.newaxis]
    cover = (cover - hole)[..., np.newaxis]
    pixels = paper[:, np.newaxis, np.newaxis] * (1 - cover) + ink[:, np.newaxis, np.newaxis] * cover
    pixels = np.rint(pixels).astype(np.uint8)
    for row, (left, top), window in zip(rows, corner, pixels, strict=True):
        images[row, top : top + side, left : left + side] = window


def _distance(name, x, y):
    """Returns the signed distance to the outline of the shape of radius 1, positive inside."""
    if name == "circle":
        return 1 - np.hypot(x, y)
    corners = OUTLINES[name]
    nearest = np.float32(np.inf)
    crossings = np.zeros(np.broadcast_shapes(x.shape, y.shape), bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        width, height = x2 - x1, y2 - y1
        along = np.clip(((x - x1) * width + (y - y1) * height) / (width**2 + height**2), 0, 1)
        nearest = np.minimum(nearest, (x - x1 - along * width) ** 2 + (y - y1 - along * height) ** 2)
        if height != 0:
            # Ray casting: a ray to the right crosses the outline an odd number of times from inside.
            crossings ^= ((y1 > y) != (y2 > y)) & (x < (y - y1) * (width / height) + x1)
    return np.sqrt(nearest) * np.where(crossings, np.float32(1), np.float32(-1))


def _regular(corners, radii=(1.0,)):
    """Returns corners at equal angles from the top on. Their distances from the center cycle through the radii."""
    angles = 2 * np.pi * np.arange(corners) / corners - np.pi / 2
    lengths = np.resize(radii, corners)
    return np.stack([lengths * np.cos(angles), lengths * np.sin(angles)], axis=1).astype(np.float32)


def _outline(*corners):
    return np.array(corners, np.float32)


_HALF = np.sqrt(0.5)
# Half the width of an arm, and its length up to the circle of radius 1.
_ARM = 0.3
_REACH = np.sqrt(1 - _ARM**2)
OUTLINES = {
    "square": _outline((-_HALF, -_HALF), (_HALF, -_HALF), (_HALF, _HALF), (-_HALF, _HALF)),
    "triangle": _regular(3),
    "diamond": _outline((0, -1), (0.65, 0), (0, 1), (-0.65, 0)),
    "pentagon": _regular(5),
    "star": _regular(10, (1.0, 0.42)),
    "cross": _outline(
        (-_ARM, -_REACH), (_ARM, -_REACH), (_ARM, -_ARM), (_REACH, -_ARM), (_REACH, _ARM), (_ARM, _ARM),
        (_ARM, _REACH), (-_ARM, _REACH), (-_ARM, _ARM), (-_REACH, _ARM), (-_REACH, -_ARM), (-_ARM, -_ARM),
    ),
    "arrow": _outline((1, 0), (0.1, -0.9), (0.1, -0.35), (-0.9, -0.35), (-0.9, 0.35), (0.1, 0.35), (0.1, 0.9)),
}  # fmt: skip
