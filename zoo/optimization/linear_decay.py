"""Learning-rate schedules."""

import keras
from keras import ops

from ..core.keras_internals import learning_rate_of


@keras.saving.register_keras_serializable("ganzoo")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant learning rate that decays linearly to zero in the last part of training.

    When to use it: for CycleGAN and pix2pix, whose papers keep the rate constant for the first half of training. The
    schedule depends on the optimizer's iteration count, which is saved with it, so a resumed run continues the
    schedule.

    Paper: Zhu et al. 2017 (arXiv:1703.10593), section 7.1.

    Args:
        initial_learning_rate: float > 0.
        total_steps: int >= 1, optimizer updates after which the rate is zero.
        decay_fraction: float in (0, 1], the last fraction of the updates, over which the rate decays. Default 0.5.

    Example:

    >>> [round(float(LinearDecay(1.0, 8)(step)), 2) for step in (0, 4, 6, 8)]
    [1.0, 1.0, 0.5, 0.0]
    """

    def __init__(self, initial_learning_rate, total_steps, decay_fraction=0.5):
        super().__init__()
        self.initial_learning_rate, self.total_steps = initial_learning_rate, total_steps
        self.decay_fraction = decay_fraction

    def __call__(self, step):
        """Returns the learning rate after `step` updates."""
        remaining = (self.total_steps - ops.cast(step, "float32")) / (self.decay_fraction * self.total_steps)
        return self.initial_learning_rate * ops.clip(remaining, 0.0, 1.0)

    def get_config(self):
        """Returns the constructor arguments."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "total_steps": self.total_steps,
            "decay_fraction": self.decay_fraction,
        }


def decay_linearly(optimizer, total_steps, decay_fraction):
    """Gives an optimizer a `LinearDecay` schedule from its current initial rate.

    When to use it: also on an optimizer that is already built, or wrapped in a `LossScaleOptimizer`.

    Args:
        optimizer: Keras optimizer.
        total_steps: int >= 1, updates of the complete training, including those already done.
        decay_fraction: float in (0, 1].
    """
    inner = getattr(optimizer, "inner_optimizer", optimizer)
    schedule = learning_rate_of(inner)
    if isinstance(schedule, LinearDecay):
        initial_learning_rate = schedule.initial_learning_rate
    else:
        initial_learning_rate = float(keras.ops.convert_to_numpy(inner.learning_rate))
    inner.learning_rate = LinearDecay(initial_learning_rate, total_steps, decay_fraction)
