"""Writes the README's overview image and sample images, all cropped from committed grids of real runs.

Sources: `docs/images/demo.png` (`make demo`), `docs/images/fashion_mnist.png` (`ganzoo sample RUN --per-class 8` of
`cgan_fashion_mnist`), and the grids that the benchmarks write to `benchmarks/results/`.
"""

from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
RESULTS = ROOT / "benchmarks" / "results"

DIGITS = IMAGES / "demo.png"
FASHION = IMAGES / "fashion_mnist.png"
LIGHT = RESULTS / "translation" / "light-seed0.png"
EMOJI_PAIRS = RESULTS / "translation" / "emoji-pairs-seed0.png"
EMOJI = RESULTS / "text_to_image" / "emoji-google-seed0.png"

# Left edge, top edge, distance and size of the tiles of a grid, in pixels. The left columns of LIGHT translate from
# light to dark, the right ones back.
GRIDS = {
    DIGITS: (2, 2, 50, 48),
    FASHION: (2, 2, 66, 64),
    LIGHT: (2, 2, 66, 64),
    EMOJI_PAIRS: (2, 2, 66, 64),
    EMOJI: (333, 1, 96, 90),
}
RIGHT_COLUMNS = 274
EMOJI_CAPTIONS = ("oil drum", "clock face two-thirty", "woman in steamy room with light skin tone")

# The tiles (row, column) of each model's sample image.
SAMPLES = {
    "gan": (DIGITS, [(3, 0), (4, 6), (0, 3), (0, 7)]),
    "cgan": (FASHION, [(0, 0), (7, 0), (8, 0), (9, 0)]),
    "text_to_image_gan": (EMOJI, [(0, 0), (1, 0), (2, 0)]),
    "pix2pix": (EMOJI_PAIRS, [(3, 0), (3, 1), (4, 0), (4, 1)]),
    "cyclegan": (LIGHT, [(0, 0), (0, 1), (3, 0), (3, 1)]),
}
TILE, GAP = 48, 2
CAPTION_WIDTH = 146


def tile(path, row, column, size, left=None):
    """Returns a tile of a grid as an RGB image of `size` pixels."""
    first, top, distance, side = GRIDS[path]
    x, y = (first if left is None else left) + column * distance, top + row * distance
    with Image.open(path) as grid:
        return grid.convert("RGB").crop((x, y, x + side, y + side)).resize((size, size), Image.Resampling.LANCZOS)


def strip(tiles):
    """Returns tiles side by side."""
    canvas = Image.new("RGB", (len(tiles) * (TILE + GAP) - GAP, TILE), "white")
    for column, image in enumerate(tiles):
        canvas.paste(image, (column * (TILE + GAP), 0))
    return canvas


def overview():
    """Returns the first image of the README: labels, translations and captions."""
    size, margin = 44, 28
    height = 10 * (size + GAP) - GAP
    small = (height + GAP) // 8 - GAP
    width = 8 * (size + GAP) - GAP + 4 * (small + GAP) + 6 + 2 * margin + CAPTION_WIDTH
    canvas = Image.new("RGB", (width, height), "white")
    for row in range(10):
        for column in range(8):
            canvas.paste(tile(FASHION, row, column, size), (column * (size + GAP), row * (size + GAP)))
    x = 8 * (size + GAP) - GAP + margin
    size = small
    for row in range(8):
        for column in range(2):
            canvas.paste(tile(LIGHT, row, column, size), (x + column * (size + GAP), row * (size + GAP)))
            image = tile(LIGHT, row, column, size, left=RIGHT_COLUMNS + 2)
            canvas.paste(image, (x + (column + 2) * (size + GAP) + 6, row * (size + GAP)))
    x += 4 * (size + GAP) + 6 + margin
    draw, font, size = ImageDraw.Draw(canvas), ImageFont.load_default(size=13), 116
    for row, caption in enumerate(EMOJI_CAPTIONS):
        y = row * (height // 3)
        draw.multiline_text((x, y), caption.replace(" with", "\nwith"), fill="black", font=font)
        canvas.paste(tile(EMOJI, row, 0, size), (x, y + 34))
    return canvas


def main():
    """Writes all images."""
    overview().save(IMAGES / "overview.png", optimize=True)
    (IMAGES / "models").mkdir(exist_ok=True)
    for name, (path, positions) in SAMPLES.items():
        strip([tile(path, *position, TILE) for position in positions]).save(
            IMAGES / "models" / f"{name}.png", optimize=True
        )


if __name__ == "__main__":
    main()
