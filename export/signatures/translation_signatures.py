"""Signatures of image translation models: images of one domain in, images of the other one out.

| signature | inputs | outputs |
| --- | --- | --- |
| `translate_xy` | `images` (batch, height, width, channels) float32 in [0, 1] | `images`, likewise |
| `translate_xy_uint8` | `images` (batch, height, width, channels) uint8 | `images`, likewise |
| `translate_xy_bytes` | `image_bytes` (batch,) string, one PNG or JPEG file each | `png_bytes` (batch,) string |

`translate_yx` is the opposite direction, where the model has it; `serving_default` is `translate_xy`. In a SavedModel
the size is free: sizes that the network's strides do not divide are padded by reflection and cropped afterwards, as
`model.translate` does.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from ...zoo.core.image_scaling import from_uint8, to_uint8
from ...zoo.errors import ArgumentError
from ..exporters.export_errors import ExportError
from ..rewriting.float32 import to_float32
from ..rewriting.rewrite import rewrite_generator
from .generator_checks import check_samples, check_weights
from .image_ops import any_size, decode_images, encode_pngs
from .image_signatures import PNG_CHANNELS
from .model_signatures import SERVING, ModelSignatures

FLOAT, UINT8, BYTES = "", "_uint8", "_bytes"
OTHER_DOMAIN = {"x": "y", "y": "x"}
# The channels that image files are decoded to: gray, RGB, RGBA; JPEG files have no alpha.
DECODED_CHANNELS = (1, 3, 4)


class TranslationSignatures(ModelSignatures):
    """The networks of an image translation model in float32, and the signatures that run them.

    When to use it: the exporters create one; create your own to write another format.

    Args:
        model: an `ImageTranslationGAN`, whose EMA generators are used.
        to: "x" or "y", the only target domain, or None for all directions of the model. Default None.
        calibration: dict of "x" or "y" -> images of the domain, uint8 (num_samples, height, width, channels) or float32
            in [-1, 1], on which files are compared and calibrated; a single array is of domain x. Default: smooth
            random images.
        source: str, name of the image input, for formats in which it must differ from the output's. Default "images".

    Attributes:
        networks: dict of "y", "x" -> `keras.Model` in float32, into this domain.
        calibration_seeds: int32 array, seeds of the examples on which int8 ranges are measured.

    Raises:
        ArgumentError: a direction that the model lacks, images of another size, or networks without a fixed size.
        ExportError: weights or images that are not finite, or images that depend on the other rows of their batch.
    """

    output = "images"
    # A translation costs as much as hundreds of samples from latents.
    seeds = np.arange(8, dtype=np.int32)
    calibration_seeds = np.arange(8, 136, dtype=np.int32)
    program = "translate.py"

    def __init__(self, model, to=None, calibration=None, source="images"):
        if to is not None and to not in model.directions:
            raise ArgumentError(f"to: received {to!r}, expected one of {list(model.directions)}")
        self.source = source
        self.networks = {to: model.translator(to) for to in ([to] if to else model.directions)}
        for to, network in self.networks.items():
            if None in network.input_shape[1:]:
                raise ArgumentError(
                    f"model: received a network for images of {network.input_shape[1:]}, expected a fixed size: build "
                    "it for the training size"
                )
            check_weights(network)
            self.networks[to] = to_float32(network)
        self._calibration = _checked_calibration(calibration, self.networks)
        self._any_size = functools.cache(lambda to: any_size(self.networks[to]))
        first, *_ = self.networks
        # Signature -> (target domain, form of the images).
        self._forms = {SERVING: (first, FLOAT)}
        for to, network in self.networks.items():
            has_files = network.input_shape[-1] in DECODED_CHANNELS and network.output_shape[-1] in PNG_CHANNELS
            for form in (FLOAT, UINT8, BYTES) if has_files else (FLOAT, UINT8):
                self._forms[f"translate_{OTHER_DOMAIN[to]}{to}{form}"] = to, form
            self._check_translations(to)

    @property
    def names(self):
        """The signatures of this model."""
        return tuple(self._forms)

    @property
    def compared(self):
        """The signatures of float images."""
        return tuple(name for name, (_, form) in self._forms.items() if form == FLOAT)

    @property
    def converted(self):
        """The signatures of float images, one per network."""
        return self.compared[1:]

    @property
    def aliases(self):
        """`serving_default`, which every file has, as the name of the first direction."""
        return {SERVING: self.converted[0]}

    @property
    def rounded(self):
        """Dict of a signature of 256 gray levels -> the signature of float images that it rounds."""
        return {name: name.removesuffix(form) for name, (_, form) in self._forms.items() if form != FLOAT}

    def input_specs(self, name, batch_size):
        """Returns the list of `tf.TensorSpec`: the network's own size for a fixed batch, any size for a free one."""
        to, form = self._forms[name]
        height, width, channels = self.networks[to].input_shape[1:]
        shape = (batch_size, height, width, channels) if batch_size else (None, None, None, channels)
        return [
            {
                FLOAT: tf.TensorSpec(shape, tf.float32, self.source),
                UINT8: tf.TensorSpec(shape, tf.uint8, self.source),
                BYTES: tf.TensorSpec((batch_size,), tf.string, "image_bytes"),
            }[form]
        ]

    def output_function(self, name, batch_size, network=None):
        """Returns the function from a signature's input tensor to a dict of one output tensor.

        Args:
            name: str, one of `names`.
            batch_size: int >= 1, or None for images of any size.
            network: dict of target domain -> network, or None for the model's own; not used for images of any size.
        """
        to, form = self._forms[name]
        network = (self.networks if network is None else network)[to]
        channels = network.input_shape[-1]
        translate = functools.partial(network, training=False) if batch_size else self._any_size(to)

        def outputs(inputs):
            inputs = decode_images(inputs, channels) if form == BYTES else inputs
            images = _rescaled(translate(2.0 * inputs - 1.0 if form == FLOAT else from_uint8(inputs)))
            if form == BYTES:
                return {"png_bytes": encode_pngs(images)}
            return {"images": tf.cast(tf.round(255.0 * images), tf.uint8) if form == UINT8 else images}

        return outputs

    def inputs(self, name, seeds):
        """Returns a dict of NumPy inputs of a signature: one image per seed.

        Args:
            name: str, one of `names`.
            seeds: int array (num_samples,).
        """
        to, form = self._forms[name]
        pixels = self._example_images(to, seeds)
        if form == BYTES:
            return {"image_bytes": encode_pngs(pixels / np.float32(255)).numpy().astype("S")}
        return {self.source: pixels if form == UINT8 else pixels / np.float32(255)}

    def reference(self, seeds, name=SERVING):
        """Returns the translations that Keras computes for the images of seeds.

        Args:
            seeds: int array (num_samples,).
            name: str, one of `names`.

        Returns:
            float32 array (num_samples, height, width, channels) in [0, 1].
        """
        to, _ = self._forms[name]
        images = from_uint8(self._example_images(to, seeds))
        return _rescaled(self.networks[to](images, training=False)).numpy()

    def rewrite_generator(self, int8=False):
        """Returns (networks for `function` that run faster on devices, number of rewritten layers)."""
        seeds = self.calibration_seeds[: 8 * int8]
        rewritten = {}
        for to, network in self.networks.items():
            examples = [np.asarray(from_uint8(image)) for image in self._example_images(to, seeds)]
            rewritten[to] = rewrite_generator(network, examples)
        return {to: network for to, (network, _) in rewritten.items()}, sum(count for _, count in rewritten.values())

    def serving_model(self):
        """Returns `serving_default` as a functional `keras.Model`, for converters that accept nothing else."""
        network = self.networks[self._forms[SERVING][0]]
        images = keras.Input(network.input_shape[1:], name=self.source)
        translated = network(keras.layers.Rescaling(2.0, -1.0, dtype="float32")(images), training=False)
        translated = keras.layers.Rescaling(0.5, 0.5, dtype="float32")(translated)
        return keras.Model([images], {"images": keras.layers.ReLU(max_value=1.0, dtype="float32")(translated)})

    def _example_images(self, to, seeds):
        shape, calibration = self.networks[to].input_shape[1:], self._calibration.get(OTHER_DOMAIN[to])
        if calibration is None:
            return np.array([smooth_image(shape, seed) for seed in seeds])
        order = np.random.default_rng(0).permutation(len(calibration))
        images = np.array([calibration[row] for row in order[np.asarray(seeds) % len(order)]])
        return images if images.dtype == np.uint8 else to_uint8(images)

    def _check_translations(self, to):
        images = from_uint8(self._example_images(to, self.seeds[:4]))
        batched, single = (np.asarray(self.networks[to](images[:rows], training=False)) for rows in (4, 1))
        check_samples(batched, single)
        if (abs(batched) > 1.02).mean() > 0.01:
            raise ExportError(
                f"generator: received one whose images lie in [{batched.min():.3g}, {batched.max():.3g}], expected "
                "[-1, 1]: end it in tanh"
            )


