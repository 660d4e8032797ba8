"""The family of models that translate images of one domain into another."""

import functools
from typing import Annotated, Any, Self

import numpy as np
import tensorflow as tf
from annotated_types import Ge, Le

from .. import networks
from ..core.keras_settings import dtype_policy
from ..core.validation import as_count, validated
from ..errors import ArgumentError
from ..pipeline.pixel_checks import find_pixel_problem
from ..pipeline.preprocessor import Preprocessor
from ..pipeline.stream_monitor import ROWS_TO_DECIDE
from .adversarial_model import AdversarialModel, Precision
from .arbitrary_size import ArbitrarySize


class ImageTranslationGAN(AdversarialModel):
    """Networks that translate images from a domain x into a domain y, and possibly back.

    When to use it: as the base of a translation model, which defines the networks and their losses. This class owns
    how images are fed and translated. The averaged generators translate.

    Args:
        **kwargs: of `AdversarialModel`: `loss`, `label_smoothing`, `regularizers`, `augmentation`, `n_critic` (default
            1), `generator_updates`, `ema_halflife_kimg`, `ema_rampup`, `seed`.
    """

    data_family = "translation"
    # The domains that the model translates into, the default first.
    directions = ("y",)
    supported_losses = ("least_squares", "non_saturating", "minimax", "hinge", "wasserstein", "relativistic")
    default_networks = {"generator": "cycle_resnet", "discriminator": "patch"}

    @classmethod
    @validated
    def create(
        cls,
        shape: tuple[int, ...],
        generator: str | dict | None = None,
        discriminator: str | dict | None = None,
        target_shape: tuple[int, ...] | None = None,
        precision: Precision | None = None,
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **arguments: Any,
    ) -> Self:
        """Builds the model with networks by name.

        Args:
            shape: (height, width, channels) of an image of domain x.
            generator: str or dict: a built-in network, an import path `package.module:function`, or a dict with
                `network` and the builder's arguments. Default: the model's.
            discriminator: likewise.
            target_shape: the same of domain y; only the channels may differ. Default: that of x.
            precision: "float32", "bfloat16" or "float16" (mixed; weights and losses stay float32). Default: Keras's
                global dtype policy, which is float32 unless it was set.
            seed: int >= 0, of weights and everything random. Default 0.
            **arguments: the model's constructor arguments.

        Raises:
            ArgumentError: domains of different sizes, or networks that cannot be built for them.
        """
        shape, target_shape = tuple(shape), tuple(target_shape or shape)
        if shape[:2] != target_shape[:2]:
            raise ArgumentError(
                f"target_shape: received {target_shape} for images of {shape}, expected the same height and width"
            )
        specs = {"generator": generator, "discriminator": discriminator}
        specs = {role: cls.resolve_network_spec(role, spec) for role, spec in specs.items()}

        def build(role, seed_offset, shape, **derived):
            derived |= {"shape": shape, "seed": seed + seed_offset, "dtype": dtype_policy(precision)}
            return networks.build(specs[role], role, **derived)

        return cls(*cls.build_networks(build, shape, target_shape), seed=seed, **arguments)

    @classmethod
    def build_networks(cls, build, shape, target_shape):
        """Returns the constructor's networks.

        Args:
            build: function of (role, seed offset, shape, **derived arguments) that returns a network.
            shape, target_shape: (height, width, channels) of x and y.
        """
        raise NotImplementedError

    @classmethod
    def arguments_from_source(cls, source):
        """Returns the shape of domain y.

        Raises:
            ArgumentError: a source of one domain.
        """
        if source.family != cls.data_family:
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has one domain, expected paired:DIR, unpaired:X,Y or "
                f"restyled: {cls.__name__} translates one domain into another"
            )
        return {"target_shape": source.target_shape}

    # What a model defines.

    def domain_shapes(self):
        """Returns the shapes of images of both domains: {"x": (height, width, channels), "y": ...}."""
        raise NotImplementedError

    def translator(self, to):
        """Returns the averaged generator into a domain, "x" or "y"."""
        raise NotImplementedError

    def make_preprocessor(self):
        """Returns a preprocessor of images of two domains."""
        return Preprocessor(self.domain_shapes(), owner=type(self).__name__)

    # Translation.

    def call(self, inputs, training=False):
        """Returns images of domain x translated to domain y by the averaged generator."""
        return self.translator("y")(inputs, training=training)

    def translate(self, images, to="y", batch_size=16, value_range=None):
        """Translates images with the averaged generator.

        Args:
            images: uint8 array (num_samples, height, width, channels), or float32 in [-1, 1]; of any size, not only the
                training size.
            to: "y" or, where the model translates both ways, "x". Default "y".
            batch_size: int >= 1, images translated at a time. Default 16.
            value_range: (low, high), the range of the pixels. Default: [0, 255] of uint8, [-1, 1] of floats.

        Returns:
            float32 array (num_samples, height, width, channels of the domain) in [-1, 1].

        Raises:
            ArgumentError: a direction that the model does not have, or images of other channels or ranges.
        """
        if to not in self.directions:
            raise ArgumentError(f"to: received {to!r}, expected one of {list(self.directions)}")
        batch_size = as_count("batch_size", batch_size)
        images = self._validated_images(np.asarray(images), to, value_range)
        run = self._translators[to]
        run.refresh()
        return np.concatenate([run(images[start : start + batch_size]) for start in range(0, len(images), batch_size)])

    def _validated_images(self, images, to, value_range):
        channels = self.translator(to).input_shape[-1]
        if images.ndim != 4 or not len(images) or images.shape[-1] != channels:
            raise ArgumentError(
                f"images: received an array of shape {images.shape}, expected (num_samples, height, width, {channels})"
            )
        preprocessor = Preprocessor({"images": images.shape[1:]}, owner=type(self).__name__)
        if value_range is not None:
            preprocessor.declare_range(value_range)
        # Few images may all be bright, and a collapsed model's may all be black.
        is_part = len(images) < ROWS_TO_DECIDE or images.dtype == np.uint8
        problem = find_pixel_problem(images, preprocessor.value_range, is_part)
        if problem is not None:
            raise ArgumentError(f"images: received {problem.received}, expected uint8 or [-1, 1]: {problem.cure}")
        return preprocessor.cast("images", tf.constant(images)).numpy()

    @functools.cached_property
    def _translators(self):
        return _Translators(self)


class _Translators:
    """Translators of any size by direction, built on first use; not part of the model's state."""

    def __init__(self, model):
        self._build = functools.cache(lambda to: ArbitrarySize(model.translator(to)))

    def __getitem__(self, to):
        return self._build(to)
