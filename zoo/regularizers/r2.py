"""R2: the gradient penalty on generated samples."""

import keras

from .regularizer import Regularizer
from .sample_gradients import mean_over_parts, squared_gradient_norms


@keras.saving.register_keras_serializable("ganzoo")
class R2(Regularizer):
    """Penalizes the discriminator's gradient on generated samples.

    When to use it: beside `R1` with the relativistic loss, which diverges on some data with R1 alone.

    Paper: Mescheder et al. 2018, "Which training methods for GANs do actually converge?" (arXiv:1801.04406), equation
    10; with R1 and the relativistic loss: Huang et al. 2024 (arXiv:2501.05441), section 2.2. The weight is gamma, the
    penalty 1/2 E[||grad D(G(z))||^2].

    Args:
        weight: float >= 0, the paper's gamma. Default 1.
        every: int >= 1, steps from one evaluation of the penalty to the next. Default 1.

    Raises:
        ArgumentError: an argument out of its range.

    Example:

    >>> samples = tf.zeros((2, 4))
    >>> float(R2().penalty(lambda x, draw: 3 * x[:, :1], samples, samples, None))
    4.5
    """

    name = "r2"

    def penalty(self, discriminate, real, fakes, uniforms):
        """Returns 1/2 E[||grad D(G(z))||^2] at generated samples."""
        squares = squared_gradient_norms(lambda samples: discriminate(samples, "fake"), fakes)
        return 0.5 * mean_over_parts(squares)
