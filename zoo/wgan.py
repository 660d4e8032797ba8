"""The Wasserstein GAN with weight clipping."""

from typing import Annotated

import keras
from annotated_types import Gt

from .arguments import validated
from .base import AdversarialModel
from .constraints import clip_weights
from .losses import LOSSES
from .registry import variant


@variant
class WGAN(AdversarialModel):
    """The Wasserstein GAN whose critic is kept Lipschitz by clipping its weights.

    When to use it: where a loss that falls with quality is wanted, or where the discriminator of a `GAN` wins
    outright. The class defaults are the paper's, which learn slowly on small images; recipes set faster ones.

    Paper: Arjovsky, Chintala, Bottou 2017, "Wasserstein GAN" (arXiv:1701.07875), equation 2 and algorithm 1.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1): the critic. `create` builds it without batch
            normalisation.
        clip: float > 0, the bound of every kernel and bias of the critic after each of its updates; scales and
            statistics of normalisation layers are left alone. Default 0.01.
        **kwargs: of `AdversarialModel`: `n_critic` (default 5), `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range.
        ValueError: a weight of the critic carries another constraint.

    Example:

    >>> model = WGAN.create((8, 8, 1), generator="mlp", discriminator="mlp", latent_dim=4)
    >>> model.compile()
    >>> history = model.fit(np.zeros((40, 8, 8, 1), "float32"), batch_size=8, verbose=0)
    >>> max(float(abs(w.numpy()).max()) for w in model.discriminator.trainable_variables) <= 0.01
    True
    """

    default_n_critic = 5
    discriminator_defaults = {"normalization": "none"}

    @validated
    def __init__(self, generator, discriminator, clip: Annotated[float, Gt(0)] = 0.01, **kwargs):
        super().__init__(generator, discriminator, **kwargs)
        self.clip = clip
        clip_weights(discriminator, clip)

    @property
    def metric_names(self):
        """Adds the critic's estimate of the Wasserstein distance, in units of its Lipschitz constant."""
        return (*super().metric_names, "wasserstein")

    def discriminator_loss(self, real_logits, fake_logits):
        """Returns -(E[D(x)] - E[D(G(z))])."""
        return LOSSES["wasserstein"].discriminator(real_logits, fake_logits)

    def generator_loss(self, fake_logits):
        """Returns -E[D(G(z))]."""
        return LOSSES["wasserstein"].generator(fake_logits)

    def discriminator_metrics(self, real_logits, fake_logits):
        """Returns E[D(x)] - E[D(G(z))]."""
        return {"wasserstein": keras.ops.mean(real_logits) - keras.ops.mean(fake_logits)}

    def default_optimizers(self):
        """RMSprop 5e-5 for both, as in the paper's algorithm 1."""
        return keras.optimizers.RMSprop(5e-5), keras.optimizers.RMSprop(5e-5)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"clip": self.clip}
