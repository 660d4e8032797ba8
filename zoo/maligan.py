"""MaliGAN: samples weighted by how real they look, as maximum likelihood would weight real ones."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Gt, Lt

from .arguments import validated
from .registry import variant
from .reinforced import ReinforcedText


@variant
class MaliGAN(ReinforcedText):
    """Text by importance weights: generated sequences are learned from in proportion to D / (1 - D).

    When to use it: where a reward that saturates teaches too little. With the best discriminator D / (1 - D) is the
    density ratio of real to generated, and the generator descends the same divergence as maximum likelihood does:
    expect it to get where that gets, from sequences of its own.

    Paper: Che et al. 2017, "Maximum-likelihood augmented discrete generative adversarial networks" (arXiv:1702.07983),
    equation 4, for whole sequences: sum_i (r_i / sum_j r_j - 1 / m) grad log G(y_i), with r = D / (1 - D) and m of
    them.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, (batch, length) -> (batch, logits).
        most_real: float in (0, 1), the largest D that counts, lest one sequence take all the weight. Default 0.95.
        **kwargs: of `ReinforcedText`, `TextModel` and `AdversarialStep`: `baseline`, `vocabulary`, `head_start`,
            `n_critic` (default 5), `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> model = MaliGAN.create((6,), {"units": 4}, {"filters": 4}, vocabulary_size=10)
    >>> model.generate(3, seed=0).shape
    (3, 6)
    """

    default_n_critic = 5

    @validated
    def __init__(self, generator, discriminator, most_real: Annotated[float, Gt(0), Lt(1)] = 0.95, **kwargs):
        super().__init__(generator, discriminator, **kwargs)
        self.most_real = most_real

    def generator_objective(self, batch, fakes):
        """Returns the policy loss whose advantages are the normalised ratios without their mean."""
        logits = tf.reduce_mean(self.discriminate(fakes, training=False), axis=-1)
        highest = tf.math.log(self.most_real) - tf.math.log1p(-self.most_real)
        ratios = tf.exp(tf.minimum(logits, highest))
        total, count = self.over_replicas((tf.reduce_sum(ratios), tf.cast(tf.size(ratios), tf.float32)))
        # Times m: the loss is a mean over sequences.
        weights = ratios / total * count - (1.0 if self.baseline else 0.0)
        loss, logs = self.policy_loss(fakes, tf.broadcast_to(weights[:, tf.newaxis], tf.shape(fakes)))
        return loss, logs | {"reward": tf.reduce_mean(ratios)}

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"most_real": self.most_real}
