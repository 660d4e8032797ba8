"""Drawing samples: what a model has that makes them from latents."""

import functools
import secrets

import numpy as np
import tensorflow as tf

from .errors import ArgumentError
from .latents import sampling_latents


class LatentSampling:
    """Seeds in, samples out.

    It expects of the model: `averaged_generator`, `latent_dim`.
    """

    # Inputs of the generator beside latents: name -> (shape without the batch axis, dtype).
    condition_specs = {}

    @property
    def condition_names(self):
        """Names of what a sample is conditioned on, in the order of the generator's inputs."""
        return tuple(self.condition_specs)

    def conditions(self, seeds, **given):
        """Returns the conditions of samples, checked and completed: name -> array with a row a seed.

        Args:
            seeds: int32 array (num,).
            **given: what `generate` was given.

        Raises:
            ArgumentError: a condition that the model does not know.
        """
        if given:
            raise ArgumentError(
                f"generate: received {sorted(given)}, expected none: {type(self).__name__} takes no such"
            )
        return {}

    def call(self, inputs, training=False):
        """Returns the averaged generator's samples of latents (batch, latent_dim), or of [latents, *conditions]."""
        return self.averaged_generator(inputs, training=training)

    def sample(self, seeds, *conditions):
        """Returns the averaged generator's samples of int32 seeds (batch,) and its conditions, in the graph."""
        latents = sampling_latents(seeds, self.latent_dim)
        return self.averaged_generator([latents, *conditions] if conditions else latents, training=False)

    def generate(self, num, seed=None, batch_size=64, **conditions):
        """Samples the averaged generator; image i is the image of `seed + i`.

        Args:
            num: int >= 1.
            seed: int in [0, 2**31 - num], or None for a fresh one each call. Default None.
            batch_size: int >= 1, images made at a time. Default 64.
            **conditions: what a conditional variant takes: `labels`, `texts`.

        Returns:
            float32 array (num, *shape); images lie in [-1, 1].

        Raises:
            ArgumentError: `num`, `seed` or a condition out of its range.
        """
        if num < 1:
            raise ArgumentError(f"num: received {num}, expected at least 1")
        seed = secrets.randbelow(2**31 - num) if seed is None else seed
        if not 0 <= seed <= 2**31 - num:
            raise ArgumentError(f"seed: received {seed}, expected 0 to {2**31 - num} for {num} samples")
        # Every call has one shape, so that a sample does not depend on its neighbours' number.
        seeds = np.arange(seed, seed + num, dtype=np.int64).astype(np.int32)
        rows = [seeds, *self.conditions(seeds, **conditions).values()]
        padding = -num % batch_size
        rows = [np.concatenate([values, np.repeat(values[-1:], padding, axis=0)]) for values in rows]
        sampler = self._sampler
        batches = [
            sampler(*(values[i : i + batch_size] for values in rows)).numpy()
            for i in range(0, len(rows[0]), batch_size)
        ]
        return np.concatenate(batches)[:num]

    def sampling_network(self):
        """Returns what `generate` computes as one network: latents, or [latents, *conditions], to samples."""
        return self.averaged_generator

    def showcase(self, num, seed):
        """Returns (samples, columns or None): what a picture of the model's samples shows, and in how many columns.

        Args:
            num: int >= 1, the largest number of samples.
            seed: int >= 0, of the first one.
        """
        return self.generate(num, seed=seed), None

    @functools.cached_property
    def _sampler(self):
        specs = [tf.TensorSpec((None, *shape), dtype, name) for name, (shape, dtype) in self.condition_specs.items()]
        signature = [tf.TensorSpec((None,), tf.int32, "seeds"), *specs]
        return tf.function(self.sample, input_signature=signature, autograph=False)
