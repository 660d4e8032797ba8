"""What an exported generator answers to: the same names for every variant and every format.

| signature | takes | gives |
| --- | --- | --- |
| `serving_default` | `latents` (batch, latent_dim) float32 | `images` (batch, *shape) float32 in [0, 1] |
| `sample` | `seeds` (batch,) int32 | the same, seed s giving the image that `model.generate` makes of it |
| `sample_png` | `seeds` (batch,) int32 | `png_bytes` (batch,) string, each a PNG file |

A generator that takes labels has a second input `labels` (batch,) int32 everywhere. Samples that are no images keep
their values, are called `samples`, and have no PNGs.
"""

import keras
import numpy as np
import tensorflow as tf

from ..zoo.errors import ArgumentError
from ..zoo.latents import sampling_latents
from .precision import in_float32

SERVING = "serving_default"
SAMPLE = "sample"
SAMPLE_PNG = "sample_png"
# What PNG files can hold: grey, grey with alpha, RGB, RGBA.
PNG_CHANNELS = (1, 2, 3, 4)


class ExportError(RuntimeError):
    """An export that failed or did not hold what Keras gives; nothing of it is left on the disk."""


class Signatures:
    """A generator in float32, and the functions by which it is asked for samples.

    When to use it: the exporters make one; make your own to write a further format.

    Args:
        model: an `AdversarialModel`, whose averaged generator is taken, or a `keras.Model` that maps latents
            (batch, latent_dim), or [latents, labels (batch,)], to samples.
        value_range: (low, high) of the generator's images. Default (-1, 1).
        num_classes: int >= 2, where the generator takes labels. Default: the model's own.

    Raises:
        ArgumentError: inputs, a `value_range` or `num_classes` that do not fit the generator.
        ExportError: weights or samples that are not finite, or samples that depend on their neighbours in the batch.
    """

    def __init__(self, model, value_range=(-1.0, 1.0), num_classes=None):
        network = getattr(model, "averaged_generator", model)
        self.num_classes = num_classes or getattr(model, "num_classes", None)
        _check_inputs(network, self.num_classes)
        self.low, self.high = _checked_range(value_range)
        _check_weights(network)
        self.generator = in_float32(network)
        self.latent_dim = _shapes(network.input_shape)[0][-1]
        self.sample_shape = tuple(network.output_shape[1:])
        self.is_image = len(self.sample_shape) == 3
        self.output = "images" if self.is_image else "samples"
        self._check_samples()

    @property
    def takes_labels(self):
        """Whether the generator has a second input."""
        return self.num_classes is not None

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
            generator: a network that stands for the generator, such as a rewritten one. Default: the generator.

        Returns:
            (function, list of `tf.TensorSpec`); the function gives a dict of named tensors.
        """
        network = generator or self.generator
        if name == SERVING:
            specs = [tf.TensorSpec((batch_size, self.latent_dim), tf.float32, "latents")]

            def answer(latents, labels=None):
                return {self.output: self._rescaled(network, latents, labels)}

        else:
            specs = [tf.TensorSpec((batch_size,), tf.int32, "seeds")]

            def answer(seeds, labels=None):
                samples = self._rescaled(network, sampling_latents(seeds, self.latent_dim), labels)
                return {"png_bytes": encode_pngs(samples)} if name == SAMPLE_PNG else {self.output: samples}

        if not self.takes_labels:
            # The names of a signature's inputs are those of the function's arguments.
            one = (lambda latents: answer(latents)) if name == SERVING else (lambda seeds: answer(seeds))
            return one, specs
        return answer, [*specs, tf.TensorSpec((batch_size,), tf.int32, "labels")]

    def inputs(self, name, seeds):
        """Returns NumPy inputs of a signature for some seeds; labels go round the classes.

        Args:
            name: one of `names`.
            seeds: int32 array (num,).
        """
        seeds = np.asarray(seeds, np.int32)
        first = {"latents": sampling_latents(seeds, self.latent_dim).numpy()} if name == SERVING else {"seeds": seeds}
        labels = {"labels": (np.arange(len(seeds)) % self.num_classes).astype(np.int32)} if self.takes_labels else {}
        return first | labels

    def reference(self, seeds):
        """Returns what Keras makes of some seeds: float32 (num, *sample_shape), images in [0, 1]."""
        inputs = self.inputs(SERVING, seeds)
        return self._rescaled(self.generator, inputs["latents"], inputs.get("labels")).numpy()

    def serving_model(self):
        """Returns `serving_default` as a functional `keras.Model`, for converters that take nothing else."""
        inputs = [keras.Input((self.latent_dim,), name="latents")]
        if self.takes_labels:
            inputs.append(keras.Input((), dtype="int32", name="labels"))
        samples = self.generator(inputs if self.takes_labels else inputs[0], training=False)
        if self.is_image:
            scale = 1 / (self.high - self.low)
            samples = keras.layers.Rescaling(scale, -self.low * scale)(samples)
            samples = keras.layers.ReLU(max_value=1.0)(samples)
        return keras.Model(inputs, {self.output: samples})

    def _rescaled(self, network, latents, labels):
        samples = network(latents if labels is None else [latents, labels], training=False)
        if not self.is_image:
            return samples
        # Exactly what `zoo.images.to_uint8` divides by 255, so that pictures have the same pixels.
        return tf.clip_by_value((samples - self.low) / (self.high - self.low), 0.0, 1.0)

    def _check_samples(self):
        seeds = np.arange(16, dtype=np.int32)
        inputs = self.inputs(SERVING, seeds)
        given = [inputs["latents"], inputs["labels"]] if self.takes_labels else inputs["latents"]
        raw = np.asarray(self.generator(given, training=False))
        if not np.isfinite(raw).all():
            raise ExportError(
                f"generator: received one whose samples are not finite ({np.isnan(raw).mean():.0%} NaN), expected "
                "finite ones: go back to an earlier checkpoint"
            )
        alone = np.asarray(self.generator([part[:1] for part in given] if self.takes_labels else given[:1]))
        apart = float(abs(alone[0] - raw[0]).max())
        if apart > 1e-3 * max(1.0, float(abs(raw).max())):
            raise ExportError(
                f"generator: received one whose sample changes by {apart:.2g} with its neighbours in the batch, "
                "expected each sample to stand alone: is batch normalisation called with training=True?"
            )
        span = self.high - self.low
        outside = float(((raw < self.low - 0.01 * span) | (raw > self.high + 0.01 * span)).mean())
        if self.is_image and outside > 0.01:
            raise ArgumentError(
                f"value_range: received ({self.low:g}, {self.high:g}), expected the range of the generator's images, "
                f"which lie in [{raw.min():.3g}, {raw.max():.3g}]: give value_range=(low, high)"
            )


def encode_pngs(images):
    """Encodes float images (batch, height, width, channels) in [0, 1] as PNG files, a string each (in the graph)."""
    pixels = tf.cast(tf.round(images * 255.0), tf.uint8)
    return tf.map_fn(tf.io.encode_png, pixels, fn_output_signature=tf.TensorSpec((), tf.string))


def _shapes(shape):
    return shape if isinstance(shape, list) else [shape]


def _check_inputs(network, num_classes):
    if not isinstance(network, keras.Model) or not hasattr(network, "input_shape"):
        raise ArgumentError(
            f"model: received {network!r}, expected an AdversarialModel or a keras.Model that knows its shapes: wrap "
            "it as keras.Model(inputs, network(inputs)) with inputs = keras.Input(...)"
        )
    shapes = _shapes(network.input_shape)
    if len(shapes[0]) != 2 or shapes[0][-1] is None or len(shapes) > 2 or (len(shapes) == 2 and len(shapes[1]) != 1):
        raise ArgumentError(
            f"model: received a generator with inputs of shape {network.input_shape}, expected latents "
            "(batch, latent_dim), and after them at most labels (batch,)"
        )
    if None in network.output_shape[1:]:
        raise ArgumentError(f"model: received samples of shape {network.output_shape}, expected only the batch free")
    if (len(shapes) == 2) != (num_classes is not None):
        takes = "takes labels" if len(shapes) == 2 else "takes no labels"
        expected = "an integer, at least 2" if len(shapes) == 2 else "None"
        raise ArgumentError(f"num_classes: received {num_classes}, expected {expected}: the generator {takes}")


def _checked_range(value_range):
    try:
        low, high = (float(value) for value in value_range)
    except (TypeError, ValueError):
        low = high = 0.0
    if not low < high:
        raise ArgumentError(f"value_range: received {value_range!r}, expected (low, high) such as (-1, 1) or (0, 1)")
    return low, high


def _check_weights(network):
    for weight in network.weights:
        values = np.asarray(weight.value)
        if np.issubdtype(values.dtype, np.floating) and not np.isfinite(values).all():
            raise ExportError(
                f"{weight.path}: received {int((~np.isfinite(values)).sum())} weights that are not finite, expected "
                "none: go back to an earlier checkpoint"
            )
