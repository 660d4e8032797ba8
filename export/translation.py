"""What an exported translator answers to: pictures of one domain in, pictures of the other out.

| signature | takes | gives |
| --- | --- | --- |
| `translate_xy` | `images` (batch, height, width, channels) float32 in [0, 1] | `images`, likewise |
| `translate_xy_uint8` | `images` (batch, height, width, channels) uint8 | `images`, likewise |
| `translate_xy_bytes` | `image_bytes` (batch,) string, each a PNG or JPEG file | `png_bytes` (batch,) string |

`translate_yx` is the other way, where the model has it; `serving_default` is `translate_xy`. In a SavedModel the size
is free: what the network's strides do not divide is padded by reflection and cut off again, as `model.translate` does.
"""

import functools

import keras
import numpy as np
import tensorflow as tf

from ..zoo.errors import ArgumentError
from ..zoo.images import from_uint8, to_uint8
from ..zoo.text import TextModel
from ..zoo.translation import TranslationModel
from .graph import any_size, decode_images, encode_pngs
from .precision import in_float32
from .rewriting import rewritten
from .signatures import (
    PNG_CHANNELS,
    SERVING,
    ExportError,
    Signatures,
    check_samples,
    check_weights,
    with_arguments,
)
from .texts import TextSignatures

FLOAT, UINT8, BYTES = "", "_uint8", "_bytes"
OTHER = {"x": "y", "y": "x"}
# Pictures that a decoder gives, grey, RGB, RGBA; JPEG files have no alpha.
READ_CHANNELS = (1, 3, 4)


def signatures_of(
    model, value_range=(-1.0, 1.0), num_classes=None, words=False, to=None, pictures=None, source="images"
):  # fmt: skip
    """Returns what a model answers to once it is exported.

    Args:
        model: a `TranslationModel`, a `TextModel`, or what `Signatures` takes.
        value_range, num_classes: of `Signatures`; a translator's pictures lie in [-1, 1], and texts have none.
        words: bool, whether texts go in and come out as strings; without it as token ids. Default False.
        to, pictures, source: of `TranslationSignatures`; no use to other generators.

    Returns:
        `TranslationSignatures`, `TextSignatures` or `Signatures`.

    Raises:
        ArgumentError: a model that cannot be exported, or an argument that it has no use for.
    """
    other_range = None if value_range in ((-1, 1), [-1, 1]) else value_range
    if isinstance(model, TranslationModel):
        _refuse("a model that translates", value_range=other_range, num_classes=num_classes)
        return TranslationSignatures(model, to, pictures, source)
    _refuse("a model that does not translate", to=to, calibration=pictures)
    if isinstance(model, TextModel):
        _refuse("a model of texts", value_range=other_range, num_classes=num_classes)
        return TextSignatures(model, words)
    return Signatures(model, value_range, num_classes, words)


