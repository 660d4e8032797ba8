"""Which judge a data source needs."""

from ...zoo.errors import ArgumentError
from .judge import Judge
from .text_judge import TextJudge
from .translations import TranslationJudge


def judge_class(source):
    """Returns `TranslationJudge` for data of two domains, `TextJudge` for texts, `Judge` for any other."""
    if hasattr(source, "target_shape"):
        return TranslationJudge
    return TextJudge if hasattr(source, "tokens") else Judge


def judge_of(source, extractor="auto", metrics=None, num=10_000, cache_dir=None, progress=False):
    """Returns the judge of a data source, made by `judge_class`.

    Args:
        source: the data.
        extractor: of the judges of images; texts have an encoder of their own. Default "auto".
        metrics: of `Judge` or `TextJudge`; translations are always judged by all that can be computed.
        num, progress: of any judge.
        cache_dir: of the judges of images; nothing of texts is kept.

    Raises:
        ArgumentError: an extractor for texts, or an argument that the judge refuses.
    """
    cls = judge_class(source)
    if cls is TextJudge:
        if extractor not in (None, "auto"):
            raise ArgumentError(
                f"extractor: received {extractor!r} for {source.name}, expected none: texts have their own encoder"
            )
        return TextJudge(source, metrics, num, progress)
    if cls is TranslationJudge:
        return TranslationJudge(source, extractor, num, cache_dir, progress)
    return Judge(source, extractor, metrics, num, cache_dir, progress)
