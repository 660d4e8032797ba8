"""What an exported generator answers to: the same names for every variant and every format.

| signature | takes | gives |
| --- | --- | --- |
| `serving_default` | `latents` (batch, latent_dim) float32 | `images` (batch, *shape) float32 in [0, 1] |
| `sample` | `seeds` (batch,) int32 | the same, seed s giving the image that `model.generate` makes of it |
| `sample_png` | `seeds` (batch,) int32 | `png_bytes` (batch,) string, each a PNG file |

A generator that takes labels has a second input `labels` (batch,) int32 everywhere; one that draws captions has `texts`
(batch,) string in a SavedModel and `tokens` (batch, length) int32 in files for devices. Samples that are no images keep
their values, are called `samples`, and have no PNGs.
"""

import inspect
import numbers
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from ..zoo.errors import ArgumentError
from ..zoo.latents import sampling_latents
from ..zoo.pairs import inputs_of
from .graph import encode_pngs
from .precision import in_float32
from .rewriting import rewritten

SERVING = "serving_default"
SAMPLE = "sample"
SAMPLE_PNG = "sample_png"
# What PNG files can hold: grey, grey with alpha, RGB, RGBA.
PNG_CHANNELS = (1, 2, 3, 4)


class ExportError(RuntimeError):
    """An export that failed or did not hold what Keras gives; nothing of it is left on the disk."""


class Condition(NamedTuple):
    """An input of the generator beside latents.

    Attributes:
        name: str.
        shape: tuple of int, without the batch axis.
        dtype: str, as `tf.TensorSpec` has it.
        example: function of the number of rows that gives NumPy inputs.
        read: function from the input, a tensor, to what the generator takes, or None where it takes it as it is.
    """

    name: str
    shape: tuple
    dtype: str
    example: object
    read: object = None


