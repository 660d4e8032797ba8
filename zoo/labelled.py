"""The foundation of variants that draw what a class label says."""

from typing import Annotated

import numpy as np
from annotated_types import Ge

from .arguments import validated
from .errors import ArgumentError
from .game import AdversarialGame
from .latents import sampling_labels


class LabelledGame(AdversarialGame):
    """An adversarial game in which every image has a class, and the generator is told which one to draw.

    When to use it: as the base of a class-conditional variant. Real rows bring their labels; the fakes of a turn are
    drawn for the labels of its real rows, so that each class comes as often among the fakes as in the data.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch,) int32] -> (batch, *shape).
        discriminator: `keras.Model`, as the variant has it.
        num_classes: int >= 2; labels are 0 to num_classes - 1.
        **kwargs: of `AdversarialGame` and `AdversarialModel`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.
    """

    inputs_used = ("images", "labels")
    condition_specs = {"labels": ((), "int32")}

    @validated
    def __init__(self, generator, discriminator, num_classes: Annotated[int, Ge(2)], **kwargs):
        self.num_classes = num_classes
        super().__init__(generator, discriminator, **kwargs)

    @classmethod
    def network_facts(cls, arguments):
        """The networks are built for the number of classes."""
        if "num_classes" not in arguments:
            raise ArgumentError(
                f"num_classes: received nothing, expected the number of classes: {cls.__name__} needs it"
            )
        return {"num_classes": arguments["num_classes"]}

    @classmethod
    def source_facts(cls, source):
        """Returns the constructor's arguments that a data source decides.

        Raises:
            ArgumentError: a source without labels.
        """
        if source.labels is None:
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has no labels, expected a source that has: "
                f"{cls.__name__} draws what a label says"
            )
        return {"num_classes": len(source.class_names)}

    def synthesise(self, batch):
        """Draws what the turn's labels say."""
        return self.generator([batch["latents"], batch["labels"]], training=True)

    def generate(self, num, seed=None, batch_size=64, labels=None):
        """Samples the averaged generator; image i is the image of `seed + i` and its label.

        Args:
            num: int >= 1.
            seed: int in [0, 2**31 - num], or None for a fresh one each call. Default None.
            batch_size: int >= 1, images made at a time. Default 64.
            labels: int, or int array (num,), in [0, num_classes). Default: each seed has a label of its own
                (`sampling_labels`), every class equally often.

        Returns:
            float32 array (num, *shape); images lie in [-1, 1].

        Raises:
            ArgumentError: `num`, `seed` or a label out of its range.
        """
        return super().generate(num, seed, batch_size, labels=labels)

    def conditions(self, seeds, labels=None):
        """Returns the checked labels of samples; without any, those that the seeds have."""
        if labels is None:
            return {"labels": self.sampling_labels(seeds)}
        return {"labels": self.checked_labels(labels, len(seeds))}

    def sampling_labels(self, seeds):
        """Returns the label that each seed has where none is asked for: int32 array (num,)."""
        return sampling_labels(np.asarray(seeds, np.int32), self.num_classes).numpy()

    def checked_labels(self, labels, num):
        """Returns labels as an int32 array (num,).

        Raises:
            ArgumentError: no integers, out of range, or another number of them.
        """
        values = np.asarray(labels)
        known = f"integers from 0 to {self.num_classes - 1}"
        if values.dtype.kind not in "iu" or values.ndim > 1:
            raise ArgumentError(f"labels: received {labels!r}, expected {known}")
        wrong = values[(values < 0) | (values >= self.num_classes)] if values.size else values
        if wrong.size:
            raise ArgumentError(f"labels: received {int(wrong.reshape(-1)[0])}, expected {known}")
        if values.ndim and len(values) != num:
            raise ArgumentError(
                f"labels: received {len(values)} for {num} samples, expected one for each, or a single one"
            )
        return np.broadcast_to(values, (num,)).astype(np.int32)

    def showcase(self, num, seed):
        """Returns samples of as many classes as fit, a row a class, and the number of columns."""
        columns = max(1, num // self.num_classes)
        labels = np.repeat(np.arange(self.num_classes), columns)[:num]
        return self.generate(len(labels), seed=seed, labels=labels), columns

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"num_classes": self.num_classes}
