"""Image translation without pairs."""

from typing import Annotated

import keras
from annotated_types import Ge

from ...core.validation import validated
from ...errors import ArgumentError
from ...families.image_translation_gan import ImageTranslationGAN
from ...families.network_checks import frozen_copy
from ...layers.image_pool import ImagePool
from ...pipeline.preprocessor import UnpairedImagePreprocessor
from ...registry import variant

OTHER = {"x": "y", "y": "x"}


@variant
class CycleGAN(ImageTranslationGAN):
    """Translation between two domains without pairs: an image translated there and back must return to itself.

    When to use it: where there are images of two domains but no pairs. It keeps what both domains share and changes
    what they differ in; a low cycle loss shows that the content is kept.

    Paper: Zhu et al. 2017, "Unpaired image-to-image translation using cycle-consistent adversarial networks"
    (arXiv:1703.10593), equations 1 to 3 and section 4, the identity loss of section 5.2. Both generators G: x -> y and
    F: y -> x are trained in one step on
    E[(D_y(G(x)) - 1)^2] + E[(D_x(F(y)) - 1)^2] + lambda (E|F(G(x)) - x| + E|G(F(y)) - y|)
    + lambda w (E|G(y) - y| + E|F(x) - x|).

    Models of other data override `cycle_loss`, `identity_loss` and `discriminate`.

    Args:
        generator_xy, generator_yx: `keras.Model`s, (batch, height, width, channels) -> the other domain's.
        discriminator_x, discriminator_y: `keras.Model`s, (batch, height, width, channels) -> logits of any shape.
        cycle_weight: float >= 0, lambda. Default 10.
        identity_weight: float >= 0, w, as a share of lambda. Default 0.5; 0 if the domains differ in channels.
        pool_size: int >= 0, past fakes kept for each discriminator. Default 50.
        **kwargs: of `AdversarialModel`: `loss` (default "least_squares"), `label_smoothing`, `regularizers`,
            `augmentation`, `n_critic` (default 1), `generator_updates`, `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, networks that do not fit each other, an identity loss between
            domains of different channels.

    Example:

    >>> small = {"width": 2}
    >>> model = CycleGAN.create((16, 16, 3), small | {"blocks": 1}, small)
    >>> model.translate(np.zeros((1, 16, 16, 3), "uint8"), to="x").shape
    (1, 16, 16, 3)
    """

    directions = ("y", "x")
    independent_parts = True
    network_roles = ("generator_xy", "generator_yx", "discriminator_x", "discriminator_y")

    @validated
    def __init__(
        self,
        generator_xy,
        generator_yx,
        discriminator_x,
        discriminator_y,
        cycle_weight: Annotated[float, Ge(0)] = 10.0,
        identity_weight: Annotated[float, Ge(0)] | None = None,
        pool_size: Annotated[int, Ge(0)] = 50,
        **kwargs,
    ):
        super().__init__(**kwargs)
        x, y = (tuple(network.input_shape[1:]) for network in (generator_xy, generator_yx))
        for role, network, expected in (
            ("generator_xy", generator_xy.output_shape, y),
            ("generator_yx", generator_yx.output_shape, x),
            ("discriminator_x", discriminator_x.input_shape, x),
            ("discriminator_y", discriminator_y.input_shape, y),
        ):
            if tuple(network[1:]) != expected:
                raise ArgumentError(
                    f"{role}: received one for images of {tuple(network[1:])}, expected {expected}: the generators "
                    f"take {x} and {y}"
                )
        if identity_weight and x != y:
            raise ArgumentError(
                f"identity_weight: received {identity_weight} between images of {x} and {y}, expected 0: a "
                "generator cannot take images of its own target domain there"
            )
        self.generator_xy, self.generator_yx = generator_xy, generator_yx
        self.discriminator_x, self.discriminator_y = discriminator_x, discriminator_y
        self.ema_generator_xy, self.ema_generator_yx = frozen_copy(generator_xy), frozen_copy(generator_yx)
        self.cycle_weight = cycle_weight
        self.identity_weight = (0.5 if x == y else 0.0) if identity_weight is None else identity_weight
        self.pool_size = pool_size
        self.pool_x, self.pool_y = (
            ImagePool(pool_size, salt=11, name="pool_x"),
            ImagePool(pool_size, salt=13, name="pool_y"),
        )
        self.pool_x.build((None, *x))
        self.pool_y.build((None, *y))

    @classmethod
    def build_networks(cls, build, shape, target_shape):
        """Returns G, F, D_x and D_y."""
        return (
            build("generator", 0, shape, target_channels=target_shape[-1]),
            build("generator", 100, target_shape, target_channels=shape[-1]),
            build("discriminator", 1000, shape),
            build("discriminator", 1100, target_shape),
        )

    def make_preprocessor(self):
        """Returns a preprocessor of unpaired images: the arrays of the domains may have different lengths."""
        return UnpairedImagePreprocessor(self.domain_shapes(), owner=type(self).__name__)

    # Networks by domain.

    def generator(self, to):
        """Returns the generator into a domain."""
        return self.generator_xy if to == "y" else self.generator_yx

    def translator(self, to):
        """Returns the averaged generator into a domain."""
        return self.ema_generator_xy if to == "y" else self.ema_generator_yx

    def discriminator(self, domain):
        """Returns the discriminator of a domain."""
        return self.discriminator_y if domain == "y" else self.discriminator_x

    def pool(self, domain):
        """Returns the pool of a domain's past fakes."""
        return self.pool_y if domain == "y" else self.pool_x

    def generators(self):
        """Returns both generators: they are trained in one step."""
        return [self.generator_xy, self.generator_yx]

    def discriminators(self):
        """Returns both discriminators."""
        return [self.discriminator_x, self.discriminator_y]

    def ema_networks(self):
        """Returns both generators with their averages."""
        return [(self.ema_generator_xy, self.generator_xy), (self.ema_generator_yx, self.generator_yx)]

    def domain_shapes(self):
        """Returns the shapes of images of both domains."""
        return {"x": tuple(self.generator_xy.input_shape[1:]), "y": tuple(self.generator_yx.input_shape[1:])}

    @property
    def metric_names(self):
        """Adds the parts of the generators' loss, each a sum over both directions, without their weights."""
        return (*super().metric_names, "adversarial_loss", "cycle_loss", "identity_loss")

    # The training step.

    def generate_fakes(self, batch, training=True):
        """Returns translations in both directions: domain -> fakes."""
        return {to: self.generator(to)(batch[OTHER[to]], training=training) for to in OTHER}

    def real_samples(self, batch):
        """Returns the images of both domains."""
        return {domain: batch[domain] for domain in OTHER}

    def fakes_for_discriminator(self, batch, fakes):
        """Returns pooled fakes: about half of them are those of earlier steps."""
        return {
            domain: self.pool(domain).query(keras.ops.cast(fakes[domain], "float32"), self.seed, self._replica)
            for domain in OTHER
        }

    def discriminate(self, samples, batch, training):
        """Returns domain -> float32 logits of samples, each by the discriminator of its domain."""
        return {
            domain: keras.ops.cast(self.discriminator(domain)(images, training=training), "float32")
            for domain, images in samples.items()
        }

    def cycle_loss(self, images, reconstructed):
        """Returns the mean absolute difference between images and their translations there and back."""
        return keras.ops.mean(keras.ops.abs(reconstructed - images))

    def identity_loss(self, images, translated):
        """Returns the mean absolute change of images that are in the target domain already."""
        return keras.ops.mean(keras.ops.abs(translated - images))

    def generator_loss(self, real_logits, fake_logits):
        """Returns the adversarial loss of a generator; least squares are not halved, unlike the discriminator's."""
        # E[(D(G(x)) - 1)^2], as in the paper's code.
        factor = 2.0 if self.loss_name == "least_squares" else 1.0
        return factor * super().generator_loss(real_logits, fake_logits)

    def generator_objective(self, batch, fakes):
        """Returns the sum of both generators' losses, and its parts to log."""
        parts = {"adversarial_loss": self.generator_adversarial_loss(batch, fakes)}
        parts |= dict.fromkeys(("cycle_loss", "identity_loss"), 0.0)
        for domain, other in OTHER.items():
            back = self.generator(domain)
            if self.cycle_weight:
                parts["cycle_loss"] += self.cycle_loss(batch[domain], back(fakes[other], training=True))
            if self.cycle_weight and self.identity_weight:
                parts["identity_loss"] += self.identity_loss(batch[domain], back(batch[domain], training=True))
        consistent = parts["cycle_loss"] + self.identity_weight * parts["identity_loss"]
        return parts["adversarial_loss"] + self.cycle_weight * consistent, parts

    def get_config(self):
        """Returns the constructor arguments."""
        own = {"cycle_weight": self.cycle_weight, "identity_weight": self.identity_weight, "pool_size": self.pool_size}
        return super().get_config() | own
