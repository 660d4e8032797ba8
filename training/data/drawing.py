"""Drawing one shape a picture: a pure function of the factors, at any resolution.

Edges are antialiased analytically: what a pixel shows depends on the signed distance from its centre to the outline.
"""

import numpy as np

SHAPES = ("circle", "square", "triangle", "diamond", "pentagon", "star", "cross", "arrow")
COLOURS = {
    "red": (214, 40, 40),
    "orange": (245, 130, 30),
    "yellow": (225, 190, 20),
    "green": (46, 160, 67),
    "turquoise": (30, 170, 180),
    "blue": (45, 90, 215),
    "purple": (130, 60, 180),
    "pink": (235, 105, 165),
}
# Radii of the circle around the shape, as shares of the side; the jitter leaves them well apart.
SIZES = {"small": 0.1, "medium": 0.155, "large": 0.22}
# Three rows of three, top left first.
POSITIONS = tuple(
    "centre" if (row, column) == ("middle", "middle") else f"{row} {column}"
    for row in ("top", "middle", "bottom")
    for column in ("left", "middle", "right")
)
FILLS = ("filled", "outlined")
BACKGROUNDS = {"light": (250, 250, 250), "dark": (18, 18, 24)}
FACTORS = {
    "shape": SHAPES,
    "colour": tuple(COLOURS),
    "size": tuple(SIZES),
    "position": POSITIONS,
    "fill": FILLS,
    "background": tuple(BACKGROUNDS),
}
# How far the outer positions are from the centre, and what a jitter of 1 moves and scales.
SPREAD, SHIFT, SCALE = 0.25, 0.02, 0.06
# The width of an outline, as a share of the radius.
STROKE = 0.3
# The same, but never thinner than this many pixels, or it would fade away.
THINNEST = 0.75


def render(factors, resolution):
    """Draws pictures.

    Args:
        factors: dict of int arrays (num,), indices into `FACTORS`: "shape", "colour", "size", "position", "fill" and,
            optionally, "background" (light where it is missing); and, optionally, "jitter", a float array (num, 3) in
            [-1, 1]: right, down, larger.
        resolution: int, pixels of a side.

    Returns:
        uint8 array (num, resolution, resolution, 3). A row depends on that row's factors alone.

    Example:

    >>> one = {name: np.zeros(1, int) for name in ("shape", "colour", "size", "position", "fill")}
    >>> render(one, 32).shape
    (1, 32, 32, 3)
    """
    num = len(factors["shape"])
    jitter = np.asarray(factors.get("jitter", np.zeros((num, 3))), np.float64)
    radius = np.array(list(SIZES.values()))[factors["size"]] * (1 + SCALE * jitter[:, 2])
    row, column = np.divmod(np.asarray(factors["position"]), 3)
    centre = 0.5 + SPREAD * (np.stack([column, row], axis=1) - 1) + SHIFT * jitter[:, :2]
    background = np.asarray(factors.get("background", np.zeros(num, int)))
    paper = np.array(list(BACKGROUNDS.values()), np.float32)[background]
    ink = np.array(list(COLOURS.values()), np.float32)[factors["colour"]]
    pictures = np.empty((num, resolution, resolution, 3), np.uint8)
    pictures[:] = paper[:, np.newaxis, np.newaxis].astype(np.uint8)
    for kind, name in enumerate(SHAPES):
        for size in range(len(SIZES)):
            chosen = np.flatnonzero((np.asarray(factors["shape"]) == kind) & (np.asarray(factors["size"]) == size))
            for start in range(0, len(chosen), 512):
                rows = chosen[start : start + 512]
                outlined = np.asarray(factors["fill"])[rows] == 1
                _draw(pictures, rows, name, centre[rows], radius[rows], outlined, paper[rows], ink[rows])
    return pictures


def _draw(pictures, rows, name, centre, radius, outlined, paper, ink):
    resolution = pictures.shape[1]
    # Only a window around each shape is computed; its pixels are cut off where they leave the picture.
    side = min(resolution, int(np.ceil(2 * radius.max() * resolution)) + 3)
    corner = np.floor((centre - radius[:, np.newaxis]) * resolution - 1).astype(int)
    corner = np.clip(corner, 0, resolution - side)
    grid = (np.arange(side) + 0.5) / resolution
    scale = radius[:, np.newaxis]
    x = ((corner[:, :1] / resolution + grid - centre[:, :1]) / scale)[:, np.newaxis, :].astype(np.float32)
    y = ((corner[:, 1:] / resolution + grid - centre[:, 1:]) / scale)[:, :, np.newaxis].astype(np.float32)
    pixel = (radius * resolution).astype(np.float32)[:, np.newaxis, np.newaxis]
    inside = _distance(name, x, y) * pixel
    cover = np.clip(inside + 0.5, 0, 1)
    stroke = np.maximum(STROKE * pixel, THINNEST)
    hole = np.clip(inside - stroke + 0.5, 0, 1) * outlined[:, np.newaxis, np.newaxis]
    cover = (cover - hole)[..., np.newaxis]
    drawn = paper[:, np.newaxis, np.newaxis] * (1 - cover) + ink[:, np.newaxis, np.newaxis] * cover
    drawn = np.rint(drawn).astype(np.uint8)
    for picture, (left, top), window in zip(rows, corner, drawn, strict=True):
        pictures[picture, top : top + side, left : left + side] = window


def _distance(name, x, y):
    """Returns the signed distance to the outline of the shape of radius 1, positive inside."""
    if name == "circle":
        return 1 - np.hypot(x, y)
    corners = OUTLINES[name]
    nearest = np.float32(np.inf)
    crossings = np.zeros(np.broadcast_shapes(x.shape, y.shape), bool)
    for (x1, y1), (x2, y2) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        across, down = x2 - x1, y2 - y1
        along = np.clip(((x - x1) * across + (y - y1) * down) / (across**2 + down**2), 0, 1)
        nearest = np.minimum(nearest, (x - x1 - along * across) ** 2 + (y - y1 - along * down) ** 2)
        if down != 0:
            # A ray to the right meets each edge that spans its height: an odd number of times from inside.
            crossings ^= ((y1 > y) != (y2 > y)) & (x < (y - y1) * (across / down) + x1)
    return np.sqrt(nearest) * np.where(crossings, np.float32(1), np.float32(-1))


def _regular(corners, radii=(1.0,)):
    """Corners on circles, the first at the top, going round by the radii."""
    angles = 2 * np.pi * np.arange(corners) / corners - np.pi / 2
    around = np.resize(radii, corners)
    return np.stack([around * np.cos(angles), around * np.sin(angles)], axis=1).astype(np.float32)


def _outline(*corners):
    return np.array(corners, np.float32)


_HALF = np.sqrt(0.5)
# Half the width of an arm, and how far the arms reach on the circle of radius 1.
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
