"""TF-GAN's Inception network: the features of the published FID."""

import hashlib
import os
import tempfile
import warnings

import tensorflow as tf

from .....zoo.core.connectivity import reachable
from .....zoo.core.user_paths import URL, user_path
from ..extractor import Extractor, ExtractorError, first_line
from .model import load_saved_model

HANDLE = "https://tfhub.dev/tensorflow/tfgan/eval/inception/1"
FEATURES, LOGITS = "pool_3", "logits"
RESOLUTION = 299


def make_inception(argument, source, cache_dir=None, title=None):
    """Loads TF-GAN's Inception network from TensorFlow Hub, from its cache, or from a folder.

    When to use it: for scores that are compared with published ones. It was trained on photographs: its features are
    weak for digits and drawings, and on a CPU it processes about ten images per second.

    Args:
        argument: str: the folder of a SavedModel with the outputs `pool_3` and `logits`, or another TF-Hub handle, or
            empty for TF-GAN's own handle, which may already be cached in `TFHUB_CACHE_DIR`.
        source: the reference.

    Raises:
        ExtractorError: it is not cached and cannot be downloaded, or the SavedModel lacks the outputs.
    """
    handle = argument or HANDLE
    folder = "" if URL.match(handle) else user_path(handle)
    path = folder if os.path.isdir(folder) else _from_hub(handle)
    extractor = InceptionExtractor(path, handle)
    if source.shape[-1] == 1:
        extractor.warnings = [
            "inception: trained on color photographs, poorly suited to gray images: prefer --extractor auto"
        ]
    return extractor


class InceptionExtractor(Extractor):
    """`pool_3` and `logits` of images resized to 299x299 as in TF-GAN: bilinear, not antialiased; gray is tiled.

    Args:
        path: str, the folder of the SavedModel.
        handle: str, the handle or folder it was loaded from.
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
        batch = images.shape[0]
        return {
            "features": tf.reshape(outputs[FEATURES], (batch, -1)),
            "label": tf.reshape(outputs[LOGITS], (batch, -1)),
        }


def _from_hub(handle):
    if not handle.startswith(("https://", "http://", "gs://")):
        raise ExtractorError(
            f"extractor: received 'inception:{handle}', expected inception, inception:FOLDER of a SavedModel, or "
            "inception:HANDLE of TensorFlow Hub"
        )
    cache = os.environ.get("TFHUB_CACHE_DIR") or os.path.join(tempfile.gettempdir(), "tfhub_modules")
    folder = os.path.join(cache, hashlib.sha1(handle.encode()).hexdigest())
    # As in TensorFlow Hub, an empty folder is an interrupted download.
    if os.path.isdir(folder) and os.listdir(folder):
        return folder
    fix = (
        f"download {handle} on a machine with network access, unpack it and pass the folder: --extractor "
        "inception:FOLDER; or set TFHUB_CACHE_DIR to a cache that contains it; or use --extractor classifier or "
        "rotation, which need no download"
    )
    if not reachable([handle]):
        raise ExtractorError(
            f"inception: received no copy in {cache} and no answer from the network, expected one of them: {fix}"
        )
    with warnings.catch_warnings():
        # A deprecation warning about its import of setuptools, on which a user has no influence.
        warnings.simplefilter("ignore")
        import tensorflow_hub

    try:
        return tensorflow_hub.resolve(handle)
    except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
        raise ExtractorError(
            f"inception: received a failed download ({first_line(error)}), expected the SavedModel: {fix}"
        ) from None
