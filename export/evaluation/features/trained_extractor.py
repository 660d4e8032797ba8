"""Extractors that are trained on the reference itself, once, and cached."""

import keras
import numpy as np

from ....zoo.core.cache import building, cache_entry, digest, read_manifest
from .convnet import EPOCHS, MAX_IMAGES, MIN_IMAGES, build_convnet, train_convnet
from .extractor import Extractor, hash_files, hash_weights

MODEL = "model.keras"
# Part of the cache key: increase it when the same data would give another network.
VERSION = 2


class TrainedExtractor(Extractor):
    """A small network trained on the reference.

    Args:
        name: str.
        model: `keras.Model` from `build_convnet`.
        values: dict of factor -> names of its values.
        accuracy: dict of head -> accuracy on held-out images.
        data: str, fingerprint of the training data.
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


def load_or_train(name, source, heads, batches, check, cache_dir=None, title=None, settings=()):
    """Loads an extractor from the cache, or trains and caches it.

    Args:
        name: str.
        source: the reference.
        heads: dict of name -> number of values.
        batches: callable (epoch, batch size) -> iterator of (uint8 images, dict of head -> int labels).
        check: callable (model) -> dict of head -> accuracy on held-out images.
        cache_dir: str or None.
        title: bool-like, whether progress is shown.
        settings: sequence, further settings that the network depends on; part of the cache key.

    Returns:
        (model, dict of accuracies).
    """
    entry = cache_entry(cache_dir, "extractors", name, name, source.fingerprint)
    inputs = digest([VERSION, keras.__version__, EPOCHS, MIN_IMAGES, MAX_IMAGES, *settings], heads)
    manifest = read_manifest(entry, inputs)
    # A file of the right size may still be damaged.
    if manifest is not None and hash_files([entry / MODEL]) == manifest["hash"]:
        return keras.saving.load_model(entry / MODEL, compile=False), manifest["accuracy"]
    model = build_convnet(source.shape, heads)
    train_convnet(model, batches, len(source), f"training the {name} extractor" if title else None)
    head_accuracy = check(model)
    with building(entry, inputs) as (folder, manifest):
        model.save(folder / MODEL)
        manifest |= {"accuracy": head_accuracy, "hash": hash_files([folder / MODEL])}
    return model, head_accuracy


def training_facts(source, tested_on, tested_split="held out"):
    """Returns what an extractor was trained and tested on, for reports.

    Args:
        source: the reference.
        tested_on: int, the number of images that its accuracy is measured on.
        tested_split: str, "held out", or "train" if there are no other images.
    """
    # Two domains are joined from at most a number of images of each.
    available = getattr(source, "available", len(source))
    return {"images": len(source), "available": available, "tested_on": tested_on, "tested_split": tested_split}


def accuracy(logits, labels):
    """Returns the share of rows whose largest logit is that of the label, rounded to 4 digits."""
    return round(float(np.mean(logits.argmax(1) == labels)), 4)
