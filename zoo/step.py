"""The training step: turns of discriminators and of generators, whatever they see and make."""

from typing import Annotated

import keras
import tensorflow as tf
from annotated_types import Ge, Gt, Le

# Layers and schedules are registered where they are imported, and `.keras` files name them.
from . import ema, layers, losses, schedules  # noqa: F401
from .arguments import validated
from .workflow import KerasWorkflow


class AdversarialStep(KerasWorkflow):
    """Networks that generate and networks that judge, which `fit` trains against each other.

    When to use it: as the base of a family of variants that share their networks and data, such as `AdversarialModel`
    (latents to images), `TranslationModel` (images to images) and `TextModel` (texts). The family says which networks
    there are and what they are fed; this class owns the order of updates, both optimisers, averages, logs and
    randomness.

    One training step eats one flat batch of `n_critic * batch_size` rows: turn k of the discriminators learns from rows
    k::n_critic and from fakes that are made for it; then the generators learn once, from the last turn's fakes.

    Args:
        n_critic: int >= 1, discriminator updates for each generator update. Default: the variant's.
        average_half_life: float > 0, the generator average's half-life in thousands of generated images. Default 10.
        average_ramp: float > 0, limits the half-life to this share of the images so far. Default 0.05.
        seed: int >= 0, of everything random. Default 0.

    Raises:
        ArgumentError: an argument out of its range.
    """

    # What a step needs from the data, in the order in which a tuple carries it.
    inputs_used = ("images",)
    default_n_critic = 1
    # The networks that the constructor takes, by their arguments' names.
    network_roles = ("generator", "discriminator")

    @validated
    def __init__(
        self,
        n_critic: Annotated[int, Ge(1)] | None = None,
        average_half_life: Annotated[float, Gt(0)] = 10.0,
        average_ramp: Annotated[float, Gt(0)] = 0.05,
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.n_critic = n_critic or self.default_n_critic
        self.average_half_life = average_half_life
        self.average_ramp = average_ramp
        self.seed = seed
        self.step = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, aggregation="only_first_replica", name="step"
        )
        self.generator_optimizer = None
        self.discriminator_optimizer = None
        self._trackers = {name: keras.metrics.Mean(name) for name in self.metric_names}
        self.built = True

    # What a family of variants says.

    @classmethod
    def check_arguments(cls, arguments):
        """Raises ArgumentError for arguments of `create` that no annotation can refuse, before there are any data.

        Args:
            arguments: dict, as a recipe has them.
        """

    def generators(self):
        """Returns the networks that make samples; no property, or Keras would save its value."""
        raise NotImplementedError

    def discriminators(self):
        """Returns the networks that judge samples, and what else learns with them."""
        raise NotImplementedError

    def averaged_networks(self):
        """Returns pairs (average, network) of what sampling needs."""
        raise NotImplementedError

    def drawn(self, rows):
        """Returns a dict of random inputs of a step with so many rows, a row each, named by (seed, step)."""
        return {}

    def synthesise(self, batch):
        """Returns the fakes of a turn, a tensor or a structure of them, in training mode.

        Args:
            batch: dict of the turn's data and random inputs.
        """
        raise NotImplementedError

    def discriminator_objective(self, batch, fakes):
        """Returns what the discriminators minimise in a turn, and a dict of scalars to log.

        Args:
            batch: dict of the turn's data and random inputs.
            fakes: what `synthesise` made of it.
        """
        raise NotImplementedError

    def generator_objective(self, batch, fakes):
        """Returns what the generators minimise, and a dict of scalars to log; arguments as of the discriminators'."""
        raise NotImplementedError

    @property
    def generator_variables(self):
        """The variables that the generators' optimiser moves."""
        return [variable for network in self.generators() for variable in network.trainable_variables]

    @property
    def discriminator_variables(self):
        """The variables that the discriminators' optimiser moves."""
        return [variable for network in self.discriminators() for variable in network.trainable_variables]

    @property
    def metric_names(self):
        """Names of the logged means, in the order in which they are shown."""
        return ("d_loss", "g_loss", "real_logits", "fake_logits")

    def default_optimizers(self):
        """Returns (generators' optimiser, discriminators' optimiser) for a `compile` that names none."""
        return keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

    # The step.

    def train_step(self, batch):
        """Runs `n_critic` updates of the discriminators and one of the generators on a flat batch of rows."""
        first = next(iter(batch.values()))
        # Static, but between workers, where the batch's size is known only when it arrives.
        rows = first.shape[0] or tf.shape(first)[0]
        self._anchor_randomness()
        batch = batch | self.drawn(rows)
        turns = [{name: rows[k :: self.n_critic] for name, rows in batch.items()} for k in range(self.n_critic)]
        *early, last = turns
        for turn in early:
            self._discriminator_turn(turn, self.synthesise(turn))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.generator_variables])
            fakes = self.synthesise(last)
            # One forward pass serves both turns; the discriminators' own work is kept off this tape.
            with tape.stop_recording():
                self._discriminator_turn(last, tf.nest.map_structure(tf.stop_gradient, fakes))
            loss, logs = self.generator_objective(last, fakes)
            total = loss + sum(losses.regularisation(network) for network in self.generators())
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
            total = loss + sum(losses.regularisation(network) for network in self.discriminators())
            scaled = self._scaled(total, self.discriminator_optimizer)
        self._apply(tape, scaled, self.discriminator_variables, self.discriminator_optimizer)
        self._log(d_loss=total, **logs)

    def _anchor_randomness(self):
        # Keras does not save the counters of dropout and its like: naming them by (seed, step) lets a resumed run draw
        # what it would have drawn. A step makes far fewer than a million draws.
        networks = [*self.generators(), *self.discriminators()]
        drawing = [layer for network in networks for layer in network._flatten_layers()]
        generators = [generator for layer in drawing for generator in layer._seed_generators]
        for number, generator in enumerate(generators):
            name = self.seed + 1 + number + len(generators) * tf.cast(self._replica, tf.int64)
            counter = tf.cast(self.step.value, tf.int64) * 1_000_000
            generator.state.assign(tf.cast(tf.stack([name, counter]) % 2**32, generator.state.dtype))

    def global_rows(self, rows):
        """Returns the numbers that a replica's rows have in the global batch, of which it holds a contiguous slice."""
        return tf.cast(self._replica, tf.int32) * rows + tf.range(rows)

    def over_replicas(self, sums):
        """Returns a structure of tensors, each summed over all replicas."""
        if self._replicas == 1:
            return sums
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, sums)

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
            "n_critic": self.n_critic,
            "average_half_life": self.average_half_life,
            "average_ramp": self.average_ramp,
            "seed": self.seed,
            **{role: keras.saving.serialize_keras_object(getattr(self, role)) for role in self.network_roles},
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model that `get_config` described, with fresh weights."""
        networks = {
            role: keras.saving.deserialize_keras_object(config[role], custom_objects=custom_objects)
            for role in cls.network_roles
        }
        return cls(**(config | networks))
