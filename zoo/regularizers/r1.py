"""R1: the gradient penalty on real samples."""

import keras

from .regularizer import Regularizer
from .sample_gradients import mean_over_parts, squared_gradient_norms


@keras.saving.register_keras_serializable("ganzoo")
class R1(Regularizer):
    """Penalizes the discriminator's gradient on real samples.

    When to use it: with any loss but the Wasserstein one, to make training converge; where a discriminator learns few
    data by heart. The weight depends on the resolution and the data: try factors of 3.

    Paper: Mescheder et al. 2018, "Which training methods for GANs do actually converge?" (arXiv:1801.04406), equation
    9: gamma / 2 E[||grad D(x)||^2]. The weight is gamma, the penalty 1/2 E[||grad D(x)||^2].

    Args:
        weight: float >= 0, the paper's gamma. Default 1.
        every: int >= 1, steps from one evaluation of the penalty to the next. Default 1; Karras et al. 2020
            (arXiv:1912.04958) use 16.

    Raises:
        ArgumentError: an argument out of its range.

    Example:

    >>> samples = tf.zeros((2, 4))
    >>> float(R1(10.0, every=16).penalty(lambda x, draw: 3 * x[:, :1], samples, samples, None))
    4.5
    """

    name = "r1"

    def penalty(self, discriminate, real, fakes, uniforms):
        """Returns 1/2 E[||grad D(x)||^2] at real samples."""
        squares = squared_gradient_norms(lambda samples: discriminate(samples, "real"), real)
        return 0.5 * mean_over_parts(squares)
