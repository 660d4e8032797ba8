"""The projection GAN: the discriminator computes the inner product of image features and a label embedding."""

import keras

from ...families.class_conditional_gan import ClassConditionalGAN
from ...registry import variant


@variant
class ProjectionGAN(ClassConditionalGAN):
    """The GAN whose discriminator projects features on a label embedding, with conditional batch normalization.

    When to use it: where the pixels dominate the concatenated label of a `CGAN`: many classes, larger images.

    Paper: Miyato and Koyama 2018, "cGANs with projection discriminator" (arXiv:1802.05637), equations 3 and 5: the
    logit is psi(phi(x)) + <y, V phi(x)>; hinge loss as in its experiments. The default discriminator differs from the
    paper's: a DCGAN instead of a ResNet, spectral normalization of the convolutions only, and flattened instead of
    summed features. Its arguments `normalization="spectral"` and `pooling="sum"` are the paper's choices.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch,) int32 labels] -> (batch, *shape).
        discriminator: `keras.Model`, [(batch, *shape), (batch,) int32 labels] -> (batch, 1) logits.
        num_classes: int >= 2.
        **kwargs: of `ImageGAN`: `loss` (default "hinge"), `n_critic` (default 1), `ema_halflife_kimg`, `ema_rampup`,
            `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> small = {"width": 4}
    >>> model = ProjectionGAN.create((8, 8, 1), small, small, latent_dim=4, num_classes=3)
    >>> model.loss_name, model.generate(2, seed=0, labels=1).shape
    ('hinge', (2, 8, 8, 1))
    """

    default_networks = {"generator": "projection_dcgan", "discriminator": "projection_dcgan"}
    supported_losses = ("hinge", "non_saturating", "minimax", "least_squares", "relativistic")

    def discriminate(self, samples, batch, training):
        """Returns logits of the samples given their labels."""
        logits = self.discriminator([samples, batch["labels"]], training=training)
        return keras.ops.cast(logits, "float32")
