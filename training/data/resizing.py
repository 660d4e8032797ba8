"""Image resizing: training and evaluation images all pass through this one function."""

import numpy as np
from PIL import Image

RESIZER = "pillow-bicubic-antialias"


def resize(images, resolution):
    """Resizes square uint8 images with Pillow's bicubic filter, which is antialiased when it shrinks.

    Args:
        images: uint8 array (num_samples, height, width, channels), height = width.
        resolution: int, pixels per side.

    Returns:
        uint8 array (num_samples, resolution, resolution, channels).
    """
    if images.shape[1:3] == (resolution, resolution):
        return images
    resized = np.empty((len(images), resolution, resolution, images.shape[-1]), np.uint8)
    for channel in range(images.shape[-1]):
        for index, pixels in enumerate(images[..., channel]):
            image = Image.fromarray(np.ascontiguousarray(pixels))
            resized[index, ..., channel] = image.resize((resolution, resolution), Image.Resampling.BICUBIC)
    return resized
