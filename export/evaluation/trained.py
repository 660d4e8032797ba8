"""Extractors that are trained on the reference itself, once, and kept in the cache."""

import keras
import numpy as np

from ...zoo.cache import building, cache_entry, digest, read_manifest
from .convnet import EPOCHS, LEAST_IMAGES, MOST_IMAGES, build_convnet, train_convnet
from .extractor import Extractor, hash_files, hash_weights

MODEL = "model.keras"
# Raised whenever the same data would give another network.
VERSION = 2


class TrainedExtractor(Extractor):
    """A small network that learned the reference itself.

    Args:
        name: str.
        model: `keras.Model` from `build_convnet`.
        values: dict of factor -> names of its values.
        accuracy: dict of head -> share of held-out images it reads right.
        data: str, fingerprint of what it learned.
    """

    def __init__(self, name, model, values, accuracy, data):
        self.name = name
        self.model = model
        self.values = values
        self.accuracy = accuracy
        self.weights_hash = hash_weights([weight.numpy() for weight in model.weights])
        self.resizer = (
            "tf-bilinear-antialias" if any(isinstance(x, keras.layers.Resizing) for x in model.layers) else "none"
        )
        self.facts = {"trained_on": data, "held_out_accuracy": accuracy}

    def network(self, images):
        """Returns the features and the logits of every head."""
        return self.model(images, training=False)


def learned(name, source, heads, batches, check, cache_dir=None, title=None, lesson=()):
    """Trains an extractor, or takes it from the cache.

    Args:
        name: str.
        source: the reference.
        heads: dict of name -> number of values.
        batches: callable (epoch, batch size) -> iterator of (uint8 images, dict of head -> int labels).
        check: callable (model) -> dict of head -> accuracy on held-out images.
        cache_dir: str or None.
        title: bool-like, whether progress is shown.
        lesson: sequence, whatever else the network hangs on.

    Returns:
        (model, dict of accuracies).
    """
    entry = cache_entry(cache_dir, "extractors", name, name, source.fingerprint)
    inputs = digest([VERSION, keras.__version__, EPOCHS, LEAST_IMAGES, MOST_IMAGES, *lesson], heads)
    known = read_manifest(entry, inputs)
    # A file may be damaged though its size is right.
    if known is not None and hash_files([entry / MODEL]) == known["hash"]:
        return keras.saving.load_model(entry / MODEL, compile=False), known["accuracy"]
    model = build_convnet(source.shape, heads)
    train_convnet(model, batches, len(source), f"training the {name} extractor" if title else None)
    accuracy = check(model)
    with building(entry, inputs) as (folder, known):
        model.save(folder / MODEL)
        known |= {"accuracy": accuracy, "hash": hash_files([folder / MODEL])}
    return model, accuracy


def accuracy(logits, labels):
    """Returns the share of rows whose largest logit is the label's."""
    return round(float(np.mean(logits.argmax(1) == labels)), 4)
