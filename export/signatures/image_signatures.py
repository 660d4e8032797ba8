"""Signatures of generators of images and points: the same names for every variant and every format.

| signature | inputs | outputs |
| --- | --- | --- |
| `serving_default` | `latents` (batch, latent_dim) float32 | `images` (batch, *shape) float32 in [0, 1] |
| `sample` | `seeds` (batch,) int32 | the same; seed s yields the image that `model.generate` yields for it |
| `sample_png` | `seeds` (batch,) int32 | `png_bytes` (batch,) string, one PNG file each |

Every signature also has the conditions of the model, its `condition_specs`: `labels` (batch,) int32 of a
class-conditional generator; of a text-to-image generator `texts` (batch,) string in a SavedModel and `tokens` (batch,
length) int32 in TFLite and ONNX files; a number (batch,) float32.
Samples that are not images keep their values, are named `samples`, and have no PNG signature.
"""

from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ...zoo.core.prng import sampling_latents
from ...zoo.errors import ArgumentError
from ...zoo.families.condition_specs import Captions, ClassLabels
from ...zoo.families.network_checks import inputs_of
from ..rewriting.float32 import to_float32
from ..rewriting.rewrite import rewrite_generator
from .generator_checks import check_inputs, check_samples, check_weights, checked_range
from .image_ops import encode_pngs
from .model_signatures import SAMPLE, SERVING, ModelSignatures, int32_seeds, token_vocabulary

SAMPLE_PNG = "sample_png"
# The channels that PNG files can hold: gray, gray with alpha, RGB, RGBA.
PNG_CHANNELS = (1, 2, 3, 4)


class Condition(NamedTuple):
    """An input of the generator in addition to latents.

    Attributes:
        name: str.
        shape: tuple of int, without the batch axis.
        dtype: str, as for `tf.TensorSpec`.
        examples: function of the number of rows that returns NumPy inputs.
        preprocess: function from the input tensor to the generator's input, or None where they are the same.
    """

    name: str
    shape: tuple
    dtype: str
    examples: object
    preprocess: object = None


