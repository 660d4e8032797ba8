"""MaliGAN: generated samples with importance weights that approximate maximum likelihood."""

from typing import Annotated

import tensorflow as tf
from annotated_types import Gt, Lt

from ...core.validation import validated
from ...families.policy_gradient_text_gan import PolicyGradientTextGAN
from ...registry import variant


@variant
class MaliGAN(PolicyGradientTextGAN):
    """A text GAN whose generator is trained on its own sequences with importance weights D / (1 - D).

    When to use it: where a saturating reward gives too weak a signal. With an optimal discriminator, D / (1 - D) is the
    density ratio of real to generated sequences, and the generator minimizes the same divergence as maximum likelihood.
    Expect results similar to maximum likelihood, but learned from generated sequences.

    Paper: Che et al. 2017, "Maximum-likelihood augmented discrete generative adversarial networks" (arXiv:1702.07983),
    equation 4, for complete sequences: sum_i (r_i / sum_j r_j - 1 / m) grad log G(y_i), with r = D / (1 - D) and m
    sequences.

    Args:
        generator: `SequenceGenerator`.
        discriminator: `keras.Model`, (batch, length) -> (batch, logits).
        max_real_probability: float in (0, 1), upper bound of D, so that no single sequence dominates the weights.
            Default 0.95.
        **kwargs: of `PolicyGradientTextGAN`, `TextGAN` and `AdversarialModel`: `baseline`, `vocabulary`,
            `discriminator_warmup_steps`, `sample_unknown`, `n_critic` (default 5), `ema_halflife_kimg`, `ema_rampup`,
            `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> model = MaliGAN.create((6,), {"units": 4}, {"filters": 4}, vocabulary_size=10)
    >>> model.generate(3, seed=0).shape
    (3, 6)
    """

    default_n_critic = 5

    @validated
    def __init__(self, generator, discriminator, max_real_probability: Annotated[float, Gt(0), Lt(1)] = 0.95, **kwargs):
        super().__init__(generator, discriminator, **kwargs)
        self.max_real_probability = max_real_probability

    def generator_objective(self, batch, fakes):
        """Returns the policy loss, with the normalized ratios minus their mean as advantages."""
        logits = tf.reduce_mean(self.discriminate(fakes, batch, training=False), axis=-1)
        max_logit = tf.math.log(self.max_real_probability) - tf.math.log1p(-self.max_real_probability)
        ratios = tf.exp(tf.minimum(logits, max_logit))
        total, count = self.all_reduce_sum((tf.reduce_sum(ratios), tf.cast(tf.size(ratios), tf.float32)))
        # Multiplied by m, because the loss is a mean over sequences.
        weights = ratios / total * count - (1.0 if self.baseline else 0.0)
        loss, logs = self.policy_loss(fakes, tf.broadcast_to(weights[:, tf.newaxis], tf.shape(fakes)))
        return loss, logs | {"reward": tf.reduce_mean(ratios)}

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"max_real_probability": self.max_real_probability}
