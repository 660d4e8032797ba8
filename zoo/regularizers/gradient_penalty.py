"""The gradient penalty of WGAN-GP."""

from typing import Annotated

import keras
import tensorflow as tf
from annotated_types import Ge

from ..core.validation import validated
from .regularizer import Regularizer
from .sample_gradients import mean_over_parts, squared_gradient_norms


@keras.saving.register_keras_serializable("ganzoo")
class GradientPenalty(Regularizer):
    """Keeps the norm of the critic's gradient near 1 between real and generated samples.

    When to use it: with the Wasserstein loss, whose critic has to be 1-Lipschitz; `WGANGP` has it by default. The
    discriminator must not normalize over the batch, since the penalty is for each sample alone.

    Paper: Gulrajani et al. 2017, "Improved training of Wasserstein GANs" (arXiv:1704.00028), equation 3:
    E[(||grad D(x^)||_2 - 1)^2] with x^ = u x + (1 - u) G(z) and one u of each row, uniform in (0, 1]. The norm is over
    all values of a sample.

    Args:
        weight: float >= 0, the paper's lambda. Default 10.
        every: int >= 1, steps from one evaluation of the penalty to the next. Default 1.

    Raises:
        ArgumentError: an argument out of its range.

    Example:

    >>> samples = tf.zeros((2, 4))
    >>> float(GradientPenalty().penalty(lambda x, draw: 2 * x[:, :1], samples, samples, tf.ones((2, 1))))
    1.0
    """

    name = "gradient_penalty"
    numbers_per_row = 1

    @validated
    def __init__(self, weight: Annotated[float, Ge(0)] = 10.0, every: Annotated[int, Ge(1)] = 1):
        super().__init__(weight, every)

    def penalty(self, discriminate, real, fakes, uniforms):
        """Returns E[(||grad D(x^)||_2 - 1)^2]; the points between are augmented like real samples."""

        def between(real, fake):
            share = tf.reshape(uniforms, (-1, *[1] * (len(real.shape) - 1)))
            real, fake = tf.cast(real, tf.float32), tf.cast(fake, tf.float32)
            return share * real + (1 - share) * fake

        points = tf.nest.map_structure(between, real, fakes)
        squares = squared_gradient_norms(lambda samples: discriminate(samples, "real"), points)
        return mean_over_parts([tf.square(norm(square) - 1) for square in squares])


def norm(squares):
    """Returns square roots whose gradient is 0 at 0, where that of `tf.sqrt` is infinite."""
    is_zero = tf.equal(squares, 0)
    return tf.where(is_zero, 0.0, tf.sqrt(tf.where(is_zero, 1.0, squares)))
