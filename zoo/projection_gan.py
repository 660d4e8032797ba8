"""The projection GAN: the discriminator compares an image's features with its label."""

import keras

from .labelled import LabelledGame
from .registry import variant


@variant
class ProjectionGAN(LabelledGame):
    """The GAN whose discriminator projects features on the label, with conditional batch normalisation.

    When to use it: where the joined label of a `ConditionalGAN` is drowned by the pixels: many classes, larger images.

    Paper: Miyato and Koyama 2018, "cGANs with projection discriminator" (arXiv:1802.05637), equations 3 and 5: the
    logit is psi(phi(x)) + <y, V phi(x)>; hinge loss and spectral normalisation as in its experiments.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch,) int32 labels] -> (batch, *shape).
        discriminator: `keras.Model`, [(batch, *shape), (batch,) int32 labels] -> (batch, 1) logits.
        num_classes: int >= 2.
        **kwargs: of `AdversarialGame` and `AdversarialModel`: `loss` (default "hinge"), `n_critic` (default 1),
            `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> small = {"width": 4}
    >>> model = ProjectionGAN.create((8, 8, 1), small, small, latent_dim=4, num_classes=3)
    >>> model.loss_name, model.generate(2, seed=0, labels=1).shape
    ('hinge', (2, 8, 8, 1))
    """

    default_network = "projection_dcgan"
    default_loss = "hinge"

    def discriminate(self, samples, batch):
        """Returns logits of the samples and the turn's labels together."""
        logits = self.discriminator([samples, batch["labels"]], training=True)
        return keras.ops.cast(logits, "float32")
