"""Decoding of one image file of any format into 8-bit pixels, as an image viewer shows it.

This module imports nothing of the zoo: `decode_pool.py` also runs it in worker processes, which have to start fast and
must not load TensorFlow.
"""

import io
import pickle
import re
import struct
import sys
import warnings
import zlib

import numpy as np
from PIL import Image

from .high_precision import UnknownRangeError, measure, to_8_bits

# The filter of `resizing.py`, which cannot be imported here; a test compares the two.
FILTER = Image.Resampling.BICUBIC
CROPS = ("center", "stretch")
# Two images side by side in one file: which of them is read.
HALVES = ("left", "right")
# Pillow's own limit, above which it only warns: a file of a few kilobytes can request gigabytes.
MAX_PIXELS = Image.MAX_IMAGE_PIXELS
# A JPEG at least this many times larger than its target may be decoded at a fraction of its size. The antialiasing
# filter still does the rest of the reduction, by a factor of four or more.
REDUCE_FROM, REDUCE_TO = 8, 4
# Compressing images up to this size would take a fifth of the total time and save an eighth of the space.
STORED_BYTES = 2**14
ORIENTATION = 0x0112
# EXIF orientation -> the transposition that makes the stored image upright.
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# Pillow's layouts of 16 bits per channel in color, of which it keeps the upper 8, and the other order of the bytes.
DEEP_COLOR = re.compile(r"(RGB|RGBA|RGBX|LA);16([BLN])")
OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
# Transpositions that keep width and height.
SIZE_PRESERVING = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM)


class ImageReadError(ValueError):
    """An image that cannot be read. The message is the reason."""


def read_image(file, resolution, crop="center", channels=None):
    """Reads one image.

    Of an animation the first frame is read. The EXIF orientation is applied. Values of more than 8 bits are scaled by
    the smallest range that holds them; palettes, CMYK and other color models become RGB; transparency is composited on
    white before any resizing.

    Args:
        file: path (str or bytes), or the file's content as a `memoryview`.
        resolution: int, pixels per side, or None to keep the image's own size.
        crop: "center" crops the largest central square; "stretch" keeps the full image and changes its proportions;
            "left" and "right" crop the largest central square of that half of the image, without the middle column if
            the width is odd. Default "center".
        channels: 1, 3, or None for 1 if all pixels are gray and 3 otherwise.

    Returns:
        (pixels, size): uint8 array (height, width, 1 or 3), and the (width, height) of the upright original.

    Raises:
        ImageReadError: not an image, corrupted, too large, or of values without a known range.
    """
    pixels, size, _ = read_and_measure(file, resolution, crop, channels)
    return pixels, size


def read_and_measure(file, resolution, crop="center", channels=None, whites=None):
    """Reads one image, as `read_image` does, in a given range of values.

    Args:
        whites: pair of white levels, from `high_precision.ValueRange`, or None for the image's own.

    Returns:
        (pixels, size, measured): the last is the (kind, largest value) of an image of more than 8 bits, else None.
    """
    try:
        if isinstance(file, memoryview):
            return _read(io.BytesIO(file), resolution, crop, channels, whites)
        with open(file, "rb") as opened:
            return _read(opened, resolution, crop, channels, whites)
    except ImageReadError:
        raise
    except UnknownRangeError as error:
        raise ImageReadError(str(error)) from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ImageReadError(f"has more than {MAX_PIXELS:,} pixels once decoded") from None
    except Image.UnidentifiedImageError:
        raise ImageReadError("not an image that Pillow can read") from None
    except MemoryError:
        raise ImageReadError("needs more memory than is available") from None
    except Exception as error:
        # Decoders raise arbitrary exceptions on corrupted data; one bad file must not stop the others.
        raise ImageReadError(f"cannot be read: {_one_line(error)}") from None


def _read(file, resolution, crop, channels, whites):
    if not file.read(1):
        raise ImageReadError("empty file")
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file) as image:
            size = image.size
            if resolution is not None and min(size) >= REDUCE_FROM * resolution:
                image.draft(None, (REDUCE_TO * resolution, REDUCE_TO * resolution))
            deep = _is_deep_color(image)
            image.load()
            transposition = TRANSPOSITIONS.get(_orientation(image))
            opaque, measured = _from_deep_color(file, whites) if deep else _opaque(image, whites)
    if transposition is not None:
        opaque = opaque.transpose(transposition)
        if transposition not in SIZE_PRESERVING:
            size = size[::-1]
    pixels = np.asarray(opaque) if resolution is None else _square(opaque, resolution, crop)
    return _with_channels(pixels, channels), size, measured


def _one_line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if text else ''}{text[:200]}"


def _orientation(image):
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:
        # Corrupted EXIF data: viewers show such an image as it is stored.
        return 1


