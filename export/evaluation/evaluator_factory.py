"""Selection of the evaluator by the family of a data source."""

from ...zoo.errors import ArgumentError
from .image.image_evaluator import ImageEvaluator
from .text.text_evaluator import TextEvaluator
from .translation.translation_evaluator import TranslationEvaluator

EVALUATORS = {"image": ImageEvaluator, "translation": TranslationEvaluator, "text": TextEvaluator}


def evaluator_class(source):
    """Returns the evaluator class for the family of a data source: "image", "translation" or "text"."""
    return EVALUATORS[source.family]


def make_evaluator(source, extractor="auto", metrics=None, num_samples=10_000, cache_dir=None, progress=False):
    """Returns the evaluator of a data source, an instance of `evaluator_class(source)`.

    Args:
        source: the data.
        extractor: feature extractor of image and translation evaluators; `TextEvaluator` has its own encoder.
            Default "auto".
        metrics: of `ImageEvaluator` and `TextEvaluator`; translations are always evaluated by all applicable metrics.
        num_samples, progress: of every evaluator.
        cache_dir: of image and translation evaluators; nothing is cached for texts.

    Raises:
        ArgumentError: an extractor for texts, or an argument that the evaluator rejects.
    """
    return _BUILDERS[source.family](source, extractor, metrics, num_samples, cache_dir, progress)


def _text_evaluator(source, extractor, metrics, num_samples, cache_dir, progress):
    if extractor not in (None, "auto"):
        raise ArgumentError(
            f"extractor: received {extractor!r} for {source.name}, expected none: texts have their own encoder"
        )
    return TextEvaluator(source, metrics, num_samples, progress)


def _translation_evaluator(source, extractor, metrics, num_samples, cache_dir, progress):
    return TranslationEvaluator(source, extractor, num_samples, cache_dir, progress)


_BUILDERS = {"image": ImageEvaluator, "translation": _translation_evaluator, "text": _text_evaluator}
