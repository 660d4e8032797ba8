"""Pictures of any size through a network that was built for one."""

import keras
import numpy as np
import tensorflow as tf


class AnySize:
    """A network from pictures to pictures, run on pictures of any size.

    Sizes that the network's strides do not divide are padded by reflection and cut off again. One trace serves all
    sizes, so that memory does not grow with their number.

    Args:
        network: functional `keras.Model`, (batch, height, width, channels) -> (batch, height, width, channels).

    Attributes:
        multiple: (int, int), what height and width are padded to a multiple of.
        least: (int, int), what they are padded to at least: the smallest maps have two pixels to reflect, then.
    """

    def __init__(self, network):
        height, width, channels = network.input_shape[1:]
        smallest = [
            min(layer.output.shape[axis] for layer in network.layers if len(layer.output.shape) == 4) for axis in (1, 2)
        ]
        self.multiple = (height // smallest[0], width // smallest[1])
        self.least = tuple(min(size, 2 * each) for size, each in zip((height, width), self.multiple, strict=True))
        self.network = network
        self._free = keras.models.clone_model(network, input_tensors=keras.Input((None, None, channels)))
        self._run = tf.function(
            lambda pictures: self._free(pictures, training=False),
            input_signature=[tf.TensorSpec((None, None, None, channels), tf.float32)],
            autograph=False,
        )

    def refresh(self):
        """Takes over the network's weights, which may have changed."""
        self._free.set_weights(self.network.get_weights())

    def __call__(self, pictures):
        """Returns float32 pictures of the same size.

        Args:
            pictures: float32 array (batch, height, width, channels) in [-1, 1].
        """
        size = pictures.shape[1:3]
        missing = [
            max(least, length + -length % multiple) - length
            for length, multiple, least in zip(size, self.multiple, self.least, strict=True)
        ]
        padding = [(0, 0), *((short // 2, short - short // 2) for short in missing), (0, 0)]
        # NumPy reflects as often as it takes, where TensorFlow stops at one picture's length.
        padded = np.pad(pictures, padding, mode="reflect")
        answer = self._run(tf.constant(padded, tf.float32)).numpy()
        (top, _), (left, _) = padding[1:3]
        return answer[:, top : top + size[0], left : left + size[1]]
