"""Translation that learns from pairs."""

from typing import Annotated

import keras
from annotated_types import Ge

from .arguments import validated
from .errors import ArgumentError
from .pairs import frozen_copy
from .registry import variant
from .translation import TranslationModel


@variant
class Pix2Pix(TranslationModel):
    """Translation learned from pairs: an L1 loss, and a discriminator that sees both pictures of a pair.

    When to use it: where each training picture of x has its counterpart in y; it then beats `CycleGAN`, which needs
    none.

    Paper: Isola et al. 2017, "Image-to-image translation with conditional adversarial networks" (arXiv:1611.07004),
    equations 1, 3 and 4: the generator minimises its non-saturating loss plus lambda E[|y - G(x)|].

    Args:
        generator: `keras.Model`, (batch, height, width, channels of x) -> (batch, height, width, channels of y).
        discriminator: `keras.Model`, [(batch, *shape of y), (batch, *shape of x)] -> (batch, rows, columns, 1) logits.
        l1_weight: float >= 0, the paper's lambda. Default 100.
        **kwargs: of `AdversarialStep`: `n_critic` (default 1), `average_half_life`, `average_ramp`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> small = {"width": 2}
    >>> model = Pix2Pix.create((16, 16, 3), small, small)
    >>> model.translate(np.zeros((1, 16, 16, 3), "uint8")).shape
    (1, 16, 16, 3)
    """

    loss_name = "non_saturating"
    default_networks = {"generator": "unet", "discriminator": "patch"}

    @validated
    def __init__(self, generator, discriminator, l1_weight: Annotated[float, Ge(0)] = 100.0, **kwargs):
        super().__init__(**kwargs)
        expected = [tuple(generator.output_shape[1:]), tuple(generator.input_shape[1:])]
        judged = [tuple(tensor.shape[1:]) for tensor in discriminator.inputs]
        if judged != expected:
            raise ArgumentError(
                f"discriminator: received one for pictures of {judged}, expected {expected}: the generator's pictures, "
                "and those that they are made from"
            )
        self.generator, self.discriminator = generator, discriminator
        self.averaged_generator = frozen_copy(generator)
        self.l1_weight = l1_weight

    @classmethod
    def source_facts(cls, source):
        """Returns the shape of domain y.

        Raises:
            ArgumentError: a source of one domain, or one without pairs.
        """
        facts = super().source_facts(source)
        if not source.paired:
            raise ArgumentError(
                f"data.source: received {source.name!r} without pairs, expected some: set data.paired or data.aligned, "
                "where the source has it, or take variant cyclegan"
            )
        return facts

    @classmethod
    def build_networks(cls, build, shape, target_shape):
        """Returns a generator from x to y, and a discriminator of both."""
        return (
            build("generator", 0, shape, target_channels=target_shape[-1]),
            build("discriminator", 1000, target_shape, condition_channels=shape[-1]),
        )

    def generators(self):
        """The one generator."""
        return [self.generator]

    def discriminators(self):
        """The one discriminator."""
        return [self.discriminator]

    def averaged_networks(self):
        """The one generator with its average."""
        return [(self.averaged_generator, self.generator)]

    def translator(self, to):
        """Returns the averaged generator."""
        return self.averaged_generator

    @property
    def data_shapes(self):
        """Shapes of the pictures of both domains, without the batch axis."""
        return {"x": tuple(self.generator.input_shape[1:]), "y": tuple(self.generator.output_shape[1:])}

    @property
    def metric_names(self):
        """Adds the mean absolute difference of fakes and their truth."""
        return (*super().metric_names, "l1_loss")

    def synthesise(self, batch):
        """Translates the turn's pictures of x."""
        return self.generator(batch["x"], training=True)

    def discriminate(self, pictures, sources):
        """Returns float32 logits of pictures beside those that they are made from."""
        return keras.ops.cast(self.discriminator([pictures, sources], training=True), "float32")

    def discriminator_objective(self, batch, fakes):
        """Returns the discriminator's loss on pairs, and what is logged."""
        real_logits, fake_logits = (self.discriminate(pictures, batch["x"]) for pictures in (batch["y"], fakes))
        return self.discriminator_loss(real_logits, fake_logits), self.judgement(real_logits, fake_logits)

    def generator_objective(self, batch, fakes):
        """Returns the adversarial loss plus the weighted distance from the truth."""
        distance = keras.ops.mean(keras.ops.abs(batch["y"] - fakes))
        adversarial = self.generator_loss(self.discriminate(fakes, batch["x"]))
        return adversarial + self.l1_weight * distance, {"l1_loss": distance}

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"l1_weight": self.l1_weight}
