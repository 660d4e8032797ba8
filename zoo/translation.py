"""The foundation of variants that turn pictures of one domain into pictures of another."""

import functools
from typing import Annotated

import keras
import numpy as np
from annotated_types import Ge, Le

from . import networks
from .any_size import AnySize
from .base import PRECISIONS, Precision
from .errors import ArgumentError
from .images import from_uint8
from .losses import LOSSES, accuracy
from .step import AdversarialStep


class TranslationModel(AdversarialStep):
    """Networks that translate pictures from a domain x into a domain y, and perhaps back.

    When to use it: as the base of a translation variant, which says which networks there are and what they minimise.
    It owns how pictures are fed, translated and shown. The averages of the generators translate.

    Args:
        **kwargs: of `AdversarialStep`: `n_critic` (default 1), `average_half_life`, `average_ramp`, `seed`.
    """

    inputs_used = ("x", "y")
    # The domains that can be translated to, the first one by default.
    directions = ("y",)
    # The form of the adversarial game, of `zoo/losses.py`.
    loss_name = "least_squares"
    default_networks = {"generator": "cycle_resnet", "discriminator": "patch"}

    @classmethod
    def create(
        cls,
        shape: tuple[int, ...],
        generator: str | dict | None = None,
        discriminator: str | dict | None = None,
        target_shape: tuple[int, ...] | None = None,
        precision: Precision = "float32",
        seed: Annotated[int, Ge(0), Le(2**31 - 1)] = 0,
        **arguments,
    ):
        """Builds the variant with networks by name.

        Args:
            shape: (height, width, channels) of a picture of domain x.
            generator: str or dict: a built-in network, an import path `package.module:function`, or a dict with
                `network` and the builder's arguments. Default: the variant's.
            discriminator: likewise.
            target_shape: the same of domain y; only channels may differ. Default: that of x.
            precision: "float32", "bfloat16" or "float16" (mixed; weights and losses stay float32). Default "float32".
            seed: int >= 0, of weights and everything random. Default 0.
            **arguments: the variant's constructor arguments.

        Raises:
            ArgumentError: domains of different sizes, or networks that cannot be built for them.
        """
        shape, target_shape = tuple(shape), tuple(target_shape or shape)
        if shape[:2] != target_shape[:2]:
            raise ArgumentError(
                f"target_shape: received {target_shape} for pictures of {shape}, expected the same height and width"
            )
        given = {"generator": generator, "discriminator": discriminator}
        given = {role: cls.specified(role, chosen) for role, chosen in given.items()}

        def build(role, offset, shape, **facts):
            facts |= {"shape": shape, "seed": seed + offset, "dtype": PRECISIONS[precision]}
            return networks.build(given[role], role, **facts)

        return cls(*cls.build_networks(build, shape, target_shape), seed=seed, **arguments)

    @classmethod
    def specified(cls, role, given):
        """Returns what is given of a role's network as a dict; where it names no network, the variant's own."""
        return {"network": cls.default_networks[role]} | networks.as_dict(given)

    @classmethod
    def build_networks(cls, build, shape, target_shape):
        """Returns the constructor's networks.

        Args:
            build: function of (role, offset of the seed, shape, **facts) that gives a network.
            shape, target_shape: (height, width, channels) of x and y.
        """
        raise NotImplementedError

    @classmethod
    def source_facts(cls, source):
        """Returns the shape of domain y.

        Raises:
            ArgumentError: a source of one domain.
        """
        if not hasattr(source, "target_shape"):
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has one domain, expected paired:DIR, unpaired:X,Y or "
                f"restyled: {cls.__name__} translates from one into another"
            )
        return {"target_shape": source.target_shape}

    # What a variant says.

    def translator(self, to):
        """Returns the averaged generator into a domain, "x" or "y"."""
        raise NotImplementedError

    @property
    def metric_names(self):
        """Adds the discriminators' accuracy: 1 when they win, 0.5 when they cannot tell."""
        return (*super().metric_names, "d_accuracy")

    # The game.

    def discriminator_loss(self, real_logits, fake_logits):
        """Returns half of what the paper's discriminator minimises, as its code does."""
        return LOSSES[self.loss_name].discriminator(real_logits, fake_logits)

    def generator_loss(self, fake_logits):
        """Returns what the generator minimises of the adversarial game."""
        return LOSSES[self.loss_name].generator(fake_logits)

    def judgement(self, real_logits, fake_logits):
        """Returns a dict of what is logged of a discriminator's logits."""
        return {
            "real_logits": keras.ops.mean(real_logits),
            "fake_logits": keras.ops.mean(fake_logits),
            "d_accuracy": accuracy(real_logits, fake_logits, LOSSES[self.loss_name].boundary),
        }

    # Translating.

    def call(self, inputs, training=False):
        """Returns pictures of domain x in domain y, by the averaged generator."""
        return self.translator("y")(inputs, training=training)

    def translate(self, images, to="y", batch_size=16):
        """Translates pictures with the averaged generator.

        Args:
            images: uint8 array (num, height, width, channels), or float32 in [-1, 1]; of any size, not just that of
                training.
            to: "y" or, where the variant goes both ways, "x". Default "y".
            batch_size: int >= 1, pictures translated at a time. Default 16.

        Returns:
            float32 array (num, height, width, channels of the domain) in [-1, 1].

        Raises:
            ArgumentError: a direction that the variant does not have, or pictures of other channels or ranges.
        """
        if to not in self.directions:
            raise ArgumentError(f"to: received {to!r}, expected one of {list(self.directions)}")
        images = self._checked(np.asarray(images), to)
        run = self._translators[to]
        run.refresh()
        return np.concatenate([run(images[start : start + batch_size]) for start in range(0, len(images), batch_size)])

    def _checked(self, images, to):
        channels = self.translator(to).input_shape[-1]
        if images.ndim != 4 or not len(images) or images.shape[-1] != channels:
            raise ArgumentError(
                f"images: received an array of shape {images.shape}, expected (num, height, width, {channels})"
            )
        if images.dtype == np.uint8:
            return np.asarray(from_uint8(images))
        low, high = float(images.min()), float(images.max())
        if not -1.01 <= low <= high <= 1.01:
            raise ArgumentError(
                f"images: received floats in [{low:.4g}, {high:.4g}], expected uint8 or [-1, 1]: rescale them with "
                "images / 127.5 - 1"
            )
        return images.astype(np.float32)

    @functools.cached_property
    def _translators(self):
        return _Translators(self)


class _Translators:
    """The translators of any size by direction, made when they are asked for; no part of the model's state."""

    def __init__(self, model):
        self._make = functools.cache(lambda to: AnySize(model.translator(to)))

    def __getitem__(self, to):
        return self._make(to)
