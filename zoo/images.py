"""The one way from stored pixels to a model's images and back.

Inside the zoo images are float32 in [-1, 1]; at the edges (files, screens, requests) they are uint8 in [0, 255].
"""

import numpy as np
import tensorflow as tf


def from_uint8(pixels):
    """Maps uint8 pixels, any shape, to float32 in [-1, 1] (in the graph)."""
    return tf.cast(pixels, tf.float32) * tf.constant(2.0 / 255.0) - 1.0


def to_uint8(images):
    """Maps float images in [-1, 1], any shape, to uint8 by rounding; values outside are clipped (NumPy)."""
    return np.clip(np.rint((np.asarray(images, np.float32) + 1.0) * 127.5), 0, 255).astype(np.uint8)
