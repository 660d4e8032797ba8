"""Decoding of one image file of any format into 8-bit pixels, as an image viewer shows it.

This module imports nothing of the zoo: `decode_pool.py` also runs it as a script, as a worker process that has to start
fast and must not load TensorFlow.
"""

import io
import pickle
import struct
import sys
import warnings
import zlib

import numpy as np
from PIL import Image

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
# Transpositions that keep width and height.
SIZE_PRESERVING = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM)


class ImageReadError(ValueError):
    """An image that cannot be read. The message is the reason."""


def read_image(file, resolution, crop="center", channels=None):
    """Reads one image.

    Of an animation the first frame is read. The EXIF orientation is applied. 16-bit values are scaled by 255 / 65,535;
    palettes, CMYK and other color models become RGB; transparency is composited on white before any resizing.

    Args:
        file: path (str or bytes), or the file's content as a `memoryview`.
        resolution: int, pixels per side, or None to keep the image's own size.
        crop: "center" crops the largest central square; "stretch" keeps the full image and changes its proportions;
            "left" and "right" stretch that half of the image. Default "center".
        channels: 1, 3, or None for 1 if all pixels are gray and 3 otherwise.

    Returns:
        (pixels, size): uint8 array (height, width, 1 or 3), and the (width, height) of the upright original.

    Raises:
        ImageReadError: not an image, corrupted, too large, or of values without a known range.
    """
    try:
        if isinstance(file, memoryview):
            return _read(io.BytesIO(file), resolution, crop, channels)
        with open(file, "rb") as opened:
            return _read(opened, resolution, crop, channels)
    except ImageReadError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ImageReadError(f"has more than {MAX_PIXELS:,} pixels once decoded") from None
    except Image.UnidentifiedImageError:
        raise ImageReadError("not an image that Pillow can read") from None
    except MemoryError:
        raise ImageReadError("needs more memory than is available") from None
    except Exception as error:
        # Decoders raise arbitrary exceptions on corrupted data; one bad file must not stop the others.
        raise ImageReadError(f"cannot be read: {_one_line(error)}") from None


def _read(file, resolution, crop, channels):
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
            image.load()
            transposition = TRANSPOSITIONS.get(_orientation(image))
            opaque = _opaque(image)
    if transposition is not None:
        opaque = opaque.transpose(transposition)
        if transposition not in SIZE_PRESERVING:
            size = size[::-1]
    pixels = np.asarray(opaque) if resolution is None else _square(opaque, resolution, crop)
    return _with_channels(pixels, channels), size


def _one_line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if text else ''}{text[:200]}"


def _orientation(image):
    try:
        return image.getexif().get(ORIENTATION, 1)
    except Exception:
        # Corrupted EXIF data: viewers show such an image as it is stored.
        return 1


def _opaque(image):
    """Returns the image in mode L or RGB."""
    mode = image.mode
    if mode.startswith("I") or mode == "F":
        return _from_high_precision(np.asarray(image), mode)
    if "transparency" in image.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(white, image).convert("RGB")
    if mode in ("L", "RGB"):
        return image
    return image.convert("L" if mode == "1" else "RGB")


def _from_high_precision(values, mode):
    """Maps gray values of more than 8 bits to 8 bits."""
    low, high = values.min(), values.max()
    if mode == "F":
        if not np.isfinite(values).all() or low < 0 or high > 255:
            raise ImageReadError(f"float values in [{low:g}, {high:g}], expected [0, 1] or [0, 255]")
        values = values * 255 if high <= 1 else values
    else:
        if low < 0 or high > 65535:
            raise ImageReadError(f"integer values in [{low}, {high}], expected at most 16 bits")
        values = values * (255 / 65535)
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _square(image, resolution, crop):
    width, height = image.size
    if crop in HALVES:
        left = 0 if crop == "left" else width - width // 2
        image = image.crop((left, 0, left + width // 2, height))
    if crop == "center" and width != height:
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


def decode(file, resolution, crop, channels, png):
    """Reads one image for `decode_pool.py` without raising an exception.

    Returns:
        (pixels as bytes, number of channels, PNG content or None, original size), or a str, the reason for a failure.
    """
    try:
        pixels, size = read_image(file, resolution, crop, channels)
    except ImageReadError as error:
        return str(error)
    return pixels.tobytes(), pixels.shape[-1], as_png(pixels) if png else None, size


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


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