class Signatures:
    """A generator in float32, and the functions by which it is asked for samples.

    When to use it: the exporters make one; make your own to write a further format.

    Args:
        model: an `AdversarialModel`, whose averaged generator is taken, or a `keras.Model` that maps latents
            (batch, latent_dim), or [latents, labels (batch,)], to samples.
        value_range: (low, high) of the generator's images. Default (-1, 1).
        num_classes: int >= 2, where the generator takes labels. Default: the model's own.
        words: bool, whether a model that reads captions takes strings; without it, token ids. Default False.

    Attributes:
        generator: `keras.Model` in float32, latents and conditions -> samples.
        conditions: list of `Condition`.
        reader: `Vocabulary` of a model that reads captions, or None.
        compared: names of signatures whose numbers are compared with Keras.
        rounded: dict name -> name of a signature whose images it gives in whole grey levels.
        converted: names of signatures that a TFLite converter makes.
        aliases: dict of further names in TFLite files -> name of a signature.
        seeds, calibration_seeds: int32 arrays, the examples to compare on, and those to measure int8 ranges on.
        program: name of the program that lies beside TFLite files.

    Raises:
        ArgumentError: inputs, a `value_range` or `num_classes` that do not fit the generator.
        ExportError: weights or samples that are not finite, or samples that depend on their neighbours in the batch.
    """

    compared = (SERVING, SAMPLE)
    rounded = {SAMPLE_PNG: SAMPLE}
    converted = (SERVING,)
    aliases = {}
    seeds = np.arange(64, dtype=np.int32)
    # None that anything is compared or judged on.
    calibration_seeds = np.arange(500_000, 500_512, dtype=np.int32)
    program = "sample.py"

    def __init__(self, model, value_range=(-1.0, 1.0), num_classes=None, words=False):
        network = model.sampling_network() if hasattr(model, "sampling_network") else model
        self.reader = getattr(model, "reader", None)
        self.num_classes = getattr(model, "num_classes", None) if num_classes is None else num_classes
        _check_inputs(network, self.num_classes, self.reader)
        self.low, self.high = _checked_range(value_range)
        check_weights(network)
        self.generator = in_float32(network)
        self.latent_dim = inputs_of(network)[0].shape[-1]
        self.sample_shape = tuple(network.output_shape[1:])
        self.is_image = len(self.sample_shape) == 3
        self.output = "images" if self.is_image else "samples"
        self.conditions = []
        if self.num_classes is not None:
            self.conditions = [Condition("labels", (), "int32", self._some_labels)]
        if self.reader is not None:
            examples = model.sampling_texts
            self.conditions = [
                Condition("texts", (), "string", lambda num: np.array(examples(range(num))), self.reader)
                if words
                else Condition(
                    "tokens", (self.reader.length,), "int32", lambda num: self.reader.tokens(examples(range(num)))
                )
            ]
        self._check_samples()

    @property
    def names(self):
        """Names of the signatures that this generator has."""
        png = self.is_image and self.sample_shape[-1] in PNG_CHANNELS
        return (SERVING, SAMPLE, SAMPLE_PNG) if png else (SERVING, SAMPLE)

    def function(self, name, batch_size=None, generator=None):
        """Returns a signature as a function of named tensors, with its specs.

        Args:
            name: one of `names`.
            batch_size: int, or None for a free one. Default None.
            generator: what stands for the generator, such as the result of `rewritten`. Default: the generator.

        Returns:
            (function, list of `tf.TensorSpec`); the function gives a dict of named tensors.
        """
        if name == SERVING:
            specs = [tf.TensorSpec((batch_size, self.latent_dim), tf.float32, "latents")]
        else:
            specs = [tf.TensorSpec((batch_size,), tf.int32, "seeds")]
        specs += [tf.TensorSpec((batch_size, *each.shape), each.dtype, each.name) for each in self.conditions]

        def answer(first, *conditions):
            latents = first if name == SERVING else sampling_latents(first, self.latent_dim)
            samples = self._rescaled(generator or self.generator, latents, self._read(conditions))
            return {"png_bytes": encode_pngs(samples)} if name == SAMPLE_PNG else {self.output: samples}

        return with_arguments(answer, [spec.name for spec in specs]), specs

    def inputs(self, name, seeds):
        """Returns NumPy inputs of a signature for some seeds; conditions are examples of theirs.

        Args:
            name: one of `names`.
            seeds: int32 array (num,).
        """
        seeds = np.asarray(seeds, np.int32)
        first = {"latents": sampling_latents(seeds, self.latent_dim).numpy()} if name == SERVING else {"seeds": seeds}
        return first | {each.name: each.example(len(seeds)) for each in self.conditions}

    def reference(self, seeds, name=SERVING):
        """Returns what Keras makes of some seeds: float32 (num, *sample_shape), images in [0, 1], in any signature."""
        latents, *conditions = map(tf.convert_to_tensor, self.inputs(SERVING, seeds).values())
        return self._rescaled(self.generator, latents, self._read(conditions)).numpy()

    def rewritten(self, eight_bits=False):
        """Returns what `function` takes for a generator that devices compute faster, and how many layers are others."""
        return rewritten(self.generator)

    def serving_model(self):
        """Returns `serving_default` as a functional `keras.Model`, for converters that take nothing else."""
        inputs = [keras.Input((self.latent_dim,), name="latents")]
        inputs += [keras.Input(each.shape, dtype=each.dtype, name=each.name) for each in self.conditions]
        samples = self.generator(inputs if self.conditions else inputs[0], training=False)
        if self.is_image:
            scale = 1 / (self.high - self.low)
            samples = keras.layers.Rescaling(scale, -self.low * scale, dtype="float32")(samples)
            samples = keras.layers.ReLU(max_value=1.0, dtype="float32")(samples)
        return keras.Model(inputs, {self.output: samples})

    def _some_labels(self, num):
        return (np.arange(num) % self.num_classes).astype(np.int32)

    def _read(self, conditions):
        pairs = zip(self.conditions, conditions, strict=True)
        return [each.read(value) if each.read else value for each, value in pairs]

    def _rescaled(self, network, latents, conditions):
        samples = network([latents, *conditions] if conditions else latents, training=False)
        if not self.is_image:
            return samples
        # Exactly what `zoo.images.to_uint8` divides by 255, so that pictures have the same pixels.
        return tf.clip_by_value((samples - self.low) / (self.high - self.low), 0.0, 1.0)

    def _raw(self, rows):
        latents, *conditions = map(tf.convert_to_tensor, self.inputs(SERVING, np.arange(16)).values())
        given = [part[:rows] for part in (latents, *self._read(conditions))]
        try:
            return np.asarray(self.generator(given if conditions else given[0], training=False))
        except tf.errors.InvalidArgumentError:
            if self.num_classes is None:
                raise
            raise ArgumentError(
                f"num_classes: received {self.num_classes}, expected the number of classes that the generator was "
                "built for: it has no such labels"
            ) from None

    def _check_samples(self):
        raw = self._raw(16)
        check_samples(raw, self._raw(1))
        span = self.high - self.low
        outside = float(((raw < self.low - 0.01 * span) | (raw > self.high + 0.01 * span)).mean())
        if self.is_image and outside > 0.01:
            raise ArgumentError(
                f"value_range: received ({self.low:g}, {self.high:g}), expected the range of the generator's images, "
                f"which lie in [{raw.min():.3g}, {raw.max():.3g}]: give value_range=(low, high)"
            )


