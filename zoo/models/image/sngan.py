"""The GAN with spectral normalization."""

import keras

from ...families.image_gan import ImageGAN
from ...registry import variant


@variant
class SNGAN(ImageGAN):
    """The GAN whose discriminator is kept Lipschitz by spectral normalization of every layer.

    When to use it: as a stable GAN without a penalty: a step takes hardly longer than that of `GAN`.

    Paper: Miyato et al. 2018, "Spectral normalization for generative adversarial networks" (arXiv:1802.05957),
    equations 8 and 17 and algorithm 1: every weight of the discriminator is divided by its largest singular value.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1) logits; `create` builds it with spectral
            normalization, the last layer included.
        loss: "hinge" (default), "non_saturating", "minimax", "least_squares", "wasserstein" or "relativistic".
        **kwargs: of `AdversarialModel`: `label_smoothing`, `regularizers`, `augmentation`, `n_critic` (default 5),
            `generator_updates`, `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range.

    Example:

    >>> model = SNGAN.create((8, 8, 1), {"width": 4}, {"width": 4}, latent_dim=4)
    >>> sorted({type(layer).__name__ for layer in model.discriminator.layers if layer.trainable_weights})
    ['SpectralConv2D', 'SpectralDense']
    >>> model.loss_name
    'hinge'
    """

    supported_losses = ("hinge", "non_saturating", "minimax", "least_squares", "wasserstein", "relativistic")
    default_n_critic = 5
    discriminator_defaults = {"normalization": "spectral"}

    def default_optimizers(self):
        """Returns Adam 2e-4 with beta_1 0 and beta_2 0.9 for both, as in the paper's experiments with ResNets."""
        return keras.optimizers.Adam(2e-4, 0.0, 0.9), keras.optimizers.Adam(2e-4, 0.0, 0.9)
