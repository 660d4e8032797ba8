"""Conversion between stored pixels and the images of a model.

Inside the zoo images are float32 in [-1, 1]. At the boundaries (files, screens, requests) they are uint8 in [0, 255].
"""

import numpy as np
import tensorflow as tf


def from_uint8(pixels):
    """Maps uint8 pixels of any shape to float32 in [-1, 1], with TensorFlow operations."""
    return tf.cast(pixels, tf.float32) * tf.constant(2.0 / 255.0) - 1.0


def to_uint8(images):
    """Maps float images in [-1, 1] of any shape to uint8 by rounding, with NumPy. Values out of range are clipped."""
    return np.clip(np.rint((np.asarray(images, np.float32) + 1.0) * 127.5), 0, 255).astype(np.uint8)