class TranslationSignatures:
    """A translator's networks in float32, and the functions by which they are asked; the attributes of `Signatures`.

    When to use it: the exporters make one; make your own to write a further format.

    Args:
        model: a `TranslationModel`, whose averaged generators are taken.
        to: "x" or "y", to have this direction alone, or None for all that there are. Default None.
        pictures: dict "x" or "y" -> pictures of the domain, uint8 (num, height, width, channels) or float in [-1, 1],
            to compare and to calibrate on; one array is of x. Of a domain without any, smooth random ones are made.
        source: str, name of inputs of pictures, where a format cannot have one of the output's name. Default "images".

    Attributes:
        networks: dict "y", "x" -> `keras.Model` in float32, into this domain.

    Raises:
        ArgumentError: a direction that there is not, pictures of another size, networks that are for no size.
        ExportError: weights or pictures that are not finite, or pictures that depend on their neighbours in the batch.
    """

    output = "images"
    reader = num_classes = None
    # A translation costs as much as hundreds of samples of latents.
    seeds = np.arange(8, dtype=np.int32)
    calibration_seeds = np.arange(8, 136, dtype=np.int32)
    program = "translate.py"

    def __init__(self, model, to=None, pictures=None, source="images"):
        if to is not None and to not in model.directions:
            raise ArgumentError(f"to: received {to!r}, expected one of {list(model.directions)}")
        self.source = source
        self.networks = {to: model.translator(to) for to in ([to] if to else model.directions)}
        for to, network in self.networks.items():
            if None in network.input_shape[1:]:
                raise ArgumentError(
                    f"model: received a network for pictures of {network.input_shape[1:]}, expected one size: build it "
                    "for that of training"
                )
            check_weights(network)
            self.networks[to] = in_float32(network)
        self._pictures = _checked_pictures(pictures, self.networks)
        self._any_size = functools.cache(lambda to: any_size(self.networks[to]))
        first, *_ = self.networks
        self._asked = {SERVING: (first, FLOAT)}
        for to, network in self.networks.items():
            files = network.input_shape[-1] in READ_CHANNELS and network.output_shape[-1] in PNG_CHANNELS
            for form in (FLOAT, UINT8, BYTES) if files else (FLOAT, UINT8):
                self._asked[f"translate_{OTHER[to]}{to}{form}"] = to, form
            self._check_translations(to)

    @property
    def names(self):
        """Names of the signatures that this model has."""
        return tuple(self._asked)

    @property
    def compared(self):
        """Names of the signatures of floats."""
        return tuple(name for name, (_, form) in self._asked.items() if form == FLOAT)

    @property
    def converted(self):
        """Names of the signatures of floats, each network once."""
        return self.compared[1:]

    @property
    def aliases(self):
        """The name that every file has."""
        return {SERVING: self.converted[0]}

    @property
    def rounded(self):
        """Dict from a signature of whole grey levels to that of floats."""
        return {name: name.removesuffix(form) for name, (_, form) in self._asked.items() if form != FLOAT}

    def function(self, name, batch_size=None, networks=None):
        """Returns a signature as a function of one named tensor, with its specs.

        Args:
            name: one of `names`.
            batch_size: int, for pictures of the network's own size, or None for a free batch of any size. Default None.
            networks: what stands for the networks, such as the result of `rewritten`. Default: the networks.

        Returns:
            (function, list of `tf.TensorSpec`); the function gives a dict of one named tensor.
        """
        to, form = self._asked[name]
        network = (networks or self.networks)[to]
        height, width, channels = network.input_shape[1:]
        translate = functools.partial(network, training=False) if batch_size else self._any_size(to)
        shape = (batch_size, height, width, channels) if batch_size else (None, None, None, channels)
        spec = {
            FLOAT: tf.TensorSpec(shape, tf.float32, self.source),
            UINT8: tf.TensorSpec(shape, tf.uint8, self.source),
            BYTES: tf.TensorSpec((batch_size,), tf.string, "image_bytes"),
        }[form]

        def answer(given):
            given = decode_images(given, channels) if form == BYTES else given
            images = _rescaled(translate(2.0 * given - 1.0 if form == FLOAT else from_uint8(given)))
            if form == BYTES:
                return {"png_bytes": encode_pngs(images)}
            return {"images": tf.cast(tf.round(255.0 * images), tf.uint8) if form == UINT8 else images}

        return with_arguments(answer, [spec.name]), [spec]

    def inputs(self, name, seeds):
        """Returns NumPy inputs of a signature: a picture for each seed.

        Args:
            name: one of `names`.
            seeds: int array (num,).
        """
        to, form = self._asked[name]
        pixels = self._examples(to, seeds)
        if form == BYTES:
            return {"image_bytes": encode_pngs(pixels / np.float32(255)).numpy().astype("S")}
        return {self.source: pixels if form == UINT8 else pixels / np.float32(255)}

    def reference(self, seeds, name=SERVING):
        """Returns what Keras makes of the pictures of some seeds: float32 (num, height, width, channels) in [0, 1]."""
        to, _ = self._asked[name]
        return _rescaled(self.networks[to](from_uint8(self._examples(to, seeds)), training=False)).numpy()

    def rewritten(self, eight_bits=False):
        """Returns what `function` takes for networks that devices compute faster, and how many layers are others."""
        seeds = self.calibration_seeds[: 8 * eight_bits]
        examples = {to: [np.asarray(from_uint8(image)) for image in self._examples(to, seeds)] for to in self.networks}
        both = {to: rewritten(network, examples[to]) for to, network in self.networks.items()}
        return {to: network for to, (network, _) in both.items()}, sum(count for _, count in both.values())

    def serving_model(self):
        """Returns `serving_default` as a functional `keras.Model`, for converters that take nothing else."""
        network = self.networks[self._asked[SERVING][0]]
        images = keras.Input(network.input_shape[1:], name=self.source)
        translated = network(keras.layers.Rescaling(2.0, -1.0, dtype="float32")(images), training=False)
        translated = keras.layers.Rescaling(0.5, 0.5, dtype="float32")(translated)
        return keras.Model([images], {"images": keras.layers.ReLU(max_value=1.0, dtype="float32")(translated)})

    def _examples(self, to, seeds):
        shape, given = self.networks[to].input_shape[1:], self._pictures.get(OTHER[to])
        if given is None:
            return np.array([smooth_picture(shape, seed) for seed in seeds])
        order = np.random.default_rng(0).permutation(len(given))
        pictures = np.array([given[row] for row in order[np.asarray(seeds) % len(order)]])
        return pictures if pictures.dtype == np.uint8 else to_uint8(pictures)

    def _check_translations(self, to):
        pictures = from_uint8(self._examples(to, self.seeds[:4]))
        raw, alone = (np.asarray(self.networks[to](pictures[:rows], training=False)) for rows in (4, 1))
        check_samples(raw, alone)
        if (abs(raw) > 1.02).mean() > 0.01:
            raise ExportError(
                f"generator: received one whose pictures lie in [{raw.min():.3g}, {raw.max():.3g}], expected [-1, 1]: "
                "end it in tanh"
            )


