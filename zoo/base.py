"""The adversarial base model: latents, a generator and a discriminator."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from . import networks
from .arguments import validated
from .latents import training_latents
from .pairs import check_pair, frozen_copy, inputs_of
from .sampling import LatentSampling
from .step import AdversarialStep

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
Precision = Literal["float32", "bfloat16", "float16"]


class AdversarialModel(LatentSampling, AdversarialStep):
    """A generator and a discriminator that `fit` trains against each other.

    When to use it: as the base of a variant. A variant overrides what its paper changes (`discriminator_loss`,
    `generator_loss`, `penalty`, `n_critic`, the default optimisers) and inherits the step, the averaged generator,
    sampling, replicas, mixed precision and `.keras` files.

    The step is that of `AdversarialStep`. Its latents hang on (seed, step, global row) alone, so replicas, and a run
    that was resumed, see the same numbers; dropout hangs on (seed, step, replica).

    Batch normalisation sees real and fake images in separate calls. A step makes `n_critic` generator calls and
    `2 * n_critic + 1` discriminator calls in training mode, each of which moves the moving statistics of its network;
    trained weights move only in their own network's turn.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1) logits.
        n_critic: int >= 1, discriminator updates for each generator update. Default: the variant's.
        average_half_life: float > 0, the generator average's half-life in thousands of generated images. Default 10.
        average_ramp: float > 0, limits the half-life to this share of the images so far. Default 0.05.
        seed: int >= 0, of the latents. Default 0.

    Raises:
        ArgumentError: networks that do not fit each other, a discriminator that ends in probabilities, an argument
            out of its range.
    """

    # Networks that `create` builds where none are named.
    default_network = "dcgan"
    # Arguments of the built-in discriminators that the variant's paper fixes.
    discriminator_defaults = {}

    @validated
    def __init__(
        self,
        generator,
        discriminator,
        n_critic: Annotated[int, Ge(1)] | None = None,
        average_half_life: Annotated[float, Gt(0)] = 10.0,
        average_ramp: Annotated[float, Gt(0)] = 0.05,
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **kwargs,
    ):
        super().__init__(n_critic, average_half_life, average_ramp, seed, **kwargs)
        check_pair(generator, discriminator, self.condition_names)
        self.generator = generator
        self.discriminator = discriminator
        self.averaged_generator = frozen_copy(generator)
        self.latent_dim = inputs_of(generator)[0].shape[-1]

    @classmethod
    def create(
        cls,
        shape: tuple[int, ...],
        generator: str | dict | None = None,
        discriminator: str | dict | None = None,
        latent_dim: Annotated[int, Ge(1)] = 64,
        precision: Precision = "float32",
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **arguments,
    ):
        """Builds the variant with networks by name.

        Args:
            shape: tuple of int, one sample without the batch axis, such as (32, 32, 1).
            generator: str or dict: a built-in network, an import path `package.module:function`, or a dict with
                `network` and the builder's arguments. Default: the variant's, "dcgan" unless it says otherwise.
            discriminator: likewise.
            latent_dim: int >= 1. Default 64.
            precision: "float32", "bfloat16" or "float16" (mixed; weights and losses stay float32). Default "float32".
            seed: int >= 0, of weights and latents. Default 0.
            **arguments: the variant's constructor arguments.

        Returns:
            The model, ready for `compile`.

        Example:

        >>> from ganzoo.zoo import GAN
        >>> GAN.create((32, 32, 1), generator={"network": "dcgan", "width": 16}).generate(4, seed=7).shape
        (4, 32, 32, 1)
        """
        facts = cls.network_facts(arguments) | {"shape": tuple(shape), "dtype": PRECISIONS[precision]}
        generator, critic = cls.specified("generator", generator), cls.specified("discriminator", discriminator)
        if critic["network"] in networks.names():
            known = networks.arguments(critic["network"], "discriminator")
            critic = {k: v for k, v in cls.discriminator_defaults.items() if k in known} | critic
        return cls(
            networks.build(generator, "generator", latent_dim=latent_dim, seed=seed, **facts),
            networks.build(critic, "discriminator", seed=seed + 1000, **facts),
            seed=seed,
            **arguments,
        )

    @classmethod
    def specified(cls, role, given):
        """Returns what is given of a role's network as a dict; where it names no network, the variant's own."""
        return {"network": cls.default_network} | networks.as_dict(given)

    # What a variant may override.

    @classmethod
    def network_facts(cls, arguments):
        """Returns what of the constructor's arguments the networks are built by, beside shape, seed and the like."""
        return {}

    def generators(self):
        """The one generator."""
        return [self.generator]

    def discriminators(self):
        """The one discriminator."""
        return [self.discriminator]

    def averaged_networks(self):
        """The one generator with its average."""
        return [(self.averaged_generator, self.generator)]

    @classmethod
    def source_facts(cls, source):
        """Returns a dict of the constructor's arguments that a data source decides, such as `num_classes`."""
        return {}

    def discriminator_loss(self, real_logits, fake_logits):
        """Returns the scalar that the discriminator minimises."""
        raise NotImplementedError

    def generator_loss(self, fake_logits):
        """Returns the scalar that the generator minimises."""
        raise NotImplementedError

    def penalty(self, real, fakes):
        """Returns a scalar that is added to the discriminator's loss; None by default."""
        return

    def discriminator_objective(self, batch, fakes):
        """Returns the discriminator's loss on real images and fakes with the penalty, and what is logged."""
        real = batch["images"]
        real_logits, fake_logits = self.discriminate(real, batch), self.discriminate(fakes, batch)
        loss, penalty = self.discriminator_loss(real_logits, fake_logits), self.penalty(real, fakes)
        logs = {"real_logits": tf.reduce_mean(real_logits), "fake_logits": tf.reduce_mean(fake_logits)}
        logs |= self.discriminator_metrics(real_logits, fake_logits)
        return loss if penalty is None else loss + penalty, logs

    def generator_objective(self, batch, fakes):
        """Returns the generator's loss on the discriminator's logits of its fakes."""
        return self.generator_loss(self.discriminate(fakes, batch)), {}

    def discriminator_metrics(self, real_logits, fake_logits):
        """Returns a dict of further logged scalars."""
        return {}

    def discriminate(self, samples, batch):
        """Returns float32 logits of samples; `batch` is the turn's dict of data."""
        return keras.ops.cast(self.discriminator(samples, training=True), "float32")

    def drawn(self, rows):
        """Returns the latents of a step, cut from one draw over all replicas."""
        numbers = self.global_rows(rows)
        return {"latents": training_latents(self.seed, self.step.value, numbers, self.latent_dim)}

    def synthesise(self, batch):
        """Returns the generator's samples for the turn, in training mode."""
        return self.generator(batch["latents"], training=True)

    @property
    def data_shapes(self):
        """Shapes of what is read from pictures, by the names of the step's inputs, without the batch axis."""
        return {"images": tuple(self.generator.output_shape[1:])}
