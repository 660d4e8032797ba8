"""The Wasserstein GAN with weight clipping."""

from typing import Annotated

import keras
from annotated_types import Gt

from ...core.validation import validated
from ...families.image_gan import ImageGAN
from ...optimization.weight_clipping import clip_weights
from ...registry import variant


@variant
class WGAN(ImageGAN):
    """The Wasserstein GAN whose critic is kept Lipschitz by clipping its weights.

    When to use it: where a loss that decreases as samples improve is wanted, or where the discriminator of a `GAN` wins
    outright. The class defaults are the paper's, which learn slowly on small images; recipes set faster ones.

    Paper: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN" (arXiv:1701.07875), equation 2 and algorithm 1.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1): the critic. `create` builds it without batch
            normalization.
        clip_value: float > 0, the bound of every kernel and bias of the critic after each of its updates; scales and
            statistics of normalization layers are not clipped. Default 0.01.
        **kwargs: of `AdversarialModel`: `n_critic` (default 5), `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range.
        ValueError: a weight of the critic already has another constraint.

    Example:

    >>> model = WGAN.create((8, 8, 1), generator="mlp", discriminator="mlp", latent_dim=4)
    >>> model.compile()
    >>> history = model.fit(np.zeros((40, 8, 8, 1), "float32"), batch_size=8, verbose=0)
    >>> max(float(abs(w.numpy()).max()) for w in model.discriminator.trainable_variables) <= 0.01
    True
    """

    supported_losses = ("wasserstein",)
    default_n_critic = 5
    discriminator_defaults = {"normalization": "none"}

    @validated
    def __init__(self, generator, discriminator, clip_value: Annotated[float, Gt(0)] = 0.01, **kwargs):
        super().__init__(generator, discriminator, **kwargs)
        self.clip_value = clip_value
        clip_weights(discriminator, clip_value)

    def default_optimizers(self):
        """Returns RMSprop 5e-5 for both, as in the paper's algorithm 1."""
        return keras.optimizers.RMSprop(5e-5), keras.optimizers.RMSprop(5e-5)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"clip_value": self.clip_value}