def check_samples(raw, alone):
    """Raises ExportError unless samples are finite, and the first one is what it is alone.

    Args:
        raw: float array (num, ...), what a network gives.
        alone: likewise (1, ...), what it gives of the first input.
    """
    if not np.isfinite(raw).all():
        raise ExportError(
            f"generator: received one whose samples are not finite ({np.isnan(raw).mean():.0%} NaN), expected "
            "finite ones: go back to an earlier checkpoint"
        )
    apart = float(abs(alone[0] - raw[0]).max())
    if apart > 1e-3 * max(1.0, float(abs(raw).max())):
        raise ExportError(
            f"generator: received one whose sample changes by {apart:.2g} with its neighbours in the batch, "
            "expected each sample to stand alone: is batch normalisation called with training=True?"
        )


def with_arguments(function, names):
    """Returns a function of exactly these arguments: TensorFlow calls a signature's inputs as the function does."""

    def named(*values):
        return function(*values)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    named.__signature__ = inspect.Signature([inspect.Parameter(name, kind) for name in names])
    return named


def _check_inputs(network, num_classes, reader):
    if not isinstance(network, keras.Model) or not hasattr(network, "input_shape"):
        raise ArgumentError(
            f"model: received {network!r}, expected an AdversarialModel or a keras.Model that knows its shapes: wrap "
            "it as keras.Model(inputs, network(inputs)) with inputs = keras.Input(...)"
        )
    shapes = [tuple(tensor.shape) for tensor in inputs_of(network)]
    labelled = len(shapes) == 2 and len(shapes[1]) == 1
    if len(shapes[0]) != 2 or shapes[0][-1] is None or not (len(shapes) == 1 or labelled or reader):
        raise ArgumentError(
            f"model: received a generator with inputs of shape {shapes}, expected latents (batch, latent_dim), and "
            "after them at most labels (batch,)"
        )
    if None in network.output_shape[1:]:
        raise ArgumentError(f"model: received samples of shape {network.output_shape}, expected only the batch free")
    whole = isinstance(num_classes, numbers.Integral) and not isinstance(num_classes, bool) and num_classes >= 2
    if labelled and not whole:
        raise ArgumentError(f"num_classes: received {num_classes!r}, expected an integer, at least 2: it takes labels")
    if not labelled and num_classes is not None:
        raise ArgumentError(f"num_classes: received {num_classes!r}, expected None: the generator takes no labels")


def _checked_range(value_range):
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high or not np.isfinite(high - low):
        raise ArgumentError(f"value_range: received {value_range!r}, expected (low, high) such as (-1, 1) or (0, 1)")
    return low, high


def check_weights(network):
    """Raises ExportError unless all weights are finite."""
    for weight in network.weights:
        if not keras.backend.is_float_dtype(weight.dtype):
            continue
        values = np.asarray(keras.ops.cast(weight.value, "float32"))
        if not np.isfinite(values).all():
            raise ExportError(
                f"{weight.path}: received {int((~np.isfinite(values)).sum())} weights that are not finite, expected "
                "none: go back to an earlier checkpoint"
            )
