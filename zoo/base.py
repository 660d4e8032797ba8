"""The adversarial base model: two networks, two optimisers, one training step."""

import secrets
from typing import Annotated, Literal

import keras
import numpy as np
import tensorflow as tf
from annotated_types import Ge, Gt, Le

from . import ema, losses, networks
from .arguments import validated
from .errors import ArgumentError
from .feed import step_dataset
from .latents import sampling_latents, training_latents

PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16", "float16": "mixed_float16"}
Precision = Literal["float32", "bfloat16", "float16"]


class AdversarialModel(keras.Model):
    """A generator and a discriminator that `fit` trains against each other.

    When to use it: as the base of a variant. A variant overrides what its paper changes (`discriminator_loss`,
    `generator_loss`, `penalty`, `n_critic`, the default optimisers) and inherits the step, the averaged generator,
    sampling, replicas, mixed precision and `.keras` files.

    One training step eats one flat batch of `n_critic * batch_size` rows: critic turn k learns from rows k::n_critic
    and as many fresh fakes; then the generator learns once, from the last turn's fakes. Its latents hang on
    (seed, step, global row) alone, so replicas, and a run that was resumed, see the same numbers.

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
        _check_networks(generator, discriminator)
        self.generator = generator
        self.discriminator = discriminator
        self.averaged_generator = _frozen_copy(generator)
        self.n_critic = n_critic or self.default_n_critic
        self.average_half_life = average_half_life
        self.average_ramp = average_ramp
        self.seed = seed
        self.latent_dim = generator.input_shape[-1]
        self.step = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, aggregation="only_first_replica", name="step"
        )
        self.generator_optimizer = None
        self.discriminator_optimizer = None
        self._trackers = {name: keras.metrics.Mean(name) for name in self.metric_names}
        self._sampler = None
        self.built = True

    @classmethod
    def create(
        cls,
        shape: tuple[int, ...],
        generator: str | dict = "dcgan",
        discriminator: str | dict = "dcgan",
        latent_dim: Annotated[int, Ge(1)] = 64,
        precision: Precision = "float32",
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **arguments,
    ):
        """Builds the variant with networks by name.

        Args:
            shape: tuple of int, one sample without the batch axis, such as (32, 32, 1).
            generator: str or dict: a built-in network, an import path `package.module:function`, or a dict with
                `network` and the builder's arguments. Default "dcgan".
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
        facts = {"shape": tuple(shape), "dtype": PRECISIONS[precision]}
        critic = {"network": discriminator} if isinstance(discriminator, str) else dict(discriminator)
        if critic.get("network") in networks.names():
            known = networks.arguments(critic["network"], "discriminator")
            critic = {k: v for k, v in cls.discriminator_defaults.items() if k in known} | critic
        return cls(
            networks.build(generator, "generator", latent_dim=latent_dim, seed=seed, **facts),
            networks.build(critic, "discriminator", seed=seed + 1000, **facts),
            seed=seed,
            **arguments,
        )

    # What a variant may override.

    @property
    def steps_done(self):
        """Generator updates so far, as a Python int; reading it waits for the device."""
        return int(self.step.value.read_value())

    @property
    def generator_variables(self):
        """The variables that the generator's optimiser moves."""
        return self.generator.trainable_variables

    @property
    def discriminator_variables(self):
        """The variables that the discriminator's optimiser moves."""
        return self.discriminator.trainable_variables

    @property
    def metric_names(self):
        """Names of the logged means, in the order in which they are shown."""
        return ("d_loss", "g_loss", "real_logits", "fake_logits")

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
        rows = next(iter(batch.values())).shape[0]
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
            loss = self.generator_loss(self.discriminate(fakes, turns[last]))
            total = loss + losses.regularisation(self.generator)
            scaled = self._scaled(total, self.generator_optimizer)
        self._apply(tape, scaled, self.generator_variables, self.generator_optimizer)
        self._log(g_loss=total)
        kept = ema.decay(
            self.step.value, rows // self.n_critic * self._replicas, 1000 * self.average_half_life, self.average_ramp
        )
        ema.update_average(self.averaged_generator.variables, self.generator.variables, kept)
        self.step.assign_add(1)
        return self._results()

    def _discriminator_turn(self, batch, fakes):
        real = batch["images"]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.discriminator_variables])
            real_logits = self.discriminate(real, batch)
            fake_logits = self.discriminate(fakes, batch)
            total = self.discriminator_loss(real_logits, fake_logits) + losses.regularisation(self.discriminator)
            penalty = self.penalty(real, fakes)
            total = total if penalty is None else total + penalty
            scaled = self._scaled(total, self.discriminator_optimizer)
        self._apply(tape, scaled, self.discriminator_variables, self.discriminator_optimizer)
        self._log(
            d_loss=total,
            real_logits=tf.reduce_mean(real_logits),
            fake_logits=tf.reduce_mean(fake_logits),
            **self.discriminator_metrics(real_logits, fake_logits),
        )

    def _step_latents(self, rows):
        # A replica holds a contiguous slice of the global batch, `rows` long.
        replica = tf.distribute.get_replica_context().replica_id_in_sync_group
        first = tf.cast(replica, tf.int32) * rows
        return training_latents(self.seed, self.step.value, first + tf.range(rows), self.latent_dim)

    @property
    def _replicas(self):
        return tf.distribute.get_strategy().num_replicas_in_sync

    def _scaled(self, loss, optimizer):
        # Gradients are summed over replicas, so each brings its share of the mean.
        return optimizer.scale_loss(loss / self._replicas)

    def _apply(self, tape, loss, variables, optimizer):
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply(gradients, variables)

    def _log(self, **values):
        for name, value in values.items():
            self._trackers[name].update_state(value)

    def _results(self):
        results = {name: tracker.result() for name, tracker in self._trackers.items()}
        # Keras 3 reduces logs over axis 0 between workers and fails on scalars there.
        extended = tf.distribute.get_strategy().extended
        if getattr(extended, "_in_multi_worker_mode", bool)():
            results = {name: tf.reshape(value, (1,)) for name, value in results.items()}
        return results

    @property
    def metrics(self):
        """The running means of the logged values; `fit` resets them at each epoch."""
        return list(self._trackers.values())

    # Keras workflow.

    def compile(
        self, generator_optimizer=None, discriminator_optimizer=None, jit_compile="auto", run_eagerly=False,
        steps_per_execution=1,
    ):  # fmt: skip
        """Sets the two optimisers; calling it again keeps the weights and starts the optimisers afresh.

        Args:
            generator_optimizer: Keras optimiser or its name. Default: the variant's.
            discriminator_optimizer: likewise; a second object, two networks cannot share one.
            jit_compile: "auto" or bool, XLA; "auto" means one GPU only. Default "auto".
            run_eagerly: bool, for debugging. Default False.
            steps_per_execution: int >= 1. Default 1.

        Raises:
            ArgumentError: one optimiser object for both networks, or one that is built for other variables.
        """
        generator_default, discriminator_default = self.default_optimizers()
        generator_optimizer = keras.optimizers.get(generator_optimizer) or generator_default
        discriminator_optimizer = keras.optimizers.get(discriminator_optimizer) or discriminator_default
        if generator_optimizer is discriminator_optimizer:
            raise ArgumentError(
                "discriminator_optimizer: received the generator's optimiser object, expected one of its own: "
                "each network's optimiser keeps that network's statistics"
            )
        super().compile(
            optimizer=None, jit_compile=jit_compile, run_eagerly=run_eagerly, steps_per_execution=steps_per_execution
        )
        if self.jit_compile and not all(layer.supports_jit for layer in self._flatten_layers()):
            raise ArgumentError("jit_compile: received True, expected False: a layer of this model cannot run in XLA")
        self.generator_optimizer = self._own(generator_optimizer, self.generator_variables)
        self.discriminator_optimizer = self._own(discriminator_optimizer, self.discriminator_variables)

    def _own(self, optimizer, variables):
        half = any(layer.dtype_policy.name == "mixed_float16" for layer in self._flatten_layers())
        if half and not isinstance(optimizer, keras.optimizers.LossScaleOptimizer):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        optimizer.build(variables)
        return optimizer

    def fit(self, x=None, y=None, batch_size=None, epochs=1, steps_per_epoch=None, **kwargs):
        """Trains the model; an epoch is `steps_per_epoch` generator updates, or one pass over the data.

        Args:
            x: images as an array (uint8, or float in [-1, 1]), an `ImageSource`, or a `tf.data.Dataset` of batches;
                of the elements of tuples and dicts only what the variant uses is kept.
            y: labels, with an array `x`, where the variant uses them.
            batch_size: int >= 1, rows of one discriminator turn over all replicas. Default: a dataset's own, else 64.
            epochs: int >= 1. Default 1.
            steps_per_epoch: int >= 1 or None.
            **kwargs: of `keras.Model.fit`: `callbacks`, `verbose`, `initial_epoch`.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ArgumentError: data of another shape or range than the networks', or fewer rows than a step eats.
        """
        refused = sorted(set(kwargs) - {"callbacks", "verbose", "initial_epoch"})
        if refused:
            raise ArgumentError(f"fit: received {refused}, expected only callbacks, verbose, initial_epoch")
        dataset, steps = step_dataset(self, x, y, batch_size)
        return super().fit(dataset, epochs=epochs, steps_per_epoch=steps_per_epoch or steps, shuffle=False, **kwargs)

    def call(self, latents, training=False):
        """Returns the averaged generator's samples of latents (batch, latent_dim)."""
        return self.averaged_generator(latents, training=training)

    def sample(self, seeds):
        """Returns the averaged generator's samples of int32 seeds (batch,), in the graph."""
        return self.averaged_generator(sampling_latents(seeds, self.latent_dim), training=False)

    def generate(self, num, seed=None, batch_size=64):
        """Samples the averaged generator; image i is the image of `seed + i`.

        Args:
            num: int >= 1.
            seed: int in [0, 2**31 - num], or None for a fresh one each call. Default None.
            batch_size: int >= 1, images made at a time. Default 64.

        Returns:
            float32 array (num, *shape); images lie in [-1, 1].

        Raises:
            ArgumentError: `num` or `seed` out of its range.
        """
        if num < 1:
            raise ArgumentError(f"num: received {num}, expected at least 1")
        seed = secrets.randbelow(2**31 - num) if seed is None else seed
        if not 0 <= seed <= 2**31 - num:
            raise ArgumentError(f"seed: received {seed}, expected 0 to {2**31 - num} for {num} samples")
        if self._sampler is None:
            self._sampler = tf.function(self.sample, input_signature=[tf.TensorSpec((None,), tf.int32)])
        # Every call has one shape, so that a sample does not depend on its neighbours' number.
        padded = np.arange(seed, seed + -(-num // batch_size) * batch_size, dtype=np.int64).astype(np.int32)
        batches = [self._sampler(padded[i : i + batch_size]).numpy() for i in range(0, len(padded), batch_size)]
        return np.concatenate(batches)[:num]

    # `.keras` files.

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

    def get_compile_config(self):
        """Returns the arguments of `compile`, so that `.keras` files keep both optimisers."""
        return {
            "generator_optimizer": keras.saving.serialize_keras_object(self.generator_optimizer),
            "discriminator_optimizer": keras.saving.serialize_keras_object(self.discriminator_optimizer),
            "jit_compile": self.jit_compile,
            "run_eagerly": self.run_eagerly,
            "steps_per_execution": self.steps_per_execution,
        }

    def compile_from_config(self, config):
        """Compiles the model as `get_compile_config` described."""
        self.compile(**keras.saving.deserialize_keras_object(config))


def _frozen_copy(generator):
    # Clones layer by layer: a layer of the user's own need not be registered for that.
    copy = keras.models.clone_model(generator)
    if not copy.built:
        copy.build(generator.input_shape)
    copy.set_weights(generator.get_weights())
    copy.trainable = False
    return copy


def _check_networks(generator, discriminator):
    for role, network in (("generator", generator), ("discriminator", discriminator)):
        if not hasattr(network, "input_shape") or not hasattr(network, "output_shape"):
            raise ArgumentError(
                f"{role}: received {network!r}, expected a keras.Model that knows its shapes: wrap it as "
                "keras.Model(inputs, network(inputs)) with inputs = keras.Input(...)"
            )
    if generator.output_shape[1:] != discriminator.input_shape[1:]:
        raise ArgumentError(
            f"discriminator: received one for samples of shape {discriminator.input_shape[1:]}, expected "
            f"{generator.output_shape[1:]}, the shape that the generator makes"
        )
    activation = getattr(discriminator.layers[-1], "activation", None)
    if activation in (keras.activations.sigmoid, keras.activations.softmax):
        raise ArgumentError(
            f"discriminator: received one that ends in {activation.__name__}, expected logits: "
            "remove the last activation, the losses apply it themselves"
        )
