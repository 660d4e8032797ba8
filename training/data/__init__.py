"""Data sources by name: one file per kind of source.

`load("digits")`, `load("idx:DIR")`: the word before the colon names the file in `sources/` that reads the data, with
its function `load_KIND(argument, resolution, **options)`. A new kind of source needs a new file and nothing else.
"""

import importlib
import inspect
from pathlib import Path

from ...zoo.registry import nearest
from .data_error import DataError
from .image_source import ImageSource, from_arrays, from_dataset
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
            f"data.source: received {source!r}, expected one of {kinds()}, or KIND:ARGUMENT" + nearest(kind, kinds())
        )
    return getattr(importlib.import_module(f".sources.{kind}", __name__), f"load_{kind}")


def options(source):
    """Returns the options of a source besides `resolution`: dict of name -> default, from its loader's signature."""
    parameters = list(inspect.signature(_loader(source)).parameters.values())[2:]
    return {parameter.name: parameter.default for parameter in parameters}


def load(source, resolution=None, **arguments):
    """Loads a data source.

    Args:
        source: str such as "digits", "mixture:grid" or "idx:DIR"; or an array of images (with `labels=` if there are
            labels); or a finite `tf.data.Dataset` of images or (images, labels), batched or not.
        resolution: int in [8, 128], or None for the source's own. Images are resized with antialiasing. Must be None
            for texts and points.
        **arguments: options of the source, see `options(source)`.

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
    if resolution is not None and not 8 <= resolution <= 128:
        raise DataError(f"data.resolution: received {resolution}, expected 8 to 128, the sizes that networks support")
    if isinstance(source, str):
        defaults = options(source)
        for name in arguments:
            if name not in defaults:
                raise DataError(
                    f"data.{name}: unknown option of {source!r}, expected one of {sorted(defaults)}"
                    + nearest(name, defaults)
                )
        return _loader(source)(source.partition(":")[2], resolution, **arguments)
    if hasattr(source, "element_spec"):
        return from_dataset(source, resolution, **arguments)
    return from_arrays(source, resolution, **arguments)
