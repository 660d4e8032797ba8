"""Data sources by name: one file per kind of source.

`load("digits")`, `load("idx:DIR")`: the word before the colon names the file in `sources/` that reads the data, with
its function `load_KIND(argument, resolution, **options)`. A new kind of source needs a new file and nothing else.
"""

import importlib
import inspect
import os
from pathlib import Path
from typing import Any

import numpy as np

from ...zoo.networks.resolutions import DATA
from ...zoo.registry import nearest
from .data_error import DataError
from .image_source import ImageSource
from .images.from_memory import from_arrays
from .images.from_tf_dataset import from_dataset
from .source_suggestions import suggest_source
from .text_source import TextSource
from .translation_source import TranslationSource

__all__ = ["DataError", "ImageSource", "TextSource", "TranslationSource", "kinds", "load", "options"]

SOURCES = Path(__file__).parent / "sources"


def kinds():
    """Returns the sorted list of the kinds of sources: the files in `sources/`."""
    return sorted(path.stem for path in SOURCES.glob("*.py") if path.stem != "__init__")


def _loader(source):
    kind = source.partition(":")[0]
    if kind not in kinds():
        raise DataError(
            f"data.source: received {source!r}, expected one of {kinds()}, or KIND:ARGUMENT"
            + suggest_source(source, kinds())
        )
    return getattr(importlib.import_module(f".sources.{kind}", __name__), f"load_{kind}")


def options(source):
    """Returns the options of a source besides `resolution`: dict of name -> default, from its loader's signature."""
    return _options_of(_loader(source))


def _options_of(loader):
    parameters = list(inspect.signature(loader).parameters.values())[2:]
    return {
        parameter.name: parameter.default for parameter in parameters if parameter.kind is not parameter.VAR_KEYWORD
    }


def load(source: Any, resolution: int | None = None, **arguments: Any) -> Any:
    """Loads a data source.

    Args:
        source: str such as "digits", "mixture:grid" or "idx:DIR"; or an array of images, or (images, labels); or a
            finite `tf.data.Dataset` of these, batched or not.
        resolution: int in [8, 128], or None for the source's own. Images are resized with antialiasing. Must be None
            for texts and points.
        **arguments: options of the source, see `options(source)`. Those of arrays are `labels`: numbers of classes,
            one-hot rows, or strings, which become class names; `class_names`; `value_range`: (low, high) of the
            pixels, by default [0, 255] of uint8 and [-1, 1] of floats. A dataset has `batched` in place of `labels`:
            whether its elements are batches, where their shapes leave that open.

    Returns:
        An `ImageSource`; a `TranslationSource` for `paired`, `unpaired` and `restyled`, which have two domains; a
        `TextSource` for `lines`, `oracle` and text datasets of `tfds`.

    Raises:
        DataError: an unknown source or option, or data that cannot be read. The one-line message says which, and how
            to fix it.

    Example:

    >>> load("digits", resolution=16)
    ImageSource('digits', 1618 + 179 held out, (16, 16, 1), 10 classes)
    """
    is_count = isinstance(resolution, int | np.integer) and not isinstance(resolution, bool)
    if resolution is not None and not (is_count and resolution in DATA):
        raise DataError(f"data.resolution: received {resolution!r}, expected {DATA}, the sizes that networks support")
    if isinstance(source, os.PathLike):
        source = os.fspath(source)
    if isinstance(source, str):
        defaults, label = options(source), repr(source)
    elif hasattr(source, "batches"):
        raise DataError(f"data.source: received {source!r}, expected its name or arrays: it is a source already")
    else:
        defaults, label = _options_of(from_arrays), "an array"
        if hasattr(source, "element_spec"):
            defaults, label = defaults | _options_of(from_dataset), "a tf.data.Dataset"
            defaults.pop("labels")
    for name in arguments:
        if name not in defaults:
            raise DataError(
                f"data.{name}: unknown option of {label}, expected one of {sorted(defaults)}" + nearest(name, defaults)
            )
    if isinstance(source, str):
        return _loader(source)(source.partition(":")[2], resolution, **arguments)
    if hasattr(source, "element_spec"):
        return from_dataset(source, resolution, **arguments)
    return from_arrays(source, resolution, **arguments)
