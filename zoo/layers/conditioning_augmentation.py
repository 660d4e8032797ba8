"""Conditioning augmentation of text embeddings."""

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable("ganzoo")
class ConditioningAugmentation(layers.Layer):
    """A conditioning vector, sampled from a Gaussian that is predicted from a text embedding.

    When to use it: in a text-conditional generator trained on few captions; it smooths the conditioning space, so
    that similar texts share images. The noise is taken from the latents, so the seed still determines every sample.

    Paper: Zhang et al. 2017, "StackGAN" (arXiv:1612.03242), equation 2: the KL divergence of N(mu, diag(sigma^2)) from
    the standard normal is added to the generator loss.

    Args:
        condition_dim: int >= 1.
        weight: float >= 0, weight of the divergence in the loss. Default 1.
        seed: int, seed of the initializer. Default 0.

    Input shape: [(batch, latent_dim), (batch, text_dim)], latent_dim >= condition_dim. Output shape: (batch,
    condition_dim).

    Raises:
        ValueError: `latent_dim` is less than `condition_dim`.

    Example:

    >>> layer = ConditioningAugmentation(8)
    >>> layer([ops.zeros((2, 16)), ops.ones((2, 32))]).shape
    TensorShape([2, 8])
    """

    def __init__(self, condition_dim, weight=1.0, seed=0, **kwargs):
        super().__init__(**kwargs)
        self.condition_dim, self.weight, self.seed = condition_dim, weight, seed
        self.moments = layers.Dense(
            2 * condition_dim, kernel_initializer=keras.initializers.GlorotUniform(seed), dtype=self.dtype_policy
        )

    def build(self, input_shape):
        """Builds the linear layer that predicts means and log-variances."""
        latents, text = input_shape
        if latents[-1] < self.condition_dim:
            raise ValueError(
                f"condition_dim: received {self.condition_dim} for {latents[-1]} latents, expected at most "
                f"{latents[-1]}: the augmentation takes its noise from the latents"
            )
        self.moments.build(text)

    def call(self, inputs, training=None):
        """Returns mu + sigma * noise; in training, also adds the divergence to the losses."""
        latents, text = inputs
        mean, log_variance = ops.split(self.moments(text), 2, axis=-1)
        if training:
            mean32, log_variance32 = ops.cast(mean, "float32"), ops.cast(log_variance, "float32")
            divergence = 0.5 * ops.mean(ops.square(mean32) + ops.exp(log_variance32) - log_variance32 - 1.0)
            self.add_loss(self.weight * divergence)
        return mean + ops.exp(0.5 * log_variance) * ops.cast(latents[:, : self.condition_dim], mean.dtype)

    def compute_output_shape(self, input_shape):
        """Returns (batch, condition_dim)."""
        return (input_shape[0][0], self.condition_dim)

    def get_config(self):
        """Returns the constructor arguments."""
        config = {"condition_dim": self.condition_dim, "weight": self.weight, "seed": self.seed}
        return super().get_config() | config
