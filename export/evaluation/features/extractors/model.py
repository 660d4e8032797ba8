"""The user's own feature extractor: a Keras model, a `.keras` file, or a SavedModel."""

import os
import zipfile
from pathlib import Path

import keras
import tensorflow as tf

from .....zoo.core.cache import digest
from .....zoo.core.keras_configs import unloadable_in_file
from .....zoo.core.user_paths import user_path
from .....zoo.errors import UserError
from ..extractor import Extractor, ExtractorError, first_line, hash_files, hash_weights


def make_model(argument, source, cache_dir=None, title=None):
    """Loads a user's model from a file.

    When to use it: for domain-specific features, such as those of a face recognition network. Its input is float32
    images in [-1, 1] at the reference's resolution; any other scaling belongs into the model.

    Args:
        argument: str, PATH or PATH#NAME: a `.keras` file and optionally a layer (default: the model's output), or the
            folder of a SavedModel and optionally an output (default: the one named `features`, else the only one).
        source: the reference.

    Raises:
        ExtractorError: a missing file, layer or output.
    """
    try:
        location = user_path(argument) if argument else ""
    except UserError as error:
        raise ExtractorError(f"extractor: {error}") from None
    # The name of a file may contain a #.
    path, layer = (location, "") if os.path.exists(location) else location.partition("#")[::2]
    if not path or not os.path.exists(path):
        raise ExtractorError(
            f"extractor: received 'model:{argument}', expected model:PATH of a .keras file or a SavedModel"
        )
    if os.path.isdir(path):
        return SavedModelExtractor(path, layer or None)
    try:
        model = keras.saving.load_model(path, compile=False)
    except (OSError, ValueError, TypeError, zipfile.BadZipFile) as error:
        reason = unloadable_in_file(path)
        if reason is not None:
            raise ExtractorError(f"extractor: received {path}, which cannot be loaded: {reason}") from None
        raise ExtractorError(
            f"extractor: received {path}, which is no Keras model ({first_line(error)}), expected a .keras file"
        ) from None
    return KerasExtractor(model, layer or None)


class KerasExtractor(Extractor):
    """Features of a Keras model.

    Args:
        model: `keras.Model`, float32 images (batch, height, width, channels) in [-1, 1] -> features (batch, ...).
        layer: str or None, the layer whose output is used. Default: the model's output.
    """

    def __init__(self, model, layer=None):
        if not isinstance(model, keras.Model) or not model.built:
            raise ExtractorError(
                f"extractor: received {type(model).__name__}, expected a name such as 'classifier', or a built "
                "Keras model: call it on images once"
            )
        names = [candidate.name for candidate in model.layers]
        if layer is not None and layer not in names:
            raise ExtractorError(f"extractor: received layer {layer!r} of {model.name}, expected one of {names}")
        self.model = model if layer is None else _up_to(model, layer)
        self.name = f"keras:{model.name}"
        self.layer = layer or "output"
        self.weights_hash = hash_weights([weight.numpy() for weight in self.model.weights])
        # The weights do not identify the model: a Rescaling layer has none, but changes the features.
        self.facts = {"architecture": _hash_architecture(self.model)}

    def network(self, images):
        """Returns the selected output as features."""
        return {"features": named_output(self.model(images, training=False), self.name)}


class SavedModelExtractor(Extractor):
    """Features of a SavedModel.

    Args:
        path: str, its folder.
        output: str or None, the name of the output that is used. Default: "features", or the only one.
    """

    def __init__(self, path, output=None):
        self.module, self.call, self.weights_hash = load_saved_model(path)
        self.name = f"saved_model:{os.path.basename(os.path.normpath(path))}"
        self.output = output
        self.layer = output or "features"

    def network(self, images):
        """Returns the selected output as features."""
        return {"features": named_output(self.call(images), self.name, self.output)}


def load_saved_model(path):
    """Loads a SavedModel.

    Returns:
        (module, callable of images, hash of its graph and weights); the module must be kept alive.

    Raises:
        ExtractorError: a folder without a SavedModel, or one that is not callable.
    """
    try:
        module = tf.saved_model.load(path)
    except (OSError, ValueError, tf.errors.OpError) as error:
        raise ExtractorError(
            f"extractor: received {path}, which is no SavedModel ({first_line(error)}), expected a folder with "
            "saved_model.pb"
        ) from None
    call = module if callable(module) else module.signatures.get("serving_default")
    if call is None:
        raise ExtractorError(
            f"extractor: received {path}, which is not callable, expected a SavedModel with the signature "
            "`serving_default`"
        )
    # The graph is hashed as well: converted models store their weights as constants of the graph.
    files = sorted(Path(path).glob("saved_model.pb*")) + sorted(Path(path).glob("variables/*"))
    return module, call, hash_files(files)


def named_output(outputs, owner, name=None):
    """Returns one tensor of a model's outputs, flattened to (batch, num_features)."""
    if isinstance(outputs, dict):
        selected = name or ("features" if "features" in outputs or len(outputs) > 1 else next(iter(outputs)))
        if selected not in outputs:
            raise ExtractorError(
                f"{owner}: received outputs {sorted(outputs)}, expected {selected!r}: select one with #NAME"
            )
        outputs = outputs[selected]
    elif name is not None:
        raise ExtractorError(f"{owner}: received #{name} for a model with one unnamed output, expected none")
    if isinstance(outputs, (list, tuple)):
        raise ExtractorError(f"{owner}: received {len(outputs)} unnamed outputs, expected one")
    outputs = tf.cast(outputs, tf.float32)
    return tf.reshape(outputs, (outputs.shape[0], -1))


def _up_to(model, layer):
    try:
        return keras.Model(model.inputs, model.get_layer(layer).output, name=model.name)
    except (AttributeError, ValueError) as error:
        raise ExtractorError(
            f"extractor: received layer {layer!r} of {model.name}, whose output is not part of its graph "
            f"({first_line(error)}), expected a functional or sequential model"
        ) from None


def _hash_architecture(model):
    try:
        return digest(keras.saving.serialize_keras_object(model)["config"])
    except (NotImplementedError, TypeError, ValueError):
        # A custom class without a config is identified by its name only.
        return type(model).__qualname__
