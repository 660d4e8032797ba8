"""EVALUATE: what a trained generator is worth, by the field's numbers and by what is missing.

Nothing heavy is imported before a name is used.
"""

import importlib

_HOMES = {
    "Extractor": "extractor",
    "ExtractorError": "extractor",
    "Judge": "judge",
    "Report": "report",
    "SamplesError": "pixels",
    "TextJudge": "text_judge",
    "TranslationJudge": "translations",
    "as_pixels": "pixels",
    "evaluate": "judge",
    "judge_class": "judges",
    "judge_of": "judges",
    "make_extractor": "extractors",
    "metric_names": "metrics",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, expected one of {__all__}")
