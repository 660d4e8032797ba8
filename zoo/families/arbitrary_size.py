"""Images of any size through a fully convolutional network that was built for one size."""

import keras
import numpy as np
import tensorflow as tf


class ArbitrarySize:
    """Runs an image-to-image network on images of any size.

    Sizes that the network's strides do not divide are padded by reflection; the output is cropped. One trace serves all
    sizes, so memory does not grow with their number.

    Args:
        network: functional `keras.Model`, (batch, height, width, channels) -> (batch, height, width, channels).

    Attributes:
        multiple: (int, int), height and width are padded to a multiple of it.
        minimum: (int, int), height and width are padded to at least this: the smallest feature maps need two pixels to
            reflect.
    """

    def __init__(self, network):
        height, width, channels = network.input_shape[1:]
        smallest = [
            min(layer.output.shape[axis] for layer in network.layers if len(layer.output.shape) == 4) for axis in (1, 2)
        ]
        self.multiple = (height // smallest[0], width // smallest[1])
        self.minimum = tuple(min(size, 2 * each) for size, each in zip((height, width), self.multiple, strict=True))
        self.network = network
        self._any_size_network = keras.models.clone_model(network, input_tensors=keras.Input((None, None, channels)))
        self._run = tf.function(
            lambda images: self._any_size_network(images, training=False),
            input_signature=[tf.TensorSpec((None, None, None, channels), tf.float32)],
            autograph=False,
        )

    def refresh(self):
        """Copies the network's current weights."""
        self._any_size_network.set_weights(self.network.get_weights())

    def __call__(self, images):
        """Returns float32 images of the same size.

        Args:
            images: float32 array (batch, height, width, channels) in [-1, 1].
        """
        size = images.shape[1:3]
        missing = [
            max(minimum, length + -length % multiple) - length
            for length, multiple, minimum in zip(size, self.multiple, self.minimum, strict=True)
        ]
        padding = [(0, 0), *((total // 2, total - total // 2) for total in missing), (0, 0)]
        # NumPy reflects as often as necessary; TensorFlow stops at one image's length.
        padded = np.pad(images, padding, mode="reflect")
        output = self._run(tf.constant(padded, tf.float32)).numpy()
        (top, _), (left, _) = padding[1:3]
        return output[:, top : top + size[0], left : left + size[1]]
