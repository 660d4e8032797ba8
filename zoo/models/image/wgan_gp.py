"""The Wasserstein GAN with gradient penalty."""

import keras

from ...families.image_gan import ImageGAN
from ...registry import variant
from ...regularizers.gradient_penalty import GradientPenalty


@variant
class WGANGP(ImageGAN):
    """The Wasserstein GAN whose critic is kept Lipschitz by a penalty on its gradient.

    When to use it: in place of `WGAN`, whose clipping pushes most weights to their bounds and makes the critic learn
    simple functions. A step takes about twice as long, since the penalty differentiates the critic twice.

    Paper: Gulrajani et al. 2017, "Improved training of Wasserstein GANs" (arXiv:1704.00028), equation 3 and algorithm
    1: E[D(G(z))] - E[D(x)] + lambda E[(||grad D(x^)||_2 - 1)^2] at points x^ between real and generated samples.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1): the critic. It must not normalize over the batch,
            since the penalty is for each sample alone; `create` builds it without normalization.
        regularizers: list. Default `[GradientPenalty(10.0)]`, the paper's lambda.
        **kwargs: of `AdversarialModel`: `augmentation`, `n_critic` (default 5), `generator_updates`,
            `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range.

    Example:

    >>> model = WGANGP.create((8, 8, 1), generator="mlp", discriminator="mlp", latent_dim=4)
    >>> model.compile()
    >>> history = model.fit(np.zeros((40, 8, 8, 1), "float32"), batch_size=8, verbose=0)
    >>> sorted(history.history)
    ['d_loss', 'fake_logits', 'g_loss', 'gradient_penalty', 'real_logits', 'wasserstein']
    """

    supported_losses = ("wasserstein",)
    default_n_critic = 5
    discriminator_defaults = {"normalization": "none"}

    def default_regularizers(self):
        """Returns the gradient penalty with the paper's weight."""
        return [GradientPenalty(10.0)]

    def default_optimizers(self):
        """Returns Adam 1e-4 with beta_1 0 and beta_2 0.9 for both, as in the paper's algorithm 1."""
        return keras.optimizers.Adam(1e-4, 0.0, 0.9), keras.optimizers.Adam(1e-4, 0.0, 0.9)
