"""Maximum likelihood: what text GANs begin with, and what they have to beat."""

import keras
from keras import ops

from .tokens import alive


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
        # Keras scales losses by the model's own precision.
        super().__init__(**({"dtype": generator.dtype_policy} | kwargs))
        self.generator = generator
        self.built = True

    def compile(self, optimizer="adam", **kwargs):
        """Compiles the model with `SequenceLoss`; arguments as of `keras.Model.compile`."""
        super().compile(optimizer=optimizer, loss=SequenceLoss(self.generator.ends), **kwargs)
        # Else its variables are made while the step is traced, which is traced once more for that.
        self.optimizer.build(self.trainable_variables)

    def call(self, tokens, training=False):
        """Returns the logits of each token after the right ones before it."""
        return self.generator(tokens, training=training)

    def compile_from_config(self, config):
        """Compiles the model as it was when it was saved, its optimiser's state to be filled in."""
        self.compile(
            **{key: value for key, value in keras.saving.deserialize_keras_object(config).items() if key != "loss"}
        )

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"generator": keras.saving.serialize_keras_object(self.generator)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds the model that `get_config` described, with fresh weights."""
        generator = keras.saving.deserialize_keras_object(config["generator"], custom_objects=custom_objects)
        return cls(**(config | {"generator": generator}))


@keras.saving.register_keras_serializable("ganzoo")
class SequenceLoss(keras.losses.Loss):
    """The negative log likelihood of sequences, nats a sequence: what comes after a sequence's end does not count.

    Args:
        ends: bool, whether token 0 ends a sequence.
    """

    def __init__(self, ends, name="sequence_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.ends = ends

    def call(self, y_true, y_pred):
        """Returns the loss of each sequence; Keras takes their mean, over all replicas."""
        tokens = ops.cast(y_true, "int32")
        losses = ops.sparse_categorical_crossentropy(tokens, y_pred, from_logits=True)
        return ops.sum(losses * alive(tokens, self.ends), axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"ends": self.ends}
