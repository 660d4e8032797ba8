"""The base model of every family: its constructor, and what a family defines."""

import inspect
from typing import Annotated, Any, Literal

import keras
from annotated_types import Ge, Gt, Le, Lt

# `.keras` files name layers and schedules, which are registered when they are imported.
from .. import layers, networks  # noqa: F401
from ..augmentations.augmentation_specs import read_augmentation
from ..core.keras_settings import check_keras_settings
from ..core.validation import refuse_unknown, validated
from ..errors import ArgumentError
from ..losses.adversarial_losses import LOSSES
from ..optimization import linear_decay  # noqa: F401
from ..regularizers.regularizer_specs import read_regularizers
from .adversarial_objectives import AdversarialObjectives

Precision = Literal["float32", "bfloat16", "float16"]
Loss = Literal["minimax", "non_saturating", "least_squares", "hinge", "wasserstein", "relativistic"]


class AdversarialModel(AdversarialObjectives):
    """Generators and discriminators that `fit` trains against each other.

    When to use it: as the base of a family of models that share networks and data, such as `ImageGAN` (latents to
    images), `ImageTranslationGAN` (images to images) and `TextGAN` (token sequences). The family says which networks
    there are and what they are fed. This class and its bases own the order of updates, both optimizers, the adversarial
    loss, augmentation, penalties, averaged weights, logs and randomness.

    One training step consumes one flat batch of `n_critic * batch_size` rows. Discriminator update k uses rows
    k::n_critic and fakes that are generated for it. A generator update follows, on the fakes of the last discriminator
    update, then `generator_updates - 1` others on new fakes.

    The discriminator sees augmented samples, real and fake ones with different random numbers. Penalties differentiate
    through the augmentation.

    Args:
        loss: str, a key of `LOSSES` that the model supports. Default: the model's.
        label_smoothing: float in [0, 0.5), how far the discriminator's target for real samples lies below 1; the target
            for fakes and the generator's own stay exact (one-sided). Default 0.
        regularizers: list of `Regularizer`s, or of their names or dicts as recipes specify them: penalties that are
            added to the discriminators' loss. Default: the model's.
        augmentation: `Augmentation`, its name or a dict, or None. Default None.
        n_critic: int >= 1, discriminator updates per training step. Default: the model's.
        generator_updates: int in [1, 2047], generator updates per training step. Default 1.
        ema_halflife_kimg: float > 0, half-life of the averaged weights in thousands of generated images. Default 10.
        ema_rampup: float > 0, limits the half-life to this fraction of the images so far. Default 0.05.
        seed: int >= 0, of everything random. Default 0.

    Raises:
        ArgumentError: an unknown argument, or one out of its range; smoothing with a loss that has no targets; a loss,
            a regularizer or an augmentation that the model's samples do not allow.
    """

    # The losses that the model can be trained with, the default first.
    supported_losses = ("non_saturating", "minimax", "least_squares", "hinge", "relativistic")
    # Whether samples are images, which can be augmented.
    augmentable = True
    # Whether logits have a gradient with respect to samples, which penalties need; tokens have none.
    differentiable_samples = True
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
        loss: Loss | None = None,
        label_smoothing: Annotated[float, Ge(0), Lt(0.5)] = 0.0,
        regularizers: list | tuple | None = None,
        augmentation: Any = None,
        n_critic: Annotated[int, Ge(1)] | None = None,
        generator_updates: Annotated[int, Ge(1), Lt(2048)] = 1,
        ema_halflife_kimg: Annotated[float, Gt(0)] = 10.0,
        ema_rampup: Annotated[float, Gt(0)] = 0.05,
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **kwargs,
    ):
        check_keras_settings()
        refuse_unknown(type(self).__name__, set(kwargs) - {"name", "trainable", "dtype"}, self.argument_names())
        pieces = {"regularizers": regularizers, "augmentation": augmentation}
        self.check_arguments({"loss": loss, "label_smoothing": label_smoothing} | pieces)
        # Networks have a dtype policy of their own; the model hands its inputs on as they are.
        super().__init__(**{"dtype": "float32"} | kwargs)
        # Keras uses the attribute `loss` itself.
        self.loss_name = loss or self.supported_losses[0]
        self.label_smoothing = label_smoothing
        self.regularizers = read_regularizers(self.default_regularizers() if regularizers is None else regularizers)
        self.augmentation = read_augmentation(augmentation)
        self.n_critic = n_critic or self.default_n_critic
        self.generator_updates = generator_updates
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
        regularizers = read_regularizers(arguments.get("regularizers") or ())
        if regularizers and not cls.differentiable_samples:
            raise ArgumentError(
                f"regularizers: received {regularizers}, expected none: the samples of {cls.__name__} are tokens, and "
                "a penalty needs the gradient with respect to samples"
            )
        if read_augmentation(arguments.get("augmentation")) is not None and not cls.augmentable:
            raise ArgumentError(
                f"augmentation: received {arguments['augmentation']!r}, expected none: {cls.__name__} has no images"
            )

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

    def generate_fakes(self, batch, training=True):
        """Returns fakes of an update, a tensor or a dict of tensors, as `discriminate` takes them.

        Args:
            batch: dict of the data and random inputs of the update.
            training: bool, whether the generators run in training mode. Default True.
        """
        raise NotImplementedError

    def default_regularizers(self):
        """Returns the regularizers that the model's paper fixes, a list; those of the constructor replace it."""
        return []

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
        return ("d_loss", "g_loss", "real_logits", "fake_logits", self.logits_metric, *self.regularizer_names)

    def default_optimizers(self):
        """Returns (generator optimizer, discriminator optimizer).

        The default is Adam 2e-4 with beta_1 0.5, as in DCGAN (arXiv:1511.06434).
        """
        return keras.optimizers.Adam(2e-4, beta_1=0.5), keras.optimizers.Adam(2e-4, beta_1=0.5)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {
            "loss": self.loss_name,
            "label_smoothing": self.label_smoothing,
            "regularizers": [keras.saving.serialize_keras_object(regularizer) for regularizer in self.regularizers],
            "augmentation": keras.saving.serialize_keras_object(self.augmentation),
            "n_critic": self.n_critic,
            "generator_updates": self.generator_updates,
            "ema_halflife_kimg": self.ema_halflife_kimg,
            "ema_rampup": self.ema_rampup,
            "seed": self.seed,
            **{role: keras.saving.serialize_keras_object(getattr(self, role)) for role in self.network_roles},
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model that `get_config` described, with fresh weights."""
        built = {
            name: keras.saving.deserialize_keras_object(config[name], custom_objects=custom_objects)
            for name in (*cls.network_roles, "regularizers", "augmentation")
            if name in config
        }
        return cls(**(config | built))
