"""The objectives of both networks: the adversarial loss, augmentation, and penalties."""

import keras
import tensorflow as tf
from keras import ops

from ..core.prng import training_uniforms_of_rows
from ..losses.adversarial_losses import LOSSES
from .adversarial_step import AdversarialStep

# Offsets of the seed, so that random numbers of pieces are independent of latents and of each other.
AUGMENTATION_SEED = 4_000_037
REGULARIZER_SEED = 5_000_011
# Both sides of a discriminator update are augmented with draws of their own.
DRAWS = ("real", "fake")


class AdversarialObjectives(AdversarialStep):
    """What the networks of `AdversarialModel` minimize, and the methods by which a model changes it.

    It expects of its subclass: `loss_name`, `label_smoothing`, `regularizers`, `augmentation`, `discriminate`,
    `real_samples`.
    """

    # Whether the parts of a structure of samples are augmented independently; those of a pair are augmented alike.
    independent_parts = False

    @property
    def adversarial_loss(self):
        """The `AdversarialLoss` that the model was built with."""
        return LOSSES[self.loss_name]

    # What a model may override.

    def real_samples(self, batch):
        """Returns the real samples of an update, a tensor or a dict of tensors, as `discriminate` takes them."""
        raise NotImplementedError

    def fakes_for_discriminator(self, batch, fakes):
        """Returns the fakes that the discriminator is trained on: by default those of the update."""
        return fakes

    def discriminate(self, samples, batch, training):
        """Returns float32 logits of samples, a tensor or a dict of tensors. It never augments.

        Args:
            samples: what `real_samples` or `generate_fakes` returned, possibly augmented.
            batch: dict of the data and random inputs of the update, for discriminators that are conditioned on them.
            training: bool, whether the discriminator runs in training mode.
        """
        raise NotImplementedError

    def discriminator_loss(self, real_logits, fake_logits):
        """Returns the scalar that a discriminator minimizes, for one tensor of logits on each side."""
        return self.adversarial_loss.discriminator_loss(real_logits, fake_logits, self.label_smoothing)

    def generator_loss(self, real_logits, fake_logits):
        """Returns the scalar that a generator minimizes, for one tensor of fake logits.

        `real_logits` is None unless `adversarial_loss.is_relativistic`.
        """
        return self.adversarial_loss.generator_loss(real_logits, fake_logits)

    @property
    def logits_metric(self):
        """The name of the logged metric that `discriminator_metrics` returns."""
        return self.adversarial_loss.logits_metric

    def discriminator_metrics(self, real_logits, fake_logits):
        """Returns a dict of logged scalars, for one tensor of logits on each side: the loss's own metric."""
        return {self.logits_metric: self.adversarial_loss.compute_metric(real_logits, fake_logits)}

    def discriminator_objective(self, batch, fakes):
        """Returns the scalar that the discriminators minimize, and a dict of scalars to log.

        Args:
            batch: dict of the data and random inputs of the update.
            fakes: what `fakes_for_discriminator` returned for it.
        """
        real_logits = self.augmented_logits(self.real_samples(batch), batch, "real")
        fake_logits = self.augmented_logits(fakes, batch, "fake")
        loss = self.total_loss(self.discriminator_loss, real_logits, fake_logits)
        return loss, self.describe_logits(real_logits, fake_logits)

    def generator_objective(self, batch, fakes):
        """Returns the scalar that the generators minimize, and a dict of scalars to log; same arguments."""
        return self.generator_adversarial_loss(batch, fakes), {}

    # What objectives are made of.

    def generator_adversarial_loss(self, batch, fakes):
        """Returns the adversarial part of the generators' loss: float32 scalar."""
        fake_logits = self.augmented_logits(fakes, batch, "fake")
        real_logits = None
        if self.adversarial_loss.is_relativistic:
            real_logits = self.augmented_logits(self.real_samples(batch), batch, "real")
        return self.total_loss(self.generator_loss, real_logits, fake_logits)

    def augmented_logits(self, samples, batch, draw):
        """Returns the logits of augmented samples in training mode; `draw` is "real" or "fake"."""
        return self.discriminate(self.augment(samples, batch, draw), batch, training=True)

    @staticmethod
    def total_loss(loss, real_logits, fake_logits):
        """Returns the sum of a loss over the parts of a structure of logits; `real_logits` may be None."""
        fakes = tf.nest.flatten(fake_logits)
        reals = [None] * len(fakes) if real_logits is None else tf.nest.flatten(real_logits)
        return sum(loss(real, fake) for real, fake in zip(reals, fakes, strict=True))

    def describe_logits(self, real_logits, fake_logits):
        """Returns the scalars to log of logits: both means and `discriminator_metrics`, averaged over their parts."""
        parts = [
            {
                "real_logits": ops.mean(real),
                "fake_logits": ops.mean(fake),
                **self.discriminator_metrics(real, fake),
            }
            for real, fake in zip(tf.nest.flatten(real_logits), tf.nest.flatten(fake_logits), strict=True)
        ]
        return {name: sum(part[name] for part in parts) / len(parts) for name in parts[0]}

    # Augmentation and penalties.

    def sample_step_inputs(self, num_rows, step, update=0):
        """Returns the random inputs of a step: dict of tensors (num_rows, ...).

        They are a function of (seed, step, update, row).

        Args:
            num_rows: int or int32 scalar, rows of this replica.
            step: int32 scalar, the number of the step.
            update: int >= 0, the generator update of the step. Default 0.
        """
        rows, inputs = self.global_row_indices(num_rows), {}
        if self.augmentation is not None:
            for number, draw in enumerate(DRAWS):
                count = self.augmentation.numbers_per_row * self._num_augmented
                seed = self.seed + AUGMENTATION_SEED + number
                inputs[f"augmentation_{draw}"] = training_uniforms_of_rows(seed, step, rows, count, update)
        for number, regularizer in enumerate(self.regularizers):
            if regularizer.numbers_per_row:
                seed = self.seed + REGULARIZER_SEED + number
                count = regularizer.numbers_per_row
                inputs[f"regularizer_{number}"] = training_uniforms_of_rows(seed, step, rows, count, update)
        return inputs

    @property
    def _num_augmented(self):
        """Parts of a sample that are augmented independently."""
        return len(self.domain_shapes()) if self.independent_parts else 1

    def augment(self, samples, batch, draw):
        """Returns augmented samples.

        The numbers of a row determine its augmentation; the images of a pair share theirs.

        Args:
            samples: tensor of images (batch, height, width, channels), or a dict of them.
            batch: dict, the inputs of the update.
            draw: "real" or "fake", which random numbers of the update to use.
        """
        if self.augmentation is None:
            return samples
        uniforms, parts = batch[f"augmentation_{draw}"], tf.nest.flatten(samples)
        numbers = tf.split(uniforms, self._num_augmented, axis=1)
        numbers = numbers if self.independent_parts else numbers * len(parts)
        augmented = [self.augmentation(part, values) for part, values in zip(parts, numbers, strict=True)]
        return tf.nest.pack_sequence_as(samples, augmented)

    def compute_penalties(self, batch, fakes):
        """Returns the weighted sum of the regularizers' penalties, and logs each one without its weight.

        A regularizer that is due every k steps is weighted by k then, so that its mean contribution is the same.
        """

        def discriminate(samples, draw):
            return self.augmented_logits(samples, batch, draw)

        total = ops.zeros(())
        for number, regularizer in enumerate(self.regularizers):
            uniforms = batch.get(f"regularizer_{number}")

            def penalty(regularizer=regularizer, uniforms=uniforms):
                # The states of layers, such as moving statistics, are those of the update itself.
                with keras.StatelessScope():
                    value = regularizer.penalty(discriminate, self.real_samples(batch), fakes, uniforms)
                return ops.cast(value, "float32")

            due = self.step.value % regularizer.every == 0
            value = penalty() if regularizer.every == 1 else tf.cond(due, penalty, lambda: tf.zeros(()))
            self._trackers[self.regularizer_names[number]].update_state(value, ops.cast(due, "float32"))
            total = total + regularizer.weight * regularizer.every * value
        return total

    @property
    def regularizer_names(self):
        """The names of the logged penalties, in the order of `regularizers`; equal ones are numbered."""
        names = [regularizer.name for regularizer in self.regularizers]
        return [
            name if names.count(name) == 1 else f"{name}_{names[: number + 1].count(name)}"
            for number, name in enumerate(names)
        ]
