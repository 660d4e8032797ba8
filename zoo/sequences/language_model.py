"""Maximum likelihood training of sequence generators, for pretraining and as a baseline."""

import keras
from keras import ops

from .token_sequences import sequence_mask


@keras.saving.register_keras_serializable("ganzoo")
class LanguageModel(keras.Model):
    """A standard Keras model that trains a sequence generator by maximum likelihood with teacher forcing.

    When to use it: to pretrain the generator of a text GAN, whose weights it shares, or as a baseline for it.

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
        # Keras decides on loss scaling by the model's own dtype policy.
        super().__init__(**({"dtype": generator.dtype_policy} | kwargs))
        self.generator = generator
        self.built = True

    def compile(self, optimizer="adam", **kwargs):
        """Compiles the model with `SequenceLoss`; arguments as in `keras.Model.compile`."""
        super().compile(optimizer=optimizer, loss=SequenceLoss(self.generator.has_eos), **kwargs)
        # Otherwise the optimizer creates its variables inside the first trace, which causes a second trace.
        self.optimizer.build(self.trainable_variables)

    def call(self, tokens, training=False):
        """Returns the logits of each token given the preceding real tokens."""
        return self.generator(tokens, training=training)

    def compile_from_config(self, config):
        """Compiles a loaded model as it was saved; Keras then restores the optimizer's state."""
        self.compile(
            **{key: value for key, value in keras.saving.deserialize_keras_object(config).items() if key != "loss"}
        )

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"generator": keras.saving.serialize_keras_object(self.generator)}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Builds a model from the result of `get_config`, with newly initialized weights."""
        generator = keras.saving.deserialize_keras_object(config["generator"], custom_objects=custom_objects)
        return cls(**(config | {"generator": generator}))


@keras.saving.register_keras_serializable("ganzoo")
class SequenceLoss(keras.losses.Loss):
    """The negative log-likelihood in nats per sequence. Positions after the end of a sequence do not count.

    When to use it: as the loss of `LanguageModel`, which sets it in `compile`.

    Args:
        has_eos: bool, whether token 0 ends a sequence.

    Input shapes: tokens (batch, length) and logits (batch, length, vocabulary_size).

    Example:

    >>> round(float(SequenceLoss(has_eos=False)(ops.zeros((2, 3)), ops.zeros((2, 3, 10)))), 3)
    6.908
    """

    def __init__(self, has_eos, name="sequence_loss", **kwargs):
        super().__init__(name=name, **kwargs)
        self.has_eos = has_eos

    def call(self, y_true, y_pred):
        """Returns the loss of each sequence; Keras averages over the batch and all replicas."""
        tokens = ops.cast(y_true, "int32")
        losses = ops.sparse_categorical_crossentropy(tokens, y_pred, from_logits=True)
        return ops.sum(losses * sequence_mask(tokens, self.has_eos), axis=1)

    def get_config(self):
        """Returns the constructor arguments."""
        return super().get_config() | {"has_eos": self.has_eos}
