"""Resizing, in one place: every image that is trained on or measured went through here."""

import numpy as np
from PIL import Image

RESIZER = "pillow-bicubic-antialias"


def resize(images, resolution):
    """Resizes square uint8 images with Pillow's bicubic filter, which is antialiased when it shrinks.

    Args:
        images: uint8 array (num, height, width, channels), height = width.
        resolution: int, pixels of a side.

    Returns:
        uint8 array (num, resolution, resolution, channels).
    """
    if images.shape[1:3] == (resolution, resolution):
        return images
    resized = np.empty((len(images), resolution, resolution, images.shape[-1]), np.uint8)
    for channel in range(images.shape[-1]):
        for index, image in enumerate(images[..., channel]):
            picture = Image.fromarray(np.ascontiguousarray(image))
            resized[index, ..., channel] = picture.resize((resolution, resolution), Image.Resampling.BICUBIC)
    return resized
