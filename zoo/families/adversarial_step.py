"""The training step: the order of updates, and how replicas share a batch."""

import tensorflow as tf

from ..core.keras_internals import seed_generators_of
from ..losses.adversarial_losses import layer_losses
from ..optimization import ema
from .adversarial_trainer import AdversarialTrainer


class AdversarialStep(AdversarialTrainer):
    """The training step of `AdversarialModel`, which describes it.

    It expects of its subclass: `generators`, `discriminators`, `ema_networks`, `generate_fakes`, `sample_step_inputs`,
    `fakes_for_discriminator`, `discriminator_objective`, `generator_objective`, `compute_penalties`, `n_critic`,
    `generator_updates`, `ema_halflife_kimg`, `ema_rampup`.
    """

    def train_step(self, batch):
        """Runs `n_critic` discriminator updates and `generator_updates` generator updates on a flat batch of rows."""
        first = next(iter(batch.values()))
        # Static, except with several workers, where the batch size is known only at run time.
        num_rows = first.shape[0] or tf.shape(first)[0]
        self._reseed_stochastic_layers()
        logs = {}
        inputs = batch | self.sample_step_inputs(num_rows, self.step.value)
        *earlier, last = [rows_of_update(inputs, number, self.n_critic) for number in range(self.n_critic)]
        for update in earlier:
            logs |= self._discriminator_update(update, self.generate_fakes(update))
        logs |= self._both_updates(last)
        for number in range(1, self.generator_updates):
            inputs = batch | self.sample_step_inputs(num_rows, self.step.value, number)
            logs |= self._generator_update(rows_of_update(inputs, self.n_critic - 1, self.n_critic))
        self._update_averages(num_rows // self.n_critic * self._num_replicas)
        self.step.assign_add(1)
        self.after_step(logs)
        return self._results(self._trackers)

    def after_step(self, logs):
        """Called at the end of a step, for controllers whose state is state of the model.

        Args:
            logs: dict of name -> float32 scalar, the logs of the step's last updates; of this replica only, see
                `all_reduce_sum`.
        """

    def _both_updates(self, batch):
        """Runs a discriminator update and a generator update on the same fakes; returns what they log."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            watch(tape, self.generator_variables)
            fakes = self.generate_fakes(batch)
            # One generator pass serves both updates; the discriminator update is kept off this tape.
            with tape.stop_recording():
                logs = self._discriminator_update(batch, tf.nest.map_structure(tf.stop_gradient, fakes))
            scaled, own = self._generator_losses(batch, fakes)
        self._apply(tape, scaled, self.generator_variables, self.generator_optimizer)
        return logs | own

    def _generator_update(self, batch):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            watch(tape, self.generator_variables)
            scaled, logs = self._generator_losses(batch, self.generate_fakes(batch))
        self._apply(tape, scaled, self.generator_variables, self.generator_optimizer)
        return logs

    def _generator_losses(self, batch, fakes):
        loss, logs = self.generator_objective(batch, fakes)
        total = loss + sum(layer_losses(network) for network in self.generators())
        return self._scaled(total, self.generator_optimizer), self._log(g_loss=total, **logs)

    def _discriminator_update(self, batch, fakes):
        fakes = self.fakes_for_discriminator(batch, fakes)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            watch(tape, self.discriminator_variables)
            loss, logs = self.discriminator_objective(batch, fakes)
            total = loss + sum(layer_losses(network) for network in self.discriminators())
            total = total + self.compute_penalties(batch, fakes)
            scaled = self._scaled(total, self.discriminator_optimizer)
        self._apply(tape, scaled, self.discriminator_variables, self.discriminator_optimizer)
        return self._log(d_loss=total, **logs)

    def _scaled(self, loss, optimizer):
        # Gradients are summed over replicas, so each replica contributes its share of the mean.
        return optimizer.scale_loss(loss / self._num_replicas)

    def _apply(self, tape, loss, variables, optimizer):
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply(gradients, variables)

    def _update_averages(self, num_images):
        halflife = 1000 * self.ema_halflife_kimg
        decay = ema.decay(self.step.value, num_images, halflife, self.ema_rampup)
        for average, network in self.ema_networks():
            ema.update_ema(average.variables, network.variables, decay)

    def _reseed_stochastic_layers(self):
        # Keras does not save the counters of dropout and similar layers. As a function of (seed, step), a resumed run
        # generates the same numbers as an uninterrupted one. A step uses far fewer than a million of them.
        networks = (*self.generators(), *self.discriminators())
        seed_generators = [generator for network in networks for generator in seed_generators_of(network)]
        for number, generator in enumerate(seed_generators):
            key = self.seed + 1 + number + len(seed_generators) * tf.cast(self._replica, tf.int64)
            counter = tf.cast(self.step.value, tf.int64) * 1_000_000
            generator.state.assign(tf.cast(tf.stack([key, counter]) % 2**32, generator.state.dtype))

    # Replicas.

    def global_row_indices(self, num_rows):
        """Returns the positions of a replica's rows in the global batch, of which it holds a contiguous slice."""
        return tf.cast(self._replica, tf.int32) * num_rows + tf.range(num_rows)

    def all_reduce_sum(self, values):
        """Returns a structure of tensors, each summed over all replicas."""
        if self._num_replicas == 1:
            return values
        return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values)

    @property
    def _replica(self):
        return tf.distribute.get_replica_context().replica_id_in_sync_group

    @property
    def _num_replicas(self):
        return tf.distribute.get_strategy().num_replicas_in_sync


def rows_of_update(batch, number, n_critic):
    """Returns the rows number::n_critic of a flat batch, those of one discriminator update, as a dict."""
    return {name: values[number::n_critic] for name, values in batch.items()}


def watch(tape, variables):
    """Lets a tape record the use of Keras variables."""
    tape.watch([variable.value for variable in variables])