def smooth_image(shape, seed):
    """Returns an image of smooth blobs that cover the range from black to white; equal seeds yield equal images.

    Args:
        shape: (height, width, channels).
        seed: int >= 0; it also determines the size of the blobs.

    Returns:
        uint8 array (height, width, channels).
    """
    cells = 2 + int(seed) % 7
    blobs = np.random.default_rng(int(seed)).uniform(-0.25, 1.25, (cells, cells, shape[-1]))
    return np.rint(255 * np.clip(tf.image.resize(blobs, shape[:2], "bicubic"), 0, 1)).astype(np.uint8)


def _rescaled(images):
    # The same operations as in `to_uint8` before its factor of 255, so that both yield the same pixels.
    return tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)


def _checked_calibration(calibration, networks):
    domains = {} if calibration is None else calibration if isinstance(calibration, dict) else {"x": calibration}
    shapes = {OTHER_DOMAIN[to]: tuple(network.input_shape[1:]) for to, network in networks.items()}
    for domain, images in domains.items():
        shape, dtype = getattr(images, "shape", ()), getattr(images, "dtype", None)
        fits = domain in shapes and len(images) and shape[1:] == shapes[domain]
        if not fits or dtype != np.uint8 and (dtype != np.float32 or abs(images).max() > 1.01):
            raise ArgumentError(
                f"calibration: received images of {domain!r} of {dtype} and shape {tuple(shape)}, expected uint8, or "
                f"float32 in [-1, 1], of shape (num_samples, *shape) with the shapes {shapes}: crop or resize them"
            )
    return domains
