"""Evaluation of generators: sample quality, diversity and missing modes, next to held-out real data.

Names are imported lazily, on first use.
"""

from ...zoo.core.lazy_loading import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Extractor": "features.extractor",
        "ExtractorError": "features.extractor",
        "ImageEvaluator": "image.image_evaluator",
        "EvaluationReport": "evaluation_report",
        "SamplesError": "image.sample_checks",
        "TextEvaluator": "text.text_evaluator",
        "TranslationEvaluator": "translation.translation_evaluator",
        "as_pixels": "image.sample_checks",
        "evaluate": "image.image_evaluator",
        "evaluator_class": "evaluator_factory",
        "make_evaluator": "evaluator_factory",
        "make_extractor": "features.extractors",
        "metric_names": "image.metrics",
    },
)
