"""Pictures in the graph: from files, through networks of any size, into files."""

import keras
import tensorflow as tf

from ..zoo.any_size import AnySize


def encode_pngs(images):
    """Encodes float images (batch, height, width, channels) in [0, 1] as PNG files, a string each."""
    pixels = tf.cast(tf.round(images * 255.0), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec((), tf.string))


def decode_images(files, channels):
    """Decodes PNG or JPEG files of one size, a string each, into uint8 images (batch, height, width, channels).

    Alpha is dropped where there are fewer than four channels; JPEG files are not read where there are four.
    """

    def decode(file):
        if channels == 4:
            return tf.io.decode_png(file, channels)
        # It reads PNG files as well. Left to itself it decodes JPEG files fast, and up to ten grey levels off.
        return tf.io.decode_jpeg(file, channels, dct_method="INTEGER_ACCURATE")

    return tf.map_fn(decode, files, fn_output_signature=tf.TensorSpec((None, None, channels), tf.uint8))


def any_size(network):
    """Returns what `zoo.any_size.AnySize` computes as a function of float32 pictures in [-1, 1]."""
    known = AnySize(network)
    free = keras.models.clone_model(network, input_tensors=keras.Input((None, None, network.input_shape[-1])))
    free.set_weights(network.get_weights())

    def translate(pictures):
        size = tf.shape(pictures)
        sides = zip((size[1], size[2]), known.multiple, known.least, strict=True)
        (rows, top), (columns, left) = (_mirrored(*side) for side in sides)
        padded = tf.gather(tf.gather(pictures, rows, axis=1), columns, axis=2)
        return free(padded, training=False)[:, top : top + size[1], left : left + size[2]]

    return translate


def _mirrored(length, multiple, least):
    """The places that a side of a picture is made of once it is padded as far as needed, and how many are before it."""
    missing = tf.maximum(least, length + tf.math.floormod(-length, multiple)) - length
    before = missing // 2
    # Back and forth, the borders not repeated, as often as it takes; a side of one is its own mirror image.
    period = tf.maximum(2 * (length - 1), 1)
    places = tf.math.floormod(tf.range(-before, length + missing - before), period)
    return tf.minimum(places, period - places), before
