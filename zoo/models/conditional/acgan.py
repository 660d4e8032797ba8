"""The auxiliary-classifier GAN: the discriminator also classifies."""

from typing import Annotated

import keras
from annotated_types import Ge

from ...core.validation import validated
from ...families.class_conditional_gan import ClassConditionalGAN
from ...registry import variant


@variant
class ACGAN(ClassConditionalGAN):
    """The GAN whose discriminator does not receive the label but has to predict it.

    When to use it: where the class must be unmistakable. The classification loss favors samples that are easy
    to classify, which costs variety within a class.

    Paper: Odena, Olah, Shlens 2017, "Conditional image synthesis with auxiliary classifier GANs" (arXiv:1610.09585),
    equations 2 and 3: the discriminator maximizes L_S + L_C, the generator L_C - L_S.

    Args:
        generator: `keras.Model`, [(batch, latent_dim), (batch,) int32 labels] -> (batch, *shape).
        discriminator: `keras.Model`, (batch, *shape) -> [(batch, 1) logits, (batch, num_classes) class logits].
        num_classes: int >= 2.
        classification_weight: float >= 0, of the classification in both networks' losses. Default 1, as in the paper.
        fake_classification_weight: float >= 0, of the fakes in the discriminator's classification. Default 1, as in the
            paper. With 0 it learns classes from real images only, so that both networks cannot agree on a code of
            their own.
        **kwargs: of `ImageGAN`: `loss` (default "non_saturating"), `label_smoothing`, `n_critic` (default 1),
            `ema_halflife_kimg`, `ema_rampup`, `seed`.

    Raises:
        ArgumentError: an argument out of its range, or networks that do not fit each other.

    Example:

    >>> small = {"width": 4}
    >>> model = ACGAN.create((8, 8, 1), small, small, latent_dim=4, num_classes=3)
    >>> model.generate(2, seed=0, labels=[2, 0]).shape
    (2, 8, 8, 1)
    """

    default_networks = {"generator": "acgan_dcgan", "discriminator": "acgan_dcgan"}

    @validated
    def __init__(
        self,
        generator,
        discriminator,
        num_classes: Annotated[int, Ge(2)],
        classification_weight: Annotated[float, Ge(0)] = 1.0,
        fake_classification_weight: Annotated[float, Ge(0)] = 1.0,
        **kwargs,
    ):
        super().__init__(generator, discriminator, num_classes=num_classes, **kwargs)
        self.classification_weight, self.fake_classification_weight = classification_weight, fake_classification_weight

    @property
    def metric_names(self):
        """Adds the classification loss on real images, and the classification accuracy on real and fake images."""
        return (*super().metric_names, "class_loss", "real_class_accuracy", "fake_class_accuracy")

    def classify(self, samples, training):
        """Returns (logits, class logits) of samples, float32."""
        logits, classes = self.discriminator(samples, training=training)
        return keras.ops.cast(logits, "float32"), keras.ops.cast(classes, "float32")

    def discriminate(self, samples, batch, training):
        """Returns logits of the samples; the class logits are left out."""
        return self.classify(samples, training)[0]

    def discriminator_objective(self, batch, fakes):
        """Returns -(L_S + L_C), and the scalars to log."""
        labels = batch["labels"]
        real_logits, real_classes = self.classify(self.augment(batch["images"], batch, "real"), training=True)
        fake_logits, fake_classes = self.classify(self.augment(fakes, batch, "fake"), training=True)
        class_loss = cross_entropy(labels, real_classes)
        logs = self.describe_logits(real_logits, fake_logits) | {
            "class_loss": class_loss,
            "real_class_accuracy": accuracy(labels, real_classes),
            "fake_class_accuracy": accuracy(labels, fake_classes),
        }
        loss = self.discriminator_loss(real_logits, fake_logits)
        classified = class_loss + self.fake_classification_weight * cross_entropy(labels, fake_classes)
        return loss + self.classification_weight * classified, logs

    def generator_objective(self, batch, fakes):
        """Returns -(L_C - L_S)."""
        fake_logits, classes = self.classify(self.augment(fakes, batch, "fake"), training=True)
        real_logits = None
        if self.adversarial_loss.is_relativistic:
            real_logits = self.augmented_logits(batch["images"], batch, "real")
        loss = self.generator_loss(real_logits, fake_logits)
        return loss + self.classification_weight * cross_entropy(batch["labels"], classes), {}

    def get_config(self):
        """Returns the constructor arguments."""
        own = {
            "classification_weight": self.classification_weight,
            "fake_classification_weight": self.fake_classification_weight,
        }
        return super().get_config() | own


def cross_entropy(labels, classes):
    """Returns the mean of -log P(C = label) over class logits (batch, num_classes), a scalar."""
    return keras.ops.mean(keras.losses.sparse_categorical_crossentropy(labels, classes, from_logits=True))


def accuracy(labels, classes):
    """Returns the share of rows whose largest class logit is the label's, a scalar."""
    named = keras.ops.cast(keras.ops.argmax(classes, axis=-1), labels.dtype)
    return keras.ops.mean(keras.ops.cast(named == labels, "float32"))
