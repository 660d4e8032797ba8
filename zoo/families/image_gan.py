"""The family of models from latents to images, with a choice of adversarial losses."""

from typing import Annotated, Any, Self

import keras
from annotated_types import Ge, Le

from .. import networks
from ..core.keras_settings import dtype_policy
from ..core.prng import training_latents
from ..core.validation import validated
from ..errors import ArgumentError
from ..pipeline.preprocessor import Preprocessor
from .adversarial_model import AdversarialModel, Precision
from .network_checks import check_pair, frozen_copy, inputs_of
from .sampling_mixin import SamplingMixin


class ImageGAN(SamplingMixin, AdversarialModel):
    """A generator from latents to images, or to points, and a discriminator.

    When to use it: as the base of an image model. A model overrides what its paper changes (`supported_losses`,
    `default_regularizers`, `default_n_critic`, the default optimizers) and inherits the training step, averaged
    weights, sampling, replicas, mixed precision and `.keras` files.

    Latents are a function of (seed, step, global row), so replicas and resumed runs use the same numbers. Dropout is a
    function of (seed, step, replica).

    Batch normalization processes real and fake images in separate calls. A step calls the generator `n_critic` times
    and the discriminator `2 * n_critic + 1` times in training mode, with a relativistic loss once more; each call
    updates the moving statistics of its network, except for those of penalties. Trained weights change only in the
    update of their own network.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1) logits.
        **kwargs: of `AdversarialModel`: `loss`, `label_smoothing`, `regularizers`, `augmentation`, `n_critic` (default
            1), `generator_updates`, `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: networks that do not fit each other, a discriminator that ends in probabilities, an argument out
            of its range.
    """

    data_family = "image"
    # Arguments of the built-in discriminators that the model's paper fixes.
    discriminator_defaults = {}

    @validated
    def __init__(self, generator: keras.Model, discriminator: keras.Model, **kwargs: Any):
        super().__init__(**kwargs)
        check_pair(generator, discriminator, self.condition_names)
        self.generator = generator
        self.discriminator = discriminator
        self.ema_generator = frozen_copy(generator)
        self.latent_dim = inputs_of(generator)[0].shape[-1]

    @classmethod
    @validated
    def create(
        cls,
        shape: tuple[int, ...],
        generator: str | dict | None = None,
        discriminator: str | dict | None = None,
        latent_dim: Annotated[int, Ge(1)] = 64,
        precision: Precision | None = None,
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **arguments: Any,
    ) -> Self:
        """Builds the model with networks by name.

        Args:
            shape: tuple of int, one sample without the batch axis, such as (32, 32, 1).
            generator: str or dict: a built-in network, an import path `package.module:function`, or a dict with
                `network` and the builder's arguments. Default: the model's, "dcgan" unless it says otherwise.
            discriminator: likewise.
            latent_dim: int >= 1. Default 64.
            precision: "float32", "bfloat16" or "float16" (mixed; weights and losses stay float32). Default: Keras's
                global dtype policy, which is float32 unless it was set.
            seed: int >= 0, of weights and latents. Default 0.
            **arguments: the model's constructor arguments.

        Returns:
            The model, ready for `compile`.

        Example:

        >>> from ganzoo.zoo import GAN
        >>> GAN.create((32, 32, 1), generator={"network": "dcgan", "width": 16}).generate(4, seed=7).shape
        (4, 32, 32, 1)
        """
        derived = cls.network_arguments(arguments) | {"shape": tuple(shape), "dtype": dtype_policy(precision)}
        generator = cls.resolve_network_spec("generator", generator)
        discriminator = cls.resolve_network_spec("discriminator", discriminator)
        if discriminator["network"] in networks.names():
            accepted = networks.arguments(discriminator["network"], "discriminator")
            fixed = {name: value for name, value in cls.discriminator_defaults.items() if name in accepted}
            discriminator = fixed | discriminator
        return cls(
            networks.build(generator, "generator", latent_dim=latent_dim, seed=seed, **derived),
            networks.build(discriminator, "discriminator", seed=seed + 1000, **derived),
            seed=seed,
            **arguments,
        )

    @classmethod
    def arguments_from_source(cls, source):
        """Returns no arguments: the shape is all that the model needs.

        Raises:
            ArgumentError: a source of another family.
        """
        if source.family != cls.data_family:
            content = {"text": "texts", "translation": "two domains"}[source.family]
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has {content}, expected images: {cls.__name__} "
                "generates images"
            )
        return {}

    # What a model may override.

    @classmethod
    def network_arguments(cls, arguments):
        """Returns the constructor arguments that the networks are built from as well, such as `num_classes`."""
        return {}

    def make_preprocessor(self):
        """Returns a `Preprocessor` of images."""
        return Preprocessor({"images": self.image_shape}, owner=type(self).__name__)

    @property
    def image_shape(self):
        """The shape of one sample without the batch axis."""
        return tuple(self.generator.output_shape[1:])

    def real_samples(self, batch):
        """Returns the images of an update."""
        return batch["images"]

    def discriminate(self, samples, batch, training):
        """Returns float32 logits (batch, 1) of images (batch, *shape)."""
        return keras.ops.cast(self.discriminator(samples, training=training), "float32")

    def sample_step_inputs(self, num_rows, step, update=0):
        """Adds the latents of a step, a replica's rows of the latents of the global batch."""
        rows = self.global_row_indices(num_rows)
        latents = training_latents(self.seed, step, rows, self.latent_dim, update)
        return super().sample_step_inputs(num_rows, step, update) | {"latents": latents}

    def generate_fakes(self, batch, training=True):
        """Returns the generator's samples for an update."""
        return self.generator(batch["latents"], training=training)
