"""The original GAN, and the losses that changed only its objective."""

from ...families.image_gan import ImageGAN
from ...registry import variant


@variant
class GAN(ImageGAN):
    """The original minimax GAN and its non-saturating, least-squares and hinge forms.

    When to use it: as the first model on any data. `non_saturating` is the everyday choice; `minimax` is the objective
    of the theory, and learns badly while the discriminator wins.

    Paper: Goodfellow et al. 2014, "Generative adversarial networks" (arXiv:1406.2661), equation 1 and algorithm 1;
    losses: see `zoo/losses/adversarial_losses.py`.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1) logits.
        loss, label_smoothing: of `ImageGAN`: "non_saturating" (default), "minimax", "least_squares" or "hinge"; float
            in [0, 0.5), default 0.
        **kwargs: of `AdversarialModel`: `n_critic` (default 1), `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range; smoothing with the hinge loss, which has no targets.

    Example:

    >>> model = GAN.create((8, 8, 1), generator="mlp", discriminator="mlp", latent_dim=4)
    >>> model.compile()
    >>> history = model.fit(np.zeros((8, 8, 8, 1), "float32"), batch_size=8, verbose=0)
    >>> model.generate(2, seed=0).shape
    (2, 8, 8, 1)
    """