def _opaque(image, whites):
    """Returns the image in mode L or RGB, and its measured values."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        values = np.asarray(image)
        measured = measure(values)
        pixels, clear = to_8_bits(values, measured, whites), image.info.get("transparency")
        return Image.fromarray(np.where(values == clear, 255, pixels).astype(np.uint8)), measured
    if "transparency" in image.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        return _on_white(image.convert("RGBA")), None
    if mode in ("L", "RGB"):
        return image, None
    return image.convert("L" if mode == "1" else "RGB"), None


def _on_white(image):
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _is_deep_color(image):
    return bool(image.tile) and all(DEEP_COLOR.fullmatch(_layout(tile)) for tile in image.tile)


def _layout(tile):
    arguments = tile[3]
    return str(arguments if isinstance(arguments, str) else (arguments or [""])[0])


def _from_deep_color(file, whites):
    """Reads color of 16 bits per channel: its upper bytes, and its lower ones as if they were in the other order."""
    values = _read_in_order(file, False) * 256 + _read_in_order(file, True)
    colors = values[..., :3] if values.shape[-1] > 2 else values[..., [0, 0, 0]]
    measured = measure(colors)
    pixels = to_8_bits(colors, measured, whites)
    if values.shape[-1] == 3:
        return Image.fromarray(pixels), measured
    alpha = (values[..., -1:] >> 8).astype(np.uint8)
    return _on_white(Image.fromarray(np.concatenate([pixels, alpha], axis=-1))), measured


def _read_in_order(file, swapped):
    """Returns one byte of each 16-bit value, the upper one unless the order is swapped."""
    file.seek(0)
    with Image.open(file) as image:
        model, order = DEEP_COLOR.fullmatch(_layout(image.tile[0])).groups()
        layout = "RGBA" if model == "LA" else f"{model};16{OTHER_ORDER[order] if swapped else order}"
        image.tile = [
            tile._replace(args=layout if isinstance(tile.args, str) else (layout, *tile.args[1:]))
            for tile in image.tile
        ]
        read = np.asarray(image).astype(np.int32)
    if model == "LA":
        # Gray with transparency is read as four single bytes.
        return read[..., int(swapped) :: 2]
    return read[..., :3] if model == "RGBX" else read


def _square(image, resolution, crop):
    if crop in HALVES:
        width, height = image.size
        left = 0 if crop == "left" else width - width // 2
        image = image.crop((left, 0, left + width // 2, height))
    width, height = image.size
    if crop != "stretch" and width != height:
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        image = image.crop((left, top, left + side, top + side))
    if image.size != (resolution, resolution):
        image = image.resize((resolution, resolution), FILTER)
    return np.asarray(image)


def _with_channels(pixels, channels):
    if pixels.ndim == 3 and channels != 3:
        if _is_gray(pixels):
            pixels = pixels[..., 0]
        elif channels == 1:
            pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    if pixels.ndim == 2 and channels == 3:
        return np.repeat(pixels[..., np.newaxis], 3, axis=-1)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _is_gray(pixels):
    # The first row nearly always decides, at a fraction of the cost.
    return all((rows[..., :1] == rows[..., 1:]).all() for rows in (pixels[:1], pixels))


def as_png(pixels):
    """Encodes pixels as the content of a PNG file.

    Implemented here because Pillow's encoder takes longer than decoding the image. Rows hold the differences to the row
    above (filter 2), which compresses photographs well at the fastest level. Small images hardly compress at all.

    Args:
        pixels: uint8 array (height, width, 1 or 3).

    Returns:
        bytes.
    """
    height, width, channels = pixels.shape
    above = np.concatenate([np.zeros_like(pixels[:1]), pixels[:-1]])
    rows = np.empty((height, 1 + width * channels), np.uint8)
    rows[:, 0] = 2
    rows[:, 1:] = (pixels - above).reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
    packed = zlib.compress(rows, 0 if rows.nbytes <= STORED_BYTES else 1)
    chunks = ((b"IHDR", header), (b"IDAT", packed), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        b"".join((struct.pack(">I", len(data)), kind, data, struct.pack(">I", zlib.crc32(data, zlib.crc32(kind)))))
        for kind, data in chunks
    )


def decode(file, resolution, crop, channels, png, whites):
    """Reads one image for `decode_pool.py` without raising an exception.

    Returns:
        (pixels as bytes, number of channels, PNG content or None, original size, measured values), or a str, the reason
        for a failure.
    """
    try:
        pixels, size, measured = read_and_measure(file, resolution, crop, channels, whites)
    except ImageReadError as error:
        return str(error)
    return pixels.tobytes(), pixels.shape[-1], as_png(pixels) if png else None, size, measured


def as_input(file):
    """Converts ("path", bytes) or ("content", bytes) to the `file` argument of `read_image`."""
    kind, value = file
    return memoryview(value) if kind == "content" else value


def serve(requests, replies):
    """Replies to pickled lists of files with lists of the results of `decode`, until the requests end."""
    options = pickle.load(requests)
    pickle.dump("ready", replies)
    replies.flush()
    while True:
        try:
            files = pickle.load(requests)
        except EOFError:
            return
        pickle.dump([decode(as_input(file), *options) for file in files], replies)
        replies.flush()
