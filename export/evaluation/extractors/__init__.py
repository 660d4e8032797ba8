"""Extractors by name: one file a kind, found by its name.

`make_extractor("inception:DIR", source)`: the word before the colon is the file of this folder, whose
`make_KIND(argument, source, **places)` builds it.
"""

import importlib
import sys
from pathlib import Path

from ....zoo.registry import nearest
from ..extractor import Extractor, ExtractorError, Points

FOLDER = Path(__file__).parent


def kinds():
    """Returns the names of the kinds of extractors."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def make_extractor(spec, source, cache_dir=None, title=None):
    """Makes the extractor for judging samples against a source.

    Args:
        spec: str, "auto" or a kind, with its argument behind a colon; or an `Extractor`; or a Keras model. "auto"
            takes the points themselves where they are no images, `classifier` where the source has labels that it can
            learn to read, else `rotation`.
        source: what evaluation needs of a data source, see `Reference`.
        cache_dir: str or None, where trained extractors are kept; see `ganzoo.zoo.cache`.
        title: bool-like, whether progress is shown on stderr.

    Returns:
        `Extractor`.

    Raises:
        ExtractorError: no such kind, or one that cannot be had here.
    """
    if isinstance(spec, Extractor):
        return spec
    if not isinstance(spec, str):
        from .model import KerasExtractor

        return KerasExtractor(spec)
    if not source.is_image:
        if spec not in ("auto", "points"):
            raise ExtractorError(
                f"extractor: received {spec!r} for points, expected 'auto': points are their own features"
            )
        return Points()
    if spec == "auto":
        return _suitable(source, cache_dir, title)
    kind, _, argument = spec.partition(":")
    if kind not in kinds():
        raise ExtractorError(
            f"extractor: received {spec!r}, expected 'auto' or one of {kinds()}, such as inception:DIR or model:FILE"
            + nearest(kind, kinds())
        )
    module = importlib.import_module(f".{kind}", __name__)
    return getattr(module, f"make_{kind}")(argument, source, cache_dir=cache_dir, title=title)


def _suitable(source, cache_dir, title):
    from .classifier import make_classifier
    from .rotation import make_rotation

    if source.labels is not None:
        try:
            return make_classifier("", source, cache_dir, title)
        except ExtractorError as refusal:
            if title:
                print(f"{refusal}: rotation is taken", file=sys.stderr)
    return make_rotation("", source, cache_dir, title)
