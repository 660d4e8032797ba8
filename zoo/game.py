"""The foundation of variants whose adversarial loss can be chosen."""

from typing import Annotated, Literal

import keras
from annotated_types import Ge, Lt

from .arguments import validated
from .base import AdversarialModel
from .errors import ArgumentError
from .losses import LOSSES, accuracy


class AdversarialGame(AdversarialModel):
    """An adversarial model with a choice of the losses in which a discriminator classifies.

    Args:
        generator, discriminator: of `AdversarialModel`.
        loss: "non_saturating", "minimax", "least_squares" or "hinge". Default: the variant's, "non_saturating" unless
            it says otherwise.
        label_smoothing: float in [0, 0.5), how far the discriminator's target for real images falls below 1; the
            fake target and the generator's own stay exact (one-sided). Default 0.
        **kwargs: of `AdversarialModel`: `n_critic` (default 1), `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range; smoothing with the hinge loss, which has no targets.
    """

    default_loss = "non_saturating"

    @validated
    def __init__(
        self,
        generator,
        discriminator,
        loss: Literal["non_saturating", "minimax", "least_squares", "hinge"] | None = None,
        label_smoothing: Annotated[float, Ge(0), Lt(0.5)] = 0.0,
        **kwargs,
    ):
        loss = loss or self.default_loss
        if label_smoothing and not LOSSES[loss].smooths:
            raise ArgumentError(
                f"label_smoothing: received {label_smoothing} with loss {loss!r}, expected 0: that loss has no target "
                "to smooth"
            )
        self.loss_name = loss
        self.label_smoothing = label_smoothing
        super().__init__(generator, discriminator, **kwargs)

    @property
    def metric_names(self):
        """Adds the discriminator's accuracy: 1 when it wins, 0.5 when it cannot tell."""
        return (*super().metric_names, "d_accuracy")

    def discriminator_loss(self, real_logits, fake_logits):
        """Returns the negative value of the game."""
        return LOSSES[self.loss_name].discriminator(real_logits, fake_logits, self.label_smoothing)

    def generator_loss(self, fake_logits):
        """Returns what the generator minimises in the chosen form."""
        return LOSSES[self.loss_name].generator(fake_logits)

    def discriminator_metrics(self, real_logits, fake_logits):
        """Returns the accuracy over real and fake logits."""
        return {"d_accuracy": accuracy(real_logits, fake_logits, LOSSES[self.loss_name].boundary)}

    def default_optimizers(self):
        """Adam 2e-4 with beta_1 0.5 for both, as in DCGAN (arXiv:1511.06434)."""
        return keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"loss": self.loss_name, "label_smoothing": self.label_smoothing}
