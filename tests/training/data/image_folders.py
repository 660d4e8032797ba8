"""Image folders for tests."""

import csv
import io
import struct
import zlib

import numpy as np
from PIL import Image


def write_images(home, count=20, size=(8, 8), start=0):
    """Writes the images 000.png, 001.png, ... whose pixels are all (number, 10, 20)."""
    for number in range(start, start + count):
        Image.new("RGB", size, (number, 10, 20)).save(home / f"{number:03}.png")


def all_rows(source):
    """Returns training and held-out rows in the order of the files: every tenth is held out."""
    rows = np.empty((len(source) + len(source.held_out), *source.shape), np.uint8)
    held_out = np.zeros(len(rows), bool)
    held_out[9::10] = True
    rows[held_out], rows[~held_out] = source.held_out, source.samples
    return rows


def read_table(path):
    """Returns the rows of a CSV file, header included."""
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return list(csv.reader(file))


def write_bad_files(home):
    """Writes a truncated JPEG, an empty PNG, and a text named .jpg."""
    content = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(content, "JPEG")
    (home / "cut.jpg").write_bytes(content.getvalue()[:700])
    (home / "empty.png").write_bytes(b"")
    (home / "text.jpg").write_text("<html>404 Not Found</html>")


def deep_png(values):
    """Returns the content of a PNG file of 16 bits per channel: gray, gray with opacity, RGB or RGBA."""
    height, width, channels = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    color_type = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
