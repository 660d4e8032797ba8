"""Keras callbacks that log, sample, evaluate and save a model while it trains, in a run or in a `fit` of your own."""

from ...zoo.core.lazy_loading import lazy_exports

__getattr__, __dir__, __all__ = lazy_exports(
    __name__,
    {
        "Checkpoint": "checkpoint",
        "SampleWriter": "sample_writer",
        "Evaluate": "evaluate",
        "EventLog": "event_log",
        "MetricsLogger": "metrics_logger",
        "ProgressBar": "progress_bar",
        "SampleGrid": "sample_grid",
        "SampleTexts": "sample_texts",
        "SideOutput": "side_output",
        "StepCallback": "step_callback",
        "TerminateOnNonFinite": "stopping",
        "TerminateOnSignal": "stopping",
        "TranslationGrid": "translation_grid",
    },
)
