"""Inception, as TensorFlow GAN uses it: the features of the published FID."""

import hashlib
import os
import tempfile
import warnings

import tensorflow as tf

from ....zoo.connection import reachable
from ..extractor import Extractor, ExtractorError, first_line
from .model import load_saved_model

HANDLE = "https://tfhub.dev/tensorflow/tfgan/eval/inception/1"
FEATURES, LOGITS = "pool_3", "logits"
RESOLUTION = 299


def make_inception(argument, source, cache_dir=None, title=None):
    """Takes TF-GAN's Inception from TensorFlow Hub, from its cache, or from a folder.

    When to use it: for numbers that stand beside published ones. It was trained on photographs: of digits and drawings
    it sees little, and on a CPU it reads about ten images a second.

    Args:
        argument: str: the folder of a SavedModel with the outputs `pool_3` and `logits`, or another TF-Hub handle, or
            empty for TF-GAN's own handle, which `TFHUB_CACHE_DIR` may hold already.
        source: the reference.

    Raises:
        ExtractorError: it is not here and the network does not answer, or the SavedModel is another one.
    """
    handle = argument or HANDLE
    path = handle if os.path.isdir(handle) else _from_hub(handle)
    extractor = InceptionExtractor(path, handle)
    if source.shape[-1] == 1:
        extractor.warnings = [
            "inception: learned colour photographs, and fits grey images badly: prefer --extractor auto"
        ]
    return extractor


class InceptionExtractor(Extractor):
    """`pool_3` and `logits` of images resized to 299x299 as TF-GAN does it: bilinear, not antialiased; grey is tiled.

    Args:
        path: str, the folder of the SavedModel.
        handle: str, how it was called.
    """

    name = "inception"
    layer = FEATURES
    resizer = f"tf-bilinear-{RESOLUTION}"
    batch_size = 32

    def __init__(self, path, handle):
        self.module, self.call, self.weights_hash = load_saved_model(path)
        self.facts = {"handle": handle}
        self.values = {}

    def network(self, images):
        """Returns features and class logits."""
        if images.shape[-1] == 1:
            images = tf.repeat(images, 3, axis=-1)
        outputs = self.call(tf.image.resize(images, (RESOLUTION, RESOLUTION), "bilinear"))
        missing = {FEATURES, LOGITS} - set(outputs if isinstance(outputs, dict) else ())
        if missing:
            raise ExtractorError(
                f"inception: received a SavedModel without the outputs {sorted(missing)}, expected TF-GAN's: {HANDLE}"
            )
        size = images.shape[0]
        return {"features": tf.reshape(outputs[FEATURES], (size, -1)), "label": tf.reshape(outputs[LOGITS], (size, -1))}


def _from_hub(handle):
    if not handle.startswith(("https://", "http://", "gs://")):
        raise ExtractorError(
            f"extractor: received 'inception:{handle}', expected inception, inception:FOLDER of a SavedModel, or "
            "inception:HANDLE of TensorFlow Hub"
        )
    home = os.environ.get("TFHUB_CACHE_DIR") or os.path.join(tempfile.gettempdir(), "tfhub_modules")
    kept = os.path.join(home, hashlib.sha1(handle.encode()).hexdigest())
    # As TensorFlow Hub has it: an empty folder is a download that never ended.
    if os.path.isdir(kept) and os.listdir(kept):
        return kept
    cure = (
        f"fetch {handle} where there is a network, unpack it and give the folder: --extractor inception:FOLDER; or set "
        "TFHUB_CACHE_DIR to a cache that holds it; or take --extractor classifier or rotation, which need no download"
    )
    if not reachable([handle]):
        raise ExtractorError(
            f"inception: it is not in {home} and the network does not answer, expected one of them: {cure}"
        )
    with warnings.catch_warnings():
        # Of what it imports from setuptools, which no user of ours can mend.
        warnings.simplefilter("ignore")
        import tensorflow_hub

    try:
        return tensorflow_hub.resolve(handle)
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ExtractorError(
            f"inception: cannot be fetched ({first_line(error)}), expected a download: {cure}"
        ) from None
