"""The family of models from latents to images, with a choice of adversarial losses."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Le, Lt

from .. import networks
from ..core.keras_settings import dtype_policy
from ..core.prng import training_latents
from ..core.validation import validated
from ..errors import ArgumentError
from ..losses.adversarial_losses import LOSSES, discriminator_accuracy
from ..pipeline.preprocessor import Preprocessor
from .adversarial_model import AdversarialModel, Precision
from .network_checks import check_pair, frozen_copy, inputs_of
from .sampling_mixin import SamplingMixin


class ImageGAN(SamplingMixin, AdversarialModel):
    """A generator from latents to images, or to points, and a discriminator.

    When to use it: as the base of an image model. A model overrides what its paper changes (`discriminator_loss`,
    `generator_loss`, `penalty`, `n_critic`, the default optimizers) and inherits the training step, averaged weights,
    sampling, replicas, mixed precision and `.keras` files.

    Latents are a function of (seed, step, global row), so replicas and resumed runs use the same numbers. Dropout is a
    function of (seed, step, replica).

    Batch normalization processes real and fake images in separate calls. A step calls the generator `n_critic` times
    and the discriminator `2 * n_critic + 1` times in training mode; each call updates the moving statistics of its
    network. Trained weights change only in the update of their own network.

    Args:
        generator: `keras.Model`, (batch, latent_dim) -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> (batch, 1) logits.
        loss: "non_saturating", "minimax", "least_squares" or "hinge". Default: the model's.
        label_smoothing: float in [0, 0.5), how far the discriminator's target for real images lies below 1; the target
            for fakes and the generator's own stay exact (one-sided). Default 0.
        **kwargs: of `AdversarialModel`: `n_critic` (default 1), `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: networks that do not fit each other, a discriminator that ends in probabilities, an argument out
            of its range, smoothing with a loss that has no targets.
    """

    data_family = "image"
    # The losses that the model can be trained with, the default first.
    supported_losses = ("non_saturating", "minimax", "least_squares", "hinge")
    # The logged metric of the discriminator's logits.
    logits_metric = "d_accuracy"
    # Arguments of the built-in discriminators that the model's paper fixes.
    discriminator_defaults = {}

    @validated
    def __init__(
        self,
        generator,
        discriminator,
        loss: Literal["non_saturating", "minimax", "least_squares", "hinge", "wasserstein"] | None = None,
        label_smoothing: Annotated[float, Ge(0), Lt(0.5)] = 0.0,
        **kwargs,
    ):
        self.check_arguments({"loss": loss, "label_smoothing": label_smoothing})
        self.loss_name = loss or self.supported_losses[0]
        self.label_smoothing = label_smoothing
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
        **arguments,
    ):
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
    def check_arguments(cls, arguments):
        """Refuses a loss that the model does not have, and label smoothing where a loss has no targets."""
        loss = arguments.get("loss") or cls.supported_losses[0]
        if loss not in cls.supported_losses:
            raise ArgumentError(
                f"loss: received {loss!r}, expected one of {list(cls.supported_losses)}: {cls.__name__}'s own"
            )
        smoothing = arguments.get("label_smoothing", 0)
        if smoothing and not LOSSES[loss].supports_label_smoothing:
            raise ArgumentError(
                f"label_smoothing: received {smoothing} with loss {loss!r}, expected 0: that loss has no target to "
                "smooth"
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

    @property
    def metric_names(self):
        """Adds the discriminator's accuracy: 1 when it wins, 0.5 when it cannot tell real from fake."""
        return (*super().metric_names, self.logits_metric)

    def discriminator_loss(self, real_logits, fake_logits):
        """Returns the scalar that the discriminator minimizes."""
        return LOSSES[self.loss_name].discriminator(real_logits, fake_logits, self.label_smoothing)

    def generator_loss(self, fake_logits):
        """Returns the scalar that the generator minimizes."""
        return LOSSES[self.loss_name].generator(fake_logits)

    def penalty(self, real, fakes):
        """Returns a scalar that is added to the discriminator's loss, or None."""
        return

    def discriminator_metrics(self, real_logits, fake_logits):
        """Returns a dict of logged scalars: the accuracy over real and fake logits."""
        return {
            "d_accuracy": discriminator_accuracy(real_logits, fake_logits, LOSSES[self.loss_name].decision_threshold)
        }

    def discriminate(self, samples, batch):
        """Returns float32 logits of samples; `batch` is the update's dict of data."""
        return keras.ops.cast(self.discriminator(samples, training=True), "float32")

    def discriminator_objective(self, batch, fakes):
        """Returns the discriminator's loss on real images and fakes plus the penalty, and the scalars to log."""
        real = batch["images"]
        real_logits, fake_logits = self.discriminate(real, batch), self.discriminate(fakes, batch)
        loss, penalty = self.discriminator_loss(real_logits, fake_logits), self.penalty(real, fakes)
        logs = {"real_logits": tf.reduce_mean(real_logits), "fake_logits": tf.reduce_mean(fake_logits)}
        logs |= self.discriminator_metrics(real_logits, fake_logits)
        return loss if penalty is None else loss + penalty, logs

    def generator_objective(self, batch, fakes):
        """Returns the generator's loss on the discriminator's logits of its fakes."""
        return self.generator_loss(self.discriminate(fakes, batch)), {}

    def sample_step_inputs(self, num_rows):
        """Returns the latents of a step, a replica's rows of the latents of the global batch."""
        rows = self.global_row_indices(num_rows)
        return {"latents": training_latents(self.seed, self.step.value, rows, self.latent_dim)}

    def generate_fakes(self, batch):
        """Returns the generator's samples for an update, in training mode."""
        return self.generator(batch["latents"], training=True)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"loss": self.loss_name, "label_smoothing": self.label_smoothing}
