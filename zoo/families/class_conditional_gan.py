"""The family of models that generate images of a class."""

from typing import Annotated, Any

import numpy as np
from annotated_types import Ge

from ..core.validation import validated
from ..errors import ArgumentError
from ..pipeline.preprocessor import LabeledImagePreprocessor
from .condition_specs import ClassLabels
from .image_gan import ImageGAN


class ClassConditionalGAN(ImageGAN):
    """An image GAN whose generator is conditioned on a class label.

    When to use it: as the base of a class-conditional model. Real rows carry their labels. The fakes of an update are
    generated for the labels of its real rows, so that each class is as frequent among the fakes as in the data.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch,) int32] -> (batch, *shape).
        discriminator: `keras.Model`, as the model defines it.
        num_classes: int >= 2; labels are 0 to num_classes - 1.
        **kwargs: of `ImageGAN`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.
    """

    @validated
    def __init__(self, generator, discriminator, num_classes: Annotated[int, Ge(2)], **kwargs):
        self.num_classes = num_classes
        super().__init__(generator, discriminator, **kwargs)

    @classmethod
    def network_arguments(cls, arguments):
        """The networks are built for the number of classes."""
        if "num_classes" not in arguments:
            raise ArgumentError(
                f"num_classes: received nothing, expected the number of classes: {cls.__name__} needs it"
            )
        return {"num_classes": arguments["num_classes"]}

    @classmethod
    def arguments_from_source(cls, source):
        """Returns the number of classes.

        Raises:
            ArgumentError: a source of another family, or without labels.
        """
        if source.labels is None:
            raise ArgumentError(
                f"data.source: received {source.name!r}, which has no labels, expected a labeled source: "
                f"{cls.__name__} generates images of a class"
            )
        return super().arguments_from_source(source) | {"num_classes": len(source.class_names)}

    def make_preprocessor(self):
        """Returns a preprocessor of images with labels."""
        return LabeledImagePreprocessor(self.image_shape, self.num_classes, owner=type(self).__name__)

    def generate_fakes(self, batch, training=True):
        """Returns samples of the labels of an update."""
        return self.generator([batch["latents"], batch["labels"]], training=training)

    @property
    def condition_specs(self):
        """The class label."""
        return (ClassLabels(self.num_classes),)

    def generate(
        self, num_samples: int, seed: int | None = None, batch_size: int | None = None, labels: Any = None,
    ) -> np.ndarray:  # fmt: skip
        """Samples the averaged generator; image i is the image of `seed + i` and its label.

        Args:
            num_samples, seed, batch_size: of `SamplingMixin.generate`.
            labels: int, or int array (num_samples,), in [0, num_classes). Default: a label derived from each seed
                (`sampling_labels`), balanced over the classes.

        Returns:
            float32 array (num_samples, *shape); images lie in [-1, 1].

        Raises:
            ArgumentError: `num_samples`, `seed` or a label out of its range.
        """
        return super().generate(num_samples, seed, batch_size, labels=labels)

    def sampling_labels(self, seeds):
        """Returns the default label of each seed: int32 array (num_samples,)."""
        return ClassLabels(self.num_classes).default(seeds)

    def sample_grid(self, num_samples, seed):
        """Returns samples of as many classes as fit, one row per class, and the number of columns."""
        columns = max(1, num_samples // self.num_classes)
        labels = np.repeat(np.arange(self.num_classes), columns)[:num_samples]
        return self.generate(len(labels), seed=seed, labels=labels), columns

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"num_classes": self.num_classes}
