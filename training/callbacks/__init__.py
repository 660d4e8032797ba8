"""What happens beside the step: Keras callbacks for a run, or for a `model.fit` of one's own."""

import importlib

_HOMES = {
    "Checkpoint": "checkpoint",
    "Drawing": "drawing",
    "Evaluate": "evaluate",
    "LogMetrics": "metrics",
    "Progress": "progress",
    "SampleGrid": "samples",
    "SampleTexts": "texts",
    "StepCallback": "clock",
    "StopOnNonFinite": "guards",
    "StopOnSignal": "guards",
    "TranslationGrid": "translations",
}

__all__ = sorted(_HOMES)


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(f".{_HOMES[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}, expected one of {__all__}")
