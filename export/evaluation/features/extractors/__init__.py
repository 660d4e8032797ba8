"""Feature extractors by name: one file per kind, found by its file name.

`make_extractor("inception:DIR", source)`: the word before the colon is a file of this folder; its
`make_KIND(argument, source, cache_dir, title)` builds the extractor.
"""

import importlib
import sys
from pathlib import Path

from .....zoo.registry import nearest
from ..extractor import Extractor, ExtractorError, IdentityExtractor

FOLDER = Path(__file__).parent


def kinds():
    """Returns the names of all kinds of extractors, sorted."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__")


def make_extractor(spec, source, cache_dir=None, title=None):
    """Builds the feature extractor for evaluating samples against a source.

    Args:
        spec: str, "auto" or a kind, with its argument after a colon; or an `Extractor`; or a Keras model. "auto" uses
            the coordinates for points, `classifier` for images with labels that it learns well enough, and `rotation`
            otherwise.
        source: the reference; see `ImageReference` for its attributes.
        cache_dir: str or None, the cache of trained extractors; see `ganzoo.zoo.core.cache`.
        title: bool-like, whether progress is shown on stderr.

    Returns:
        `Extractor`.

    Raises:
        ExtractorError: an unknown kind, or one that is not available.
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
        return IdentityExtractor()
    if spec == "auto":
        return _make_default(source, cache_dir, title)
    kind, _, argument = spec.partition(":")
    if kind not in kinds():
        raise ExtractorError(
            f"extractor: received {spec!r}, expected 'auto' or one of {kinds()}, such as inception:DIR or model:FILE"
            + nearest(kind, kinds())
        )
    module = importlib.import_module(f".{kind}", __name__)
    return getattr(module, f"make_{kind}")(argument, source, cache_dir=cache_dir, title=title)


def _make_default(source, cache_dir, title):
    from .classifier import make_classifier
    from .rotation import make_rotation

    if source.labels is not None:
        try:
            return make_classifier("", source, cache_dir, title)
        except ExtractorError as error:
            if title:
                print(f"{error}: falling back to rotation", file=sys.stderr)
    return make_rotation("", source, cache_dir, title)
