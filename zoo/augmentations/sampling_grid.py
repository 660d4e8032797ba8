"""Images read at other positions: differentiable, also twice, and compiled by XLA."""

import tensorflow as tf


def uniform_integers(uniforms, count):
    """Returns int32 values 0 to count - 1, equally likely, of uniform numbers in (0, 1]."""
    return tf.cast((1.0 - uniforms) * tf.cast(count, tf.float32), tf.int32)


def shift_images(images, rows, columns):
    """Moves each image by a number of pixels; what enters is 0, the middle of the pixels' range.

    Args:
        images: float tensor (batch, height, width, channels).
        rows, columns: int32 tensors (batch,), pixels down and to the right.

    Returns:
        float tensor (batch, height, width, channels).

    Example:

    >>> shift_images(tf.reshape([1.0, 2.0, 3.0], (1, 1, 3, 1)), tf.constant([0]), tf.constant([1])).numpy().ravel()
    array([0., 1., 2.], dtype=float32)
    """
    height, width, channels = images.shape[1:]
    # The position that each pixel is read from; a border of zeros stands for all beyond.
    grid = [
        tf.clip_by_value(tf.range(size)[tf.newaxis] - amounts[:, tf.newaxis], -1, size) + 1
        for size, amounts in ((height, rows), (width, columns))
    ]
    images = tf.pad(images, ((0, 0), (1, 1), (1, 1), (0, 0)))
    # One gather of the pixels of all images: the gradient of a gather for each image cannot always be compiled.
    first = tf.range(tf.shape(images)[0])[:, tf.newaxis, tf.newaxis] * (height + 2) * (width + 2)
    positions = first + grid[0][:, :, tf.newaxis] * (width + 2) + grid[1][:, tf.newaxis]
    return tf.gather(tf.reshape(images, (-1, channels)), positions)


def inside_square(height, width, size, rows, columns):
    """Returns which pixels lie in a square: float32 (batch, height, width, 1), 1 inside.

    Args:
        height, width: int, of the image.
        size: int, side of the square.
        rows, columns: int32 tensors (batch,), the first row and column of the square, which may lie outside.
    """
    inside = tf.constant(1.0)
    for length, first, shape in ((height, rows, (-1, height, 1, 1)), (width, columns, (-1, 1, width, 1))):
        offsets = tf.range(length)[tf.newaxis] - first[:, tf.newaxis]
        inside *= tf.reshape(tf.cast((offsets >= 0) & (offsets < size), tf.float32), shape)
    return inside