class ImageSignatures(ModelSignatures):
    """A generator of images or points in float32, and the signatures that sample from it.

    When to use it: the exporters create one; create your own to write another format.

    Args:
        model: an `ImageGAN`, whose EMA generator is used, or a `keras.Model` that maps latents (batch, latent_dim), or
            [latents, labels (batch,)], to samples.
        value_range: (low, high) of the generator's images. Default (-1, 1).
        num_classes: int >= 2, where the generator takes labels. Default: the model's own.
        strings: bool, whether a text-to-image model takes strings instead of token ids. Default False.

    Attributes:
        generator: `keras.Model` in float32, latents and conditions -> samples.
        conditions: list of `Condition`.
        calibration_seeds: int32 array, seeds of the examples on which int8 ranges are measured.

    Raises:
        ArgumentError: inputs, a `value_range` or `num_classes` that do not fit the generator.
        ExportError: weights or samples that are not finite, or samples that depend on the other rows of their batch.
    """

    compared = (SERVING, SAMPLE)
    rounded = {SAMPLE_PNG: SAMPLE}
    converted = (SERVING,)
    seeds = np.arange(64, dtype=np.int32)
    # Disjoint from all seeds on which files are compared or evaluated.
    calibration_seeds = np.arange(500_000, 500_512, dtype=np.int32)

    def __init__(self, model, value_range=(-1.0, 1.0), num_classes=None, strings=False):
        network = model.sampling_network() if hasattr(model, "sampling_network") else model
        self.vocabulary = getattr(model, "vocabulary", None)
        self.num_classes = getattr(model, "num_classes", None) if num_classes is None else num_classes
        specs = getattr(model, "condition_specs", None)
        check_inputs(network, self.num_classes, specs)
        if specs is None:
            specs = () if self.num_classes is None else (ClassLabels(self.num_classes),)
        self.low, self.high = checked_range(value_range)
        check_weights(network)
        self.generator = to_float32(network)
        self.latent_dim = inputs_of(network)[0].shape[-1]
        self.sample_shape = tuple(network.output_shape[1:])
        self.is_image = len(self.sample_shape) == 3
        self.output = "images" if self.is_image else "samples"
        self.conditions = [self._condition(spec, strings) for spec in specs]
        self._check_samples()

    @property
    def names(self):
        """The signatures of this generator."""
        png = self.is_image and self.sample_shape[-1] in PNG_CHANNELS
        return (SERVING, SAMPLE, SAMPLE_PNG) if png else (SERVING, SAMPLE)

    def input_specs(self, name, batch_size):
        """Returns the list of `tf.TensorSpec` of a signature's inputs."""
        if name == SERVING:
            first = tf.TensorSpec((batch_size, self.latent_dim), tf.float32, "latents")
        else:
            first = tf.TensorSpec((batch_size,), tf.int32, "seeds")
        return [first, *(tf.TensorSpec((batch_size, *each.shape), each.dtype, each.name) for each in self.conditions)]

    def output_function(self, name, batch_size, network=None):
        """Returns the function from a signature's input tensors to a dict of output tensors."""
        network = self.generator if network is None else network

        def outputs(first, *conditions):
            latents = first if name == SERVING else sampling_latents(first, self.latent_dim)
            samples = self._rescaled(network, latents, self._preprocess(conditions))
            return {"png_bytes": encode_pngs(samples)} if name == SAMPLE_PNG else {self.output: samples}

        return outputs

    def inputs(self, name, seeds):
        """Returns a dict of NumPy inputs of a signature: the seeds or their latents, and example conditions.

        Args:
            name: str, one of `names`.
            seeds: int32 array (num_samples,).
        """
        seeds = int32_seeds(seeds)
        first = {"latents": sampling_latents(seeds, self.latent_dim).numpy()} if name == SERVING else {"seeds": seeds}
        return first | {each.name: each.examples(len(seeds)) for each in self.conditions}

    def reference(self, seeds, name=SERVING):
        """Returns the samples that Keras generates for seeds, the same for every signature.

        Args:
            seeds: int32 array (num_samples,).
            name: str, one of `names`.

        Returns:
            float32 array (num_samples, *sample_shape), images in [0, 1].
        """
        latents, *conditions = map(tf.convert_to_tensor, self.inputs(SERVING, seeds).values())
        return self._rescaled(self.generator, latents, self._preprocess(conditions)).numpy()

    def rewrite_generator(self, int8=False):
        """Returns (network for `function` that runs faster on devices, number of rewritten layers)."""
        return rewrite_generator(self.generator)

    def serving_model(self):
        """Returns `serving_default` as a functional `keras.Model`, for converters that accept nothing else."""
        inputs = [keras.Input((self.latent_dim,), name="latents")]
        inputs += [keras.Input(each.shape, dtype=each.dtype, name=each.name) for each in self.conditions]
        samples = self.generator(inputs if self.conditions else inputs[0], training=False)
        if self.is_image:
            scale = 1 / (self.high - self.low)
            samples = keras.layers.Rescaling(scale, -self.low * scale, dtype="float32")(samples)
            samples = keras.layers.ReLU(max_value=1.0, dtype="float32")(samples)
        return keras.Model(inputs, {self.output: samples})

    def _condition(self, spec, strings):
        if not isinstance(spec, Captions):
            return Condition(spec.name, spec.shape, spec.dtype, spec.examples)
        if strings:
            self.lookup_layers = [spec.vocabulary.vectorizer]
            return Condition(
                spec.argument, (), "string", lambda count: np.array(spec.default(range(count))), spec.vocabulary
            )
        self.token_vocabulary = token_vocabulary(spec.vocabulary.length, spec.vocabulary)
        return Condition(spec.name, spec.shape, spec.dtype, spec.examples)

    def _preprocess(self, conditions):
        pairs = zip(self.conditions, conditions, strict=True)
        return [each.preprocess(value) if each.preprocess else value for each, value in pairs]

    def _rescaled(self, network, latents, conditions):
        samples = network([latents, *conditions] if conditions else latents, training=False)
        if not self.is_image:
            return samples
        # The same operations as in `to_uint8` before its factor of 255, so that both yield the same pixels.
        return tf.clip_by_value((samples - self.low) / (self.high - self.low), 0.0, 1.0)

    def _raw_samples(self, rows):
        latents, *conditions = map(tf.convert_to_tensor, self.inputs(SERVING, np.arange(16)).values())
        inputs = [part[:rows] for part in (latents, *self._preprocess(conditions))]
        try:
            return np.asarray(self.generator(inputs if conditions else inputs[0], training=False))
        except tf.errors.InvalidArgumentError:
            if self.num_classes is None:
                raise
            raise ArgumentError(
                f"num_classes: received {self.num_classes}, expected the number of classes that the generator was "
                "built for: it has fewer labels"
            ) from None

    def _check_samples(self):
        raw = self._raw_samples(16)
        check_samples(raw, self._raw_samples(1))
        span = self.high - self.low
        outside = float(((raw < self.low - 0.01 * span) | (raw > self.high + 0.01 * span)).mean())
        if self.is_image and outside > 0.01:
            raise ArgumentError(
                f"value_range: received ({self.low:g}, {self.high:g}), expected the range of the generator's images, "
                f"which lie in [{raw.min():.3g}, {raw.max():.3g}]: pass value_range=(low, high)"
            )
