"""One picture file, whatever it turns out to hold, as 8-bit pixels the way a viewer shows it.

This file imports nothing of the zoo: `decoding.py` also runs it by itself, as a worker process that has to start in a
moment and must not load TensorFlow.
"""

import io
import pickle
import struct
import sys
import warnings
import zlib

import numpy as np
from PIL import Image

# The filter of `pixels.py`, which cannot be imported here; a test compares the two.
FILTER = Image.Resampling.BICUBIC
CROPS = ("centre", "stretch")
# Two pictures side by side in one file: which of them is read.
HALVES = ("left", "right")
# Pillow's own limit, past which it only warns: a file of a few kilobytes can ask for gigabytes.
MAX_PIXELS = Image.MAX_IMAGE_PIXELS
# A JPEG this many times larger than its target may be decoded at a fraction of its size: the rest of the reduction,
# four times or more, is still done by the antialiasing filter.
REDUCE_FROM, REDUCE_TO = 8, 4
# Packing a picture of no more bytes would take a fifth of all the time and save an eighth of the space.
STORED_BYTES = 2**14
# EXIF orientation -> what turns the stored picture upright.
ORIENTATION = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
UPRIGHT = (Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.ROTATE_180, Image.Transpose.FLIP_TOP_BOTTOM)


class PictureError(ValueError):
    """A picture that cannot be read, and why."""


def read_picture(file, resolution, crop="centre", channels=None):
    """Reads one picture.

    The first frame of an animation; turned as its EXIF data say; 16-bit values scaled by 255 / 65,535; palettes,
    CMYK and other colour models as RGB; transparency laid on white before anything is averaged.

    Args:
        file: path (str or bytes) or the file's content as a `memoryview`.
        resolution: int, pixels of a side, or None for the picture as it is, whatever its size.
        crop: "centre" cuts the largest central square, "stretch" keeps everything and changes the proportions; "left"
            and "right" stretch that half of the picture.
        channels: 1, 3, or None for 1 where all pixels are grey and 3 otherwise.

    Returns:
        (pixels, size): uint8 array (height, width, 1 or 3), and the upright picture's own (width, height).

    Raises:
        PictureError: not a picture, damaged, too large, or of values without a known range.
    """
    try:
        if isinstance(file, memoryview):
            return _read(io.BytesIO(file), resolution, crop, channels)
        with open(file, "rb") as opened:
            return _read(opened, resolution, crop, channels)
    except PictureError:
        raise
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise PictureError(f"asks for more than {MAX_PIXELS:,} pixels once decoded") from None
    except Image.UnidentifiedImageError:
        raise PictureError("not a picture that Pillow can read") from None
    except MemoryError:
        raise PictureError("needs more memory than there is") from None
    except Exception as error:
        # Decoders raise whatever they like on damaged data; one bad file must not stop the others.
        raise PictureError(f"cannot be read: {_one_line(error)}") from None


def _read(file, resolution, crop, channels):
    if not file.read(1):
        raise PictureError("empty file")
    file.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(file) as picture:
            size = picture.size
            if resolution is not None and min(size) >= REDUCE_FROM * resolution:
                picture.draft(None, (REDUCE_TO * resolution, REDUCE_TO * resolution))
            picture.load()
            turn = TURNS.get(_orientation(picture))
            opaque = _opaque(picture)
    if turn is not None:
        opaque = opaque.transpose(turn)
        if turn not in UPRIGHT:
            size = size[::-1]
    pixels = np.asarray(opaque) if resolution is None else _square(opaque, resolution, crop)
    return _with_channels(pixels, channels), size


def _one_line(error):
    text = " ".join(str(error).split())
    return f"{type(error).__name__}{': ' if text else ''}{text[:200]}"


def _orientation(picture):
    try:
        return picture.getexif().get(ORIENTATION, 1)
    except Exception:
        # Damaged EXIF data: viewers show such a picture as it is stored.
        return 1


def _opaque(picture):
    """Returns the picture in mode L or RGB."""
    mode = picture.mode
    if mode.startswith("I") or mode == "F":
        return _from_wide(np.asarray(picture), mode)
    if "transparency" in picture.info or mode in ("LA", "La", "PA", "RGBA", "RGBa"):
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        return Image.alpha_composite(white, picture).convert("RGB")
    if mode in ("L", "RGB"):
        return picture
    return picture.convert("L" if mode == "1" else "RGB")


def _from_wide(values, mode):
    """Maps grey values of more than 8 bits to 8."""
    low, high = values.min(), values.max()
    if mode == "F":
        if not np.isfinite(values).all() or low < 0 or high > 255:
            raise PictureError(f"float values in [{low:g}, {high:g}], expected [0, 1] or [0, 255]")
        values = values * 255 if high <= 1 else values
    else:
        if low < 0 or high > 65535:
            raise PictureError(f"integer values in [{low}, {high}], expected at most 16 bits")
        values = values * (255 / 65535)
    return Image.fromarray(np.rint(values).astype(np.uint8))


def _square(picture, resolution, crop):
    width, height = picture.size
    if crop in HALVES:
        left = 0 if crop == "left" else width - width // 2
        picture = picture.crop((left, 0, left + width // 2, height))
    if crop == "centre" and width != height:
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        picture = picture.crop((left, top, left + side, top + side))
    if picture.size != (resolution, resolution):
        picture = picture.resize((resolution, resolution), FILTER)
    return np.asarray(picture)


def _with_channels(pixels, channels):
    if pixels.ndim == 3 and channels != 3:
        if _is_grey(pixels):
            pixels = pixels[..., 0]
        elif channels == 1:
            pixels = np.asarray(Image.fromarray(pixels).convert("L"))
    if pixels.ndim == 2 and channels == 3:
        return np.repeat(pixels[..., np.newaxis], 3, axis=-1)
    return pixels[..., np.newaxis] if pixels.ndim == 2 else pixels


def _is_grey(pixels):
    # The first row nearly always tells, at a fraction of the cost.
    return all((rows[..., :1] == rows[..., 1:]).all() for rows in (pixels[:1], pixels))


def as_png(pixels):
    """Returns an array of pixels as the content of a PNG file.

    Written here because Pillow's writer takes longer than reading the picture did. Rows hold the differences to the
    row above (filter 2), which packs photographs well at the quickest level; small ones hardly pack at all.
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
    """Reads one picture for `decoding.py`: never raises.

    Returns:
        (pixels as bytes, number of channels, PNG content or None, own size), or a str, the reason why not.
    """
    try:
        pixels, size = read_picture(file, resolution, crop, channels)
    except PictureError as error:
        return str(error)
    return pixels.tobytes(), pixels.shape[-1], as_png(pixels) if png else None, size


def viewed(file):
    """A path is asked for as ("path", bytes), a file's content as ("content", bytes)."""
    kind, value = file
    return memoryview(value) if kind == "content" else value


def serve(requests, replies):
    """Answers pickled lists of files with lists of what `decode` returns, until the requests end."""
    options = pickle.load(requests)
    pickle.dump("ready", replies)
    replies.flush()
    while True:
        try:
            files = pickle.load(requests)
        except EOFError:
            return
        pickle.dump([decode(viewed(file), *options) for file in files], replies)
        replies.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
