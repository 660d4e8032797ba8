"""Image translation from pairs."""

from typing import Annotated

import keras
from annotated_types import Ge

from ...core.validation import validated
from ...errors import ArgumentError
from ...families.image_translation_gan import ImageTranslationGAN
from ...families.network_checks import frozen_copy
from ...registry import variant


@variant
class Pix2Pix(ImageTranslationGAN):
    """Translation learned from pairs: an L1 loss, and a discriminator conditioned on the source image.

    When to use it: where each training image of x has its counterpart in y; it is then more accurate than `CycleGAN`,
    which needs no pairs.

    Paper: Isola et al. 2017, "Image-to-image translation with conditional adversarial networks" (arXiv:1611.07004),
    equations 1, 3 and 4: the generator minimizes its non-saturating loss plus lambda E[|y - G(x)|].

    Args:
        generator: `keras.Model`, (batch, height, width, channels of x) -> (batch, height, width, channels of y).
        discriminator: `keras.Model`, [(batch, *shape of y), (batch, *shape of x)] -> (batch, rows, columns, 1) logits.
        l1_weight: float >= 0, the paper's lambda. Default 100.
        **kwargs: of `AdversarialModel`: `loss` (default "non_saturating"), `label_smoothing`, `regularizers`,
            `augmentation`, `n_critic` (default 1), `generator_updates`, `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> small = {"width": 2}
    >>> model = Pix2Pix.create((16, 16, 3), small, small)
    >>> model.translate(np.zeros((1, 16, 16, 3), "uint8")).shape
    (1, 16, 16, 3)
    """

    supported_losses = ("non_saturating", "minimax", "least_squares", "hinge", "wasserstein", "relativistic")
    default_networks = {"generator": "unet", "discriminator": "patch"}

    @validated
    def __init__(self, generator, discriminator, l1_weight: Annotated[float, Ge(0)] = 100.0, **kwargs):
        super().__init__(**kwargs)
        expected = [tuple(generator.output_shape[1:]), tuple(generator.input_shape[1:])]
        input_shapes = [tuple(tensor.shape[1:]) for tensor in discriminator.inputs]
        if input_shapes != expected:
            raise ArgumentError(
                f"discriminator: received one for images of {input_shapes}, expected {expected}: the generator's "
                "output and its input"
            )
        self.generator, self.discriminator = generator, discriminator
        self.ema_generator = frozen_copy(generator)
        self.l1_weight = l1_weight

    @classmethod
    def arguments_from_source(cls, source):
        """Returns the shape of domain y.

        Raises:
            ArgumentError: a source of one domain, or one without pairs.
        """
        arguments = super().arguments_from_source(source)
        if not source.paired:
            raise ArgumentError(
                f"data.source: received {source.name!r} without pairs, expected pairs: set data.paired or data.aligned "
                "where the source has that option, or use the variant cyclegan"
            )
        return arguments

    @classmethod
    def build_networks(cls, build, shape, target_shape):
        """Returns a generator from x to y, and a discriminator of pairs."""
        return (
            build("generator", 0, shape, target_channels=target_shape[-1]),
            build("discriminator", 1000, target_shape, condition_channels=shape[-1]),
        )

    def translator(self, to):
        """Returns the averaged generator."""
        return self.ema_generator

    def domain_shapes(self):
        """Returns the shapes of images of both domains."""
        return {"x": tuple(self.generator.input_shape[1:]), "y": tuple(self.generator.output_shape[1:])}

    @property
    def metric_names(self):
        """Adds the mean absolute difference between fakes and ground truth."""
        return (*super().metric_names, "l1_loss")

    def generate_fakes(self, batch, training=True):
        """Returns pairs of the images of x and their translations."""
        return {"x": batch["x"], "y": self.generator(batch["x"], training=training)}

    def real_samples(self, batch):
        """Returns the pairs of an update."""
        return {"x": batch["x"], "y": batch["y"]}

    def discriminate(self, samples, batch, training):
        """Returns float32 logits of pairs."""
        return keras.ops.cast(self.discriminator([samples["y"], samples["x"]], training=training), "float32")

    def generator_objective(self, batch, fakes):
        """Returns the adversarial loss plus the weighted L1 distance to the ground truth."""
        distance = keras.ops.mean(keras.ops.abs(batch["y"] - fakes["y"]))
        adversarial = self.generator_adversarial_loss(batch, fakes)
        return adversarial + self.l1_weight * distance, {"l1_loss": distance}

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"l1_weight": self.l1_weight}
