"""Data by name: one file a kind of source.

`load("digits")`, `load("idx:DIR")`: the word before the colon is the file of this folder that reads it, by its
function `load_KIND(argument, resolution, **options)`. Adding a kind of source edits no table.
"""

import importlib
import inspect
from pathlib import Path

from ...zoo.registry import nearest
from .source import DataError, ImageSource, from_arrays, from_dataset
from .texts import TextSource
from .translation import TranslationSource

__all__ = ["DataError", "ImageSource", "TextSource", "TranslationSource", "kinds", "load", "options"]

FOLDER = Path(__file__).parent
FOUNDATION = {
    "__init__", "source", "pixels", "decoding", "downloads", "drawing", "fields", "listing", "pictures", "records",
    "rows", "sides", "texts", "translation",
}  # fmt: skip


def kinds():
    """Returns the kinds of sources: the files of this folder that read one."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in FOUNDATION)


def _loader(source):
    kind = source.partition(":")[0]
    if kind not in kinds():
        raise DataError(
            f"data.source: received {source!r}, expected one of {kinds()}, or KIND:ARGUMENT" + nearest(kind, kinds())
        )
    return getattr(importlib.import_module(f".{kind}", __name__), f"load_{kind}")


def options(source):
    """Returns the further options of a source, name -> default, as its loader's signature has them."""
    parameters = list(inspect.signature(_loader(source)).parameters.values())[2:]
    return {parameter.name: parameter.default for parameter in parameters}


def load(source, resolution=None, **arguments):
    """Loads a data source.

    Args:
        source: str such as "digits", "mixture:grid" or "idx:DIR"; or an array of images (with `labels=` beside it);
            or a finite `tf.data.Dataset` of images or (images, labels), batched or not.
        resolution: int in [8, 128] or None for the source's own. Images are resized with antialiasing; texts have none.
        **arguments: options of the source, see `options(source)`.

    Returns:
        An `ImageSource`; of `paired`, `unpaired` and `restyled`, which have two domains, a `TranslationSource`; of
        `lines`, `oracle` and datasets of texts, a `TextSource`.

    Raises:
        DataError: an unknown source or option, or data that cannot be read; one line says which and how to mend it.

    Example:

    >>> load("digits", resolution=16)
    ImageSource('digits', 1618 + 179 held out, (16, 16, 1), 10 classes)
    """
    if resolution is not None and not 8 <= resolution <= 128:
        raise DataError(f"data.resolution: received {resolution}, expected 8 to 128, what the networks can build")
    if isinstance(source, str):
        known = options(source)
        for name in arguments:
            if name not in known:
                raise DataError(
                    f"data.{name}: unknown option of {source!r}, expected one of {sorted(known)}" + nearest(name, known)
                )
        return _loader(source)(source.partition(":")[2], resolution, **arguments)
    if hasattr(source, "element_spec"):
        return from_dataset(source, resolution, **arguments)
    return from_arrays(source, resolution, **arguments)
