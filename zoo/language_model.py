"""Maximum likelihood: what text GANs begin with, and what they have to beat."""

import keras
from keras import ops

from .tokens import mean_over_sequences


@keras.saving.register_keras_serializable("ganzoo")
class LanguageModel(keras.Model):
    """An ordinary Keras model that trains a sequence generator by the likelihood of real texts (teacher forcing).

    When to use it: to pretrain the generator of a text GAN, whose weights it shares, or as the baseline beside it.

    Args:
        generator: `SequenceGenerator`.

    Input shape: (batch, length) int32. Output shape: (batch, length, vocabulary_size) float32 logits.

    Example:

    >>> import numpy as np
    >>> from ganzoo.zoo import SequenceGenerator
    >>> tokens = np.ones((8, 4), "int32")
    >>> model = LanguageModel(SequenceGenerator(10, 4, units=4))
    >>> model.compile("adam")
    >>> history = model.fit(tokens, tokens, verbose=0)
    """

    def __init__(self, generator, **kwargs):
        super().__init__(**kwargs)
        self.generator = generator
        self.built = True

    def compile(self, optimizer="adam", **kwargs):
        """Compiles the model with `SequenceLoss`; arguments as of `keras.Model.compile`."""
        super().compile(optimizer=optimizer, loss=SequenceLoss(self.generator.ends), **kwargs)

    def call(self, tokens, training=False):
        """Returns the logits of each token after the right ones before it."""
        return self.generator(tokens, training=training)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"generator": keras.saving.serialize_keras_object(self.generator)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model that `get_config` described, with fresh weights."""
        generator = keras.saving.deserialize_keras_object(config.pop("generator"), custom_objects=custom_objects)
        return cls(generator, **config)


@keras.saving.register_keras_serializable("ganzoo")
class SequenceLoss(keras.losses.Loss):
    """The negative log likelihood of sequences, nats a sequence: what comes after a sequence's end does not count.

    Args:
        ends: bool, whether token 0 ends a sequence.
    """

    def __init__(self, ends, reduction="sum_over_batch_size", name="sequence_loss", **kwargs):
        super().__init__(name=name, reduction="none", **kwargs)
        self.ends = ends

    def __call__(self, y_true, y_pred, sample_weight=None):
        """Returns the mean over sequences."""
        tokens = ops.cast(y_true, "int32")
        losses = ops.sparse_categorical_crossentropy(tokens, ops.cast(y_pred, "float32"), from_logits=True)
        return mean_over_sequences(losses, tokens, self.ends)

    def get_config(self):
        """Returns the constructor arguments."""
        return {"ends": self.ends, "name": self.name}
