"""Translation that learns without pairs."""

from typing import Annotated

import keras
from annotated_types import Ge

from .arguments import validated
from .errors import ArgumentError
from .pairs import frozen_copy
from .pool import FakePool
from .registry import variant
from .translation import TranslationModel
from .unpaired import UnpairedRows

OTHER = {"x": "y", "y": "x"}


@variant
class CycleGAN(TranslationModel):
    """Translation between two domains without pairs: what goes there and back has to be what it was.

    When to use it: where there are pictures of two domains, and nobody knows which belong together. It keeps what both
    domains share and changes what they differ in; what must not change is best shown by a good cycle.

    Paper: Zhu et al. 2017, "Unpaired image-to-image translation using cycle-consistent adversarial networks"
    (arXiv:1703.10593), equations 1 to 3 and section 4, the identity loss of section 5.2. Both generators G: x -> y and
    F: y -> x learn in one step from
    E[(D_y(G(x)) - 1)^2] + E[(D_x(F(y)) - 1)^2] + lambda (E|F(G(x)) - x| + E|G(F(y)) - y|)
    + lambda w (E|G(y) - y| + E|F(x) - x|).

    Models of other data override `cycle_loss`, `identity_loss` and `judged`.

    Args:
        generator_xy, generator_yx: `keras.Model`s, (batch, height, width, channels) -> the other domain's.
        discriminator_x, discriminator_y: `keras.Model`s, (batch, height, width, channels) -> logits of any shape.
        cycle_weight: float >= 0, lambda. Default 10.
        identity_weight: float >= 0, w, as a share of lambda. Default 0.5; 0 where the domains have other channels.
        pool_size: int >= 0, past fakes that each discriminator is shown. Default 50.
        **kwargs: of `AdversarialStep`: `n_critic` (default 1), `average_half_life`, `average_ramp`, `seed`.

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
                    f"{role}: received one for pictures of {tuple(network[1:])}, expected {expected}: the generators "
                    f"take {x} and {y}"
                )
        if identity_weight and x != y:
            raise ArgumentError(
                f"identity_weight: received {identity_weight} between pictures of {x} and {y}, expected 0: a "
                "generator cannot take pictures of its own domain there"
            )
        self.generator_xy, self.generator_yx = generator_xy, generator_yx
        self.discriminator_x, self.discriminator_y = discriminator_x, discriminator_y
        self.averaged_xy, self.averaged_yx = frozen_copy(generator_xy), frozen_copy(generator_yx)
        self.cycle_weight = cycle_weight
        self.identity_weight = (0.5 if x == y else 0.0) if identity_weight is None else identity_weight
        self.pool_size = pool_size
        self.pool_x, self.pool_y = (
            FakePool(pool_size, salt=11, name="pool_x"),
            FakePool(pool_size, salt=13, name="pool_y"),
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

    def rows_of(self, arrays):
        """Shuffles either domain by itself: their arrays may have any lengths."""
        return UnpairedRows(arrays)

    # Networks by the domain that they make or judge.

    def generator(self, to):
        """Returns the generator into a domain."""
        return self.generator_xy if to == "y" else self.generator_yx

    def translator(self, to):
        """Returns the averaged generator into a domain."""
        return self.averaged_xy if to == "y" else self.averaged_yx

    def discriminator(self, domain):
        """Returns the discriminator of a domain."""
        return self.discriminator_y if domain == "y" else self.discriminator_x

    def pool(self, domain):
        """Returns the pool of a domain's past fakes."""
        return self.pool_y if domain == "y" else self.pool_x

    def generators(self):
        """Both generators: they learn in one step."""
        return [self.generator_xy, self.generator_yx]

    def discriminators(self):
        """Both discriminators."""
        return [self.discriminator_x, self.discriminator_y]

    def averaged_networks(self):
        """Both generators with their averages."""
        return [(self.averaged_xy, self.generator_xy), (self.averaged_yx, self.generator_yx)]

    @property
    def data_shapes(self):
        """Shapes of the pictures of both domains, without the batch axis."""
        return {"x": tuple(self.generator_xy.input_shape[1:]), "y": tuple(self.generator_yx.input_shape[1:])}

    @property
    def metric_names(self):
        """Adds the parts of the generators' loss, each a sum over both directions, without their weights."""
        return (*super().metric_names, "adversarial_loss", "cycle_loss", "identity_loss")

    # The game.

    def synthesise(self, batch):
        """Translates the turn's pictures both ways: domain -> fakes."""
        return {to: self.generator(to)(batch[OTHER[to]], training=True) for to in OTHER}

    def judged(self, samples, domain):
        """Returns float32 logits of a domain's discriminator."""
        return keras.ops.cast(self.discriminator(domain)(samples, training=True), "float32")

    def cycle_loss(self, originals, returned):
        """Returns the mean absolute difference of what went there and back from what it was."""
        return keras.ops.mean(keras.ops.abs(returned - originals))

    def identity_loss(self, originals, same):
        """Returns the mean absolute change of what was in its domain already."""
        return keras.ops.mean(keras.ops.abs(same - originals))

    def generator_loss(self, fake_logits):
        """Returns E[(D(G(x)) - 1)^2]: unlike the discriminator's, the paper's code does not halve it."""
        return 2.0 * super().generator_loss(fake_logits)

    def discriminator_objective(self, batch, fakes):
        """Returns both discriminators' losses, their fakes exchanged with past ones, and what is logged."""
        loss, told = 0.0, []
        for domain in OTHER:
            shown = self.pool(domain).exchange(keras.ops.cast(fakes[domain], "float32"), self.seed, self._replica)
            real_logits, fake_logits = self.judged(batch[domain], domain), self.judged(shown, domain)
            loss += self.discriminator_loss(real_logits, fake_logits)
            told.append(self.judgement(real_logits, fake_logits))
        return loss, {name: 0.5 * (told[0][name] + told[1][name]) for name in told[0]}

    def generator_objective(self, batch, fakes):
        """Returns what both generators minimise together, and its parts."""
        parts = dict.fromkeys(("adversarial_loss", "cycle_loss", "identity_loss"), 0.0)
        for domain, other in OTHER.items():
            back = self.generator(domain)
            parts["adversarial_loss"] += self.generator_loss(self.judged(fakes[domain], domain))
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
