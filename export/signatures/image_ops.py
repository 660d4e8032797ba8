"""Image operations in the graph: decoding and encoding files, and networks applied to images of any size."""

import keras
import tensorflow as tf

from ...zoo.families.arbitrary_size import ArbitrarySize


def encode_pngs(images):
    """Encodes images as PNG files.

    Args:
        images: float tensor (batch, height, width, channels) in [0, 1].

    Returns:
        string tensor (batch,), one file each.
    """
    pixels = tf.cast(tf.round(images * 255.0), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec((), tf.string))


def decode_images(files, channels):
    """Decodes PNG or JPEG files of one size.

    Alpha is dropped if there are fewer than four channels; with four channels only PNG files can be decoded.

    Args:
        files: string tensor (batch,), one file each.
        channels: 1, 3 or 4.

    Returns:
        uint8 tensor (batch, height, width, channels).
    """

    def decode(file):
        if channels == 4:
            return tf.io.decode_png(file, channels)
        # It decodes PNG files as well. The default JPEG method is faster, but off by up to ten gray levels.
        return tf.io.decode_jpeg(file, channels, dct_method="INTEGER_ACCURATE")

    return tf.map_fn(decode, files, fn_output_signature=tf.TensorSpec((None, None, channels), tf.uint8))


def any_size(network):
    """Returns a function of float32 images (batch, height, width, channels) in [-1, 1] for graphs.

    It computes the same as `zoo.families.arbitrary_size.ArbitrarySize`.

    Args:
        network: functional `keras.Model` from images to images.
    """
    limits = ArbitrarySize(network)
    free_size = keras.models.clone_model(network, input_tensors=keras.Input((None, None, network.input_shape[-1])))
    free_size.set_weights(network.get_weights())

    def translate(images):
        size = tf.shape(images)
        sides = zip((size[1], size[2]), limits.multiple, limits.minimum, strict=True)
        (rows, top), (columns, left) = (_reflected_indices(*side) for side in sides)
        padded = tf.gather(tf.gather(images, rows, axis=1), columns, axis=2)
        return free_size(padded, training=False)[:, top : top + size[1], left : left + size[2]]

    return translate


def _reflected_indices(length, multiple, minimum):
    """Returns the source index of each row (or column) after reflection padding, and how many are added before."""
    missing = tf.maximum(minimum, length + tf.math.floormod(-length, multiple)) - length
    before = missing // 2
    # Reflection without repeated borders, repeated as often as necessary; a side of length 1 is its own mirror image.
    period = tf.maximum(2 * (length - 1), 1)
    positions = tf.math.floormod(tf.range(-before, length + missing - before), period)
    return tf.minimum(positions, period - positions), before
