"""Image files and pixels, for the tests of exports."""

import io

import numpy as np
from PIL import Image


def encode_image(pixels, file_format, **options):
    """Encodes uint8 pixels (height, width, channels) as a file: bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


def decode_images(files):
    """Decodes files, without TensorFlow: uint8 array (batch, height, width, channels)."""
    images = [np.asarray(Image.open(io.BytesIO(file))) for file in files]
    return np.stack([image.reshape(*image.shape[:2], -1) for image in images])


def assert_same_pixels(actual, expected, max_share=1e-2):
    """A value on the edge of two gray levels may be rounded to either of them in another batch or runtime."""
    assert (actual.shape, actual.dtype) == (expected.shape, np.uint8)
    differences = abs(actual.astype(int) - expected)
    assert differences.max() <= 1
    assert (differences > 0).mean() < max_share
