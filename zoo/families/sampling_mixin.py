"""Sampling: what every model has that generates samples from seeds."""

import functools
import secrets
from typing import Any

import numpy as np
import tensorflow as tf

from ..core.prng import sampling_latents
from ..core.validation import as_count
from ..errors import ArgumentError

# The default of `batch_size` is at most this.
LARGEST_BATCH = 64


class SamplingMixin:
    """Maps seeds to samples; the sample of a seed is the same alone and in any batch, within float32 rounding.

    It expects of the model: `ema_generator`, `latent_dim`.
    """

    # The `ConditionSpec`s of the generator's inputs next to latents, in their order.
    condition_specs = ()

    @property
    def condition_names(self):
        """Names of the conditions, in the order of the generator's inputs."""
        return tuple(spec.name for spec in self.condition_specs)

    def conditions(self, seeds, **conditions):
        """Returns the conditions of samples, validated and completed: name -> array with one row per seed.

        Args:
            seeds: int32 array (num_samples,).
            **conditions: the conditions that `generate` received; None for the default.

        Raises:
            ArgumentError: a condition that the model does not take, or one that is not valid.
        """
        arguments = [spec.argument for spec in self.condition_specs]
        unknown = sorted(set(conditions) - set(arguments))
        if unknown:
            raise ArgumentError(
                f"generate: received {unknown}, expected {arguments or 'none'}: {type(self).__name__} takes no such "
                "condition"
            )
        chosen = self.default_conditions(seeds) | {
            name: value for name, value in conditions.items() if value is not None
        }
        return {spec.name: spec.validate(chosen[spec.argument], seeds) for spec in self.condition_specs}

    def default_conditions(self, seeds):
        """Returns the arguments of `generate` that seeds have by default, such as {"labels": int32 array}."""
        return {spec.argument: spec.default(seeds) for spec in self.condition_specs}

    def call(self, inputs, training=False):
        """Returns the averaged generator's samples of latents (batch, latent_dim), or of [latents, *conditions]."""
        return self.ema_generator(inputs, training=training)

    def sample(self, seeds, *conditions):
        """Returns the averaged generator's samples of int32 seeds (batch,) and conditions, inside a graph."""
        latents = sampling_latents(seeds, self.latent_dim)
        return self.ema_generator([latents, *conditions] if conditions else latents, training=False)

    def generate(
        self, num_samples: int, seed: int | None = None, batch_size: int | None = None, **conditions: Any
    ) -> np.ndarray:
        """Samples the averaged generator; image i is the image of `seed + i`.

        The image of a seed is the same in any batch, within 1e-4; equal calls return equal images.

        Args:
            num_samples: int >= 1.
            seed: int in [0, 2**31 - num_samples], or None for a fresh one in each call. Default None.
            batch_size: int >= 1, images generated at a time. Default: the smallest power of two that is at least
                `num_samples`, up to 64.
            **conditions: what a conditional model takes: `labels`, `texts`.

        Returns:
            float32 array (num_samples, *shape); images lie in [-1, 1].

        Raises:
            ArgumentError: `num_samples`, `seed` or a condition out of its range.
        """
        num_samples = as_count("num_samples", num_samples, maximum=2**31)
        if batch_size is None:
            batch_size = min(LARGEST_BATCH, 1 << (num_samples - 1).bit_length())
        batch_size = as_count("batch_size", batch_size)
        if seed is None:
            seed = secrets.randbelow(2**31 - num_samples)
        seed = as_count("seed", seed, 0, 2**31 - num_samples)
        seeds = np.arange(seed, seed + num_samples, dtype=np.int64).astype(np.int32)
        rows = [seeds, *self.conditions(seeds, **conditions).values()]
        # Every call of the graph has one batch size: the last batch is filled up with copies of the last row.
        padding = -num_samples % batch_size
        if padding:
            rows = [np.concatenate([values, np.repeat(values[-1:], padding, axis=0)]) for values in rows]
        batches = [
            self._sample_batch(*(tf.constant(values[i : i + batch_size]) for values in rows)).numpy()
            for i in range(0, len(rows[0]), batch_size)
        ]
        return batches[0] if len(batches) == 1 and not padding else np.concatenate(batches)[:num_samples]

    def sampling_network(self):
        """Returns what `generate` computes as one network: latents, or [latents, *conditions], to samples."""
        return self.ema_generator

    def sample_grid(self, num_samples, seed):
        """Returns (samples, columns or None): the samples of a grid, and in how many columns to show them.

        Args:
            num_samples: int >= 1, the largest number of samples.
            seed: int >= 0, of the first one.
        """
        return self.generate(num_samples, seed=seed), None

    @functools.cached_property
    def _sampler(self):
        specs = [tf.TensorSpec((None, *spec.shape), spec.dtype, spec.name) for spec in self.condition_specs]
        signature = [tf.TensorSpec((None,), tf.int32, "seeds"), *specs]
        return tf.function(self.sample, input_signature=signature, autograph=False)

    @functools.cached_property
    def _sample_batch(self):
        # Calling the only graph itself saves the search for it, which takes as long as a small generator.
        return self._sampler.get_concrete_function()
