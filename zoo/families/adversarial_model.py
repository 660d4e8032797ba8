"""The base model: the training step that every family shares."""

import inspect
from typing import Annotated, Literal

import keras
import tensorflow as tf
from annotated_types import Ge, Gt, Le

# `.keras` files name layers and schedules, which are registered when they are imported.
from .. import layers, networks  # noqa: F401
from ..core.keras_settings import check_keras_settings
from ..core.validation import refuse_unknown, validated
from ..losses import adversarial_losses as losses
from ..optimization import ema, linear_decay  # noqa: F401
from .adversarial_trainer import AdversarialTrainer

Precision = Literal["float32", "bfloat16", "float16"]


class AdversarialModel(AdversarialTrainer):
    """Generators and discriminators that `fit` trains against each other.

    When to use it: as the base of a family of models that share networks and data, such as `ImageGAN` (latents to
    images), `ImageTranslationGAN` (images to images) and `TextGAN` (token sequences). The family says which networks
    there are and what they are fed. This class owns the order of updates, both optimizers, averaged weights, logs and
    randomness.

    One training step consumes one flat batch of `n_critic * batch_size` rows. Discriminator update k uses rows
    k::n_critic and fakes that are generated for it. One generator update follows, on the fakes of the last
    discriminator update.

    Args:
        n_critic: int >= 1, discriminator updates per generator update. Default: the model's.
        ema_halflife_kimg: float > 0, half-life of the averaged weights in thousands of generated images. Default 10.
        ema_rampup: float > 0, limits the half-life to this fraction of the images so far. Default 0.05.
        seed: int >= 0, of everything random. Default 0.

    Raises:
        ArgumentError: an unknown argument, or one out of its range.
    """

    # The family of data sources that the model trains on: "image", "translation" or "text".
    data_family = None
    default_n_critic = 1
    # The built-in networks that `create` uses where none are named.
    default_networks = {"generator": "dcgan", "discriminator": "dcgan"}
    # The networks that the constructor takes, by argument name.
    network_roles = ("generator", "discriminator")

    @validated
    def __init__(
        self,
        n_critic: Annotated[int, Ge(1)] | None = None,
        ema_halflife_kimg: Annotated[float, Gt(0)] = 10.0,
        ema_rampup: Annotated[float, Gt(0)] = 0.05,
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **kwargs,
    ):
        check_keras_settings()
        refuse_unknown(type(self).__name__, set(kwargs) - {"name", "trainable", "dtype"}, self.argument_names())
        # Networks have a dtype policy of their own; the model hands its inputs on as they are.
        super().__init__(**{"dtype": "float32"} | kwargs)
        self.n_critic = n_critic or self.default_n_critic
        self.ema_halflife_kimg = ema_halflife_kimg
        self.ema_rampup = ema_rampup
        self.seed = seed
        self.step = self.add_weight(
            (), "zeros", dtype="int32", trainable=False, aggregation="only_first_replica", name="step"
        )
        self.generator_optimizer = None
        self.discriminator_optimizer = None
        self._trackers = {name: keras.metrics.Mean(name) for name in self.metric_names}
        self.built = True

    # What a family defines.

    @classmethod
    def resolve_network_spec(cls, role, spec):
        """Returns the specification of a role's network as a dict; without a name it is the model's default network."""
        return {"network": cls.default_networks[role]} | networks.as_dict(spec)

    @classmethod
    def argument_names(cls):
        """Returns the names of all arguments of `create` and of the constructors, those of the bases included."""
        bases = [base for base in cls.__mro__ if issubclass(base, AdversarialModel)]
        functions = [vars(base).get("__init__") for base in bases] + [getattr(base, "create", None) for base in bases]
        return {
            name
            for function in filter(None, functions)
            for name, parameter in inspect.signature(function).parameters.items()
            if name != "self" and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
        }

    @classmethod
    def check_arguments(cls, arguments):
        """Raises ArgumentError for arguments of `create` that no annotation can refuse, before any data are read.

        Args:
            arguments: dict, the keys of a recipe's `[model]`.
        """

    @classmethod
    def arguments_from_source(cls, source):
        """Returns the constructor arguments that a data source determines, such as `num_classes`.

        Raises:
            ArgumentError: a source of another family.
        """
        return {}

    def make_preprocessor(self):
        """Returns the `Preprocessor` between the model's data and its training step."""
        raise NotImplementedError

    # Methods, not properties: Keras would save the value of a property.

    def generators(self):
        """Returns the networks that the generator optimizer trains."""
        return [self.generator]

    def discriminators(self):
        """Returns the networks that the discriminator optimizer trains."""
        return [self.discriminator]

    def ema_networks(self):
        """Returns pairs (averaged network, network) of everything that sampling needs."""
        return [(self.ema_generator, self.generator)]

    def sample_step_inputs(self, num_rows):
        """Returns the random inputs of a step: dict of tensors (num_rows, ...), a function of (seed, step, row)."""
        return {}

    def generate_fakes(self, batch):
        """Returns fakes for an update, a tensor or a structure of tensors, in training mode.

        Args:
            batch: dict of the data and random inputs of the update.
        """
        raise NotImplementedError

    def discriminator_objective(self, batch, fakes):
        """Returns the scalar that the discriminators minimize, and a dict of scalars to log.

        Args:
            batch: dict of the data and random inputs of the update.
            fakes: what `generate_fakes` returned for it.
        """
        raise NotImplementedError

    def generator_objective(self, batch, fakes):
        """Returns the scalar that the generators minimize, and a dict of scalars to log; same arguments."""
        raise NotImplementedError

    @property
    def generator_variables(self):
        """The variables that the generator optimizer updates."""
        return [variable for network in self.generators() for variable in network.trainable_variables]

    @property
    def discriminator_variables(self):
        """The variables that the discriminator optimizer updates."""
        return [variable for network in self.discriminators() for variable in network.trainable_variables]

    @property
    def metric_names(self):
        """Names of the logged means, in display order."""
        return ("d_loss", "g_loss", "real_logits", "fake_logits")

    def default_optimizers(self):
        """Returns (generator optimizer, discriminator optimizer).

        The default is Adam 2e-4 with beta_1 0.5, as in DCGAN (arXiv:1511.06434).
        """
        return keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

    # The training step.

    def train_step(self, batch):
        """Runs `n_critic` discriminator updates and one generator update on a flat batch of rows."""
        first = next(iter(batch.values()))
        # Static, except with several workers, where the batch size is known only at run time.
        num_rows = first.shape[0] or tf.shape(first)[0]
        self._reseed_stochastic_layers()
        batch = batch | self.sample_step_inputs(num_rows)
        *earlier, last = [
            {name: values[k :: self.n_critic] for name, values in batch.items()} for k in range(self.n_critic)
        ]
        for update in earlier:
            self._discriminator_step(update, self.generate_fakes(update))
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.generator_variables])
            fakes = self.generate_fakes(last)
            # One generator pass serves both updates; the discriminator update is kept off this tape.
            with tape.stop_recording():
                self._discriminator_step(last, tf.nest.map_structure(tf.stop_gradient, fakes))
            loss, logs = self.generator_objective(last, fakes)
            total = loss + sum(losses.regularization(network) for network in self.generators())
            scaled = self._scaled(total, self.generator_optimizer)
        self._apply(tape, scaled, self.generator_variables, self.generator_optimizer)
        self._log(g_loss=total, **logs)
        decay = ema.decay(
            self.step.value,
            num_rows // self.n_critic * self._num_replicas,
            1000 * self.ema_halflife_kimg,
            self.ema_rampup,
        )
        for average, network in self.ema_networks():
            ema.update_ema(average.variables, network.variables, decay)
        self.step.assign_add(1)
        return self._results()

    def _discriminator_step(self, batch, fakes):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch([variable.value for variable in self.discriminator_variables])
            loss, logs = self.discriminator_objective(batch, fakes)
            total = loss + sum(losses.regularization(network) for network in self.discriminators())
            scaled = self._scaled(total, self.discriminator_optimizer)
        self._apply(tape, scaled, self.discriminator_variables, self.discriminator_optimizer)
        self._log(d_loss=total, **logs)

    def _reseed_stochastic_layers(self):
        # Keras does not save the counters of dropout and similar layers. As a function of (seed, step), a resumed run
        # generates the same numbers as an uninterrupted one. A step uses far fewer than a million of them.
        layers_of_step = [
            layer for network in (*self.generators(), *self.discriminators()) for layer in network._flatten_layers()
        ]
        seed_generators = [generator for layer in layers_of_step for generator in layer._seed_generators]
        for number, generator in enumerate(seed_generators):
            key = self.seed + 1 + number + len(seed_generators) * tf.cast(self._replica, tf.int64)
            counter = tf.cast(self.step.value, tf.int64) * 1_000_000
            generator.state.assign(tf.cast(tf.stack([key, counter]) % 2**32, generator.state.dtype))

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

    def _scaled(self, loss, optimizer):
        # Gradients are summed over replicas, so each replica contributes its share of the mean.
        return optimizer.scale_loss(loss / self._num_replicas)

    def _apply(self, tape, loss, variables, optimizer):
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        optimizer.apply(gradients, variables)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "n_critic": self.n_critic,
            "ema_halflife_kimg": self.ema_halflife_kimg,
            "ema_rampup": self.ema_rampup,
            "seed": self.seed,
            **{role: keras.saving.serialize_keras_object(getattr(self, role)) for role in self.network_roles},
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model that `get_config` described, with fresh weights."""
        built = {
            role: keras.saving.deserialize_keras_object(config[role], custom_objects=custom_objects)
            for role in cls.network_roles
        }
        return cls(**(config | built))
