"""Which judge a data source needs."""

from .judge import Judge
from .translations import TranslationJudge


def judge_of(source, extractor="auto", metrics=None, num=10_000, cache_dir=None, progress=False):
    """Returns a `TranslationJudge` for data of two domains, a `Judge` for any other.

    Args:
        source: the data.
        extractor, num, cache_dir, progress: of either judge.
        metrics: of `Judge`; translations are always judged by all that can be computed.
    """
    if hasattr(source, "target_shape"):
        return TranslationJudge(source, extractor, num, cache_dir, progress)
    return Judge(source, extractor, metrics, num, cache_dir, progress)
