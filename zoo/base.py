"""The adversarial base model: two networks, two optimisers, one training step."""

from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from . import ema, losses, networks
from .arguments import validated
from .latents import training_latents
from .pairs import check_pair, frozen_copy, inputs_of
from .workflow import KerasWorkflow

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
Precision = Literal["float32", "bfloat16", "float16"]


class AdversarialModel(KerasWorkflow):
    """A generator and a discriminator that `fit` trains against each other.

    When to use it: as the base of a variant. A variant overrides what its paper changes (`discriminator_loss`,
    `generator_loss`, `penalty`, `n_critic`, the default optimisers) and inherits the step, the averaged generator,
    sampling, replicas, mixed precision and `.keras` files.

    One training step eats one flat batch of `n_critic * batch_size` rows: critic turn k learns from rows k::n_critic
    and as many fresh fakes; then the generator learns once, from the last turn's fakes. Its latents hang on
    (seed, step, global row) alone, so replicas, and a run that was resumed, see the same numbers; dropout hangs on
    (seed, step, replica).

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

    # What a step needs from the data, in the order in which a tuple carries it.
    inputs_used = ("images",)
    # Networks that `create` builds where none are named.
    default_network = "dcgan"
    default_n_critic = 1
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
        super().__init__(**kwargs)
        check_pair(generator, discriminator, self.condition_names)
        self.generator = generator
        self.discriminator = discriminator
        self.averaged_generator = frozen_copy(generator)
        self.n_critic = n_critic or self.default_n_critic
        self.average_half_life = average_half_life
        self.average_ramp = average_ramp
        self.seed = seed
        self.latent_dim = inputs_of(generator)[0].shape[-1]
        self.step = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, aggregation="only_first_replica", name="step"
        )
        self.generator_optimizer = None
        self.discriminator_optimizer = None
        self._trackers = {name: keras.metrics.Mean(name) for name in self.metric_names}
        self.built = True

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
        default = {"network": cls.default_network}
        generator, critic = (default | networks.as_dict(given) for given in (generator, discriminator))
        if critic["network"] in networks.names():
            known = networks.arguments(critic["network"], "discriminator")
            critic = {k: v for k, v in cls.discriminator_defaults.items() if k in known} | critic
        return cls(
            networks.build(generator, "generator", latent_dim=latent_dim, seed=seed, **facts),
            networks.build(critic, "discriminator", seed=seed + 1000, **facts),
            seed=seed,
            **arguments,
        )

    # What a variant may override.

    @classmethod
    def network_facts(cls, arguments):
        """Returns what of the constructor's arguments the networks are built by, beside shape, seed and the like."""
        return {}

    @property
    def generator_variables(self):
        """The variables that the generator's optimiser moves."""
        return self.generator.trainable_variables

    @property
    def discriminator_variables(self):
        """The variables that the discriminator's optimiser moves."""
        return self.discriminator.trainable_variables

    def averaged_networks(self):
        """Returns pairs (average, network) of what `generate` needs; no property, or Keras would save its value."""
        return [(self.averaged_generator, self.generator)]

    @property
    def metric_names(self):
        """Names of the logged means, in the order in which they are shown."""
        return ("d_loss", "g_loss", "real_logits", "fake_logits")

    @classmethod
    def source_facts(cls, source):
        """Returns a dict of the constructor's arguments that a data source decides, such as `num_classes`."""
        return {}

    def default_optimizers(self):
        """Returns (generator optimiser, discriminator optimiser) for a `compile` that names none."""
        return keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

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
        """Returns what the discriminator minimises in a turn, and a dict of scalars to log.

        Args:
            batch: dict of the turn's data, `images` among them.
            fakes: the generator's samples for the turn.
        """
        real = batch["images"]
        real_logits, fake_logits = self.discriminate(real, batch), self.discriminate(fakes, batch)
        loss, penalty = self.discriminator_loss(real_logits, fake_logits), self.penalty(real, fakes)
        logs = {"real_logits": tf.reduce_mean(real_logits), "fake_logits": tf.reduce_mean(fake_logits)}
        logs |= self.discriminator_metrics(real_logits, fake_logits)
        return loss if penalty is None else loss + penalty, logs

    def generator_objective(self, batch, fakes):
        """Returns what the generator minimises, and a dict of scalars to log; arguments as of the discriminator's."""
        return self.generator_loss(self.discriminate(fakes, batch)), {}

    def discriminator_metrics(self, real_logits, fake_logits):
        """Returns a dict of further logged scalars."""
        return {}

    def discriminate(self, samples, batch):
        """Returns float32 logits of samples; `batch` is the turn's dict of data."""
        return keras.ops.cast(self.discriminator(samples, training=True), "float32")

    def synthesise(self, latents, batch):
        """Returns the generator's samples for the turn, in training mode."""
        return self.generator(latents, training=True)

    # The step.

    def train_step(self, batch):
        """Runs `n_critic` discriminator updates and one generator update on a flat batch of rows."""
        first = next(iter(batch.values()))
        # Static, but between workers, where the batch's size is known only when it arrives.
        rows = first.shape[0] or tf.shape(first)[0]
        self._anchor_randomness()
        latents = self._step_latents(rows)
        turns = [{name: rows[k :: self.n_critic] for name, rows in batch.items()} for k in range(self.n_critic)]
        *early, last = range(self.n_critic)
        for k in early:
            self._discriminator_turn(turns[k], self.synthesise(latents[k :: self.n_critic], turns[k]))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.generator_variables])
            fakes = self.synthesise(latents[last :: self.n_critic], turns[last])
            # One forward pass serves both turns; the discriminator's own work is kept off this tape.
            with tape.stop_recording():
                self._discriminator_turn(turns[last], tf.stop_gradient(fakes))
            loss, logs = self.generator_objective(turns[last], fakes)
            total = loss + losses.regularisation(self.generator)
            scaled = self._scaled(total, self.generator_optimizer)
        self._apply(tape, scaled, self.generator_variables, self.generator_optimizer)
        self._log(g_loss=total, **logs)
        kept = ema.decay(
            self.step.value, rows // self.n_critic * self._replicas, 1000 * self.average_half_life, self.average_ramp
        )
        for average, network in self.averaged_networks():
            ema.update_average(average.variables, network.variables, kept)
        self.step.assign_add(1)
        return self._results()

    def _discriminator_turn(self, batch, fakes):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.discriminator_variables])
            loss, logs = self.discriminator_objective(batch, fakes)
            total = loss + losses.regularisation(self.discriminator)
            scaled = self._scaled(total, self.discriminator_optimizer)
        self._apply(tape, scaled, self.discriminator_variables, self.discriminator_optimizer)
        self._log(d_loss=total, **logs)

    def _anchor_randomness(self):
        # Keras does not save the counters of dropout and its like: naming them by (seed, step) lets a resumed run draw
        # what it would have drawn. A step makes far fewer than a million draws.
        layers = [*self.generator._flatten_layers(), *self.discriminator._flatten_layers()]
        generators = [generator for layer in layers for generator in layer._seed_generators]
        for number, generator in enumerate(generators):
            name = self.seed + 1 + number + len(generators) * tf.cast(self._replica, tf.int64)
            counter = tf.cast(self.step.value, tf.int64) * 1_000_000
            generator.state.assign(tf.cast(tf.stack([name, counter]) % 2**32, generator.state.dtype))

    def _step_latents(self, rows):
        # A replica holds a contiguous slice of the global batch, `rows` long.
        first = tf.cast(self._replica, tf.int32) * rows
        return training_latents(self.seed, self.step.value, first + tf.range(rows), self.latent_dim)

    @property
    def _replica(self):
        return tf.distribute.get_replica_context().replica_id_in_sync_group

    @property
    def _replicas(self):
        return tf.distribute.get_strategy().num_replicas_in_sync

    def _scaled(self, loss, optimizer):
        # Gradients are summed over replicas, so each brings its share of the mean.
        return optimizer.scale_loss(loss / self._replicas)

    def _apply(self, tape, loss, variables, optimizer):
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply(gradients, variables)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "generator": keras.saving.serialize_keras_object(self.generator),
            "discriminator": keras.saving.serialize_keras_object(self.discriminator),
            "n_critic": self.n_critic,
            "average_half_life": self.average_half_life,
            "average_ramp": self.average_ramp,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model that `get_config` described, with fresh weights."""
        networks_ = {
            role: keras.saving.deserialize_keras_object(config[role], custom_objects=custom_objects)
            for role in ("generator", "discriminator")
        }
        return cls(**(config | networks_))