def smooth_picture(shape, seed):
    """Returns a picture of soft blots that reach from black to white, the same for the same seed.

    Args:
        shape: (height, width, channels).
        seed: int >= 0; it also says how fine the blots are.

    Returns:
        uint8 array.
    """
    cells = 2 + int(seed) % 7
    blots = np.random.default_rng(int(seed)).uniform(-0.25, 1.25, (cells, cells, shape[-1]))
    return np.rint(255 * np.clip(tf.image.resize(blots, shape[:2], "bicubic"), 0, 1)).astype(np.uint8)


def _rescaled(images):
    # Exactly what `zoo.images.to_uint8` divides by 255, so that pictures have the same pixels.
    return tf.clip_by_value((images + 1.0) / 2.0, 0.0, 1.0)


def _refuse(model, **arguments):
    for name, given in arguments.items():
        if given is not None:
            told = f"a {type(given).__name__}" if name == "calibration" else repr(given)
            raise ArgumentError(f"{name}: received {told} beside {model}, expected none: leave it out")


def _checked_pictures(pictures, networks):
    given = {} if pictures is None else pictures if isinstance(pictures, dict) else {"x": pictures}
    shapes = {OTHER[to]: tuple(network.input_shape[1:]) for to, network in networks.items()}
    for domain, images in given.items():
        shape, kind = getattr(images, "shape", ()), getattr(images, "dtype", None)
        fits = domain in shapes and len(images) and shape[1:] == shapes[domain]
        if not fits or kind != np.uint8 and (kind != np.float32 or abs(images).max() > 1.01):
            raise ArgumentError(
                f"calibration: received pictures of {domain!r} of {kind} and shape {tuple(shape)}, expected uint8, or "
                f"float32 in [-1, 1], of shape (num, *shape) with the shapes {shapes}: cut or resize them"
            )
    return given
