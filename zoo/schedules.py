"""Learning rates that change while a model learns."""

import keras
from keras import ops


@keras.saving.register_keras_serializable("ganzoo")
class LinearDecay(keras.optimizers.schedules.LearningRateSchedule):
    """A constant rate that falls linearly to zero at the end.

    When to use it: in CycleGAN and pix2pix, whose papers keep the rate for the first half of training. The optimiser's
    own count of updates is the clock, and is saved with it: a resumed run goes on where it stood.

    Paper: Zhu et al. 2017 (arXiv:1703.10593), section 7.1.

    Args:
        initial: float > 0.
        updates: int >= 1, after which the rate is zero.
        share: float in (0, 1], the last share of the updates, over which it falls. Default 0.5.

    Example:

    >>> [round(float(LinearDecay(1.0, 8)(step)), 2) for step in (0, 4, 6, 8)]
    [1.0, 1.0, 0.5, 0.0]
    """

    def __init__(self, initial, updates, share=0.5):
        super().__init__()
        self.initial, self.updates, self.share = initial, updates, share

    def __call__(self, step):
        """Returns the rate of the update after so many."""
        left = (self.updates - ops.cast(step, "float32")) / (self.share * self.updates)
        return self.initial * ops.clip(left, 0.0, 1.0)

    def get_config(self):
        """Returns the constructor arguments."""
        return {"initial": self.initial, "updates": self.updates, "share": self.share}


def decay_linearly(optimizer, updates, share):
    """Gives an optimiser, also one that is built or scales losses, a rate that falls to zero at the end.

    Args:
        optimizer: Keras optimiser.
        updates: int >= 1, of training as a whole, those so far among them.
        share: float in (0, 1].
    """
    own = getattr(optimizer, "inner_optimizer", optimizer)
    known = own._learning_rate
    initial = known.initial if isinstance(known, LinearDecay) else float(keras.ops.convert_to_numpy(own.learning_rate))
    own.learning_rate = LinearDecay(initial, updates, share)
