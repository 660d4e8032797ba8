"""The conditional GAN: the label is an input of both networks."""

import keras

from ...families.class_conditional_gan import ClassConditionalGAN
from ...registry import variant


@variant
class CGAN(ClassConditionalGAN):
    """The conditional GAN, whose generator and discriminator both receive the label with their inputs.

    When to use it: as the first class-conditional model; the simplest to understand, and it works with any
    networks of two inputs.

    Paper: Mirza and Osindero 2014, "Conditional generative adversarial nets" (arXiv:1411.1784), equation 2.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch,) int32 labels] -> (batch, *shape).
        discriminator: `keras.Model`, [(batch, *shape), (batch,) int32 labels] -> (batch, 1) logits.
        num_classes: int >= 2.
        **kwargs: of `ImageGAN`: `loss` (default "non_saturating"), `label_smoothing`, `n_critic` (default 1),
            `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> small = {"width": 4}
    >>> model = CGAN.create((8, 8, 1), small, small, latent_dim=4, num_classes=3)
    >>> model.generate(2, seed=0, labels=[2, 0]).shape
    (2, 8, 8, 1)
    """

    default_networks = {"generator": "conditional_dcgan", "discriminator": "conditional_dcgan"}

    def discriminate(self, samples, batch, training):
        """Returns logits of the samples given their labels."""
        logits = self.discriminator([samples, batch["labels"]], training=training)
        return keras.ops.cast(logits, "float32")
